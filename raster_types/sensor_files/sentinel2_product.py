"""Metadata of Sentinel-2 products: MTD_MSIL1C.xml, MTD_MSIL2A.xml and the names they had before 2016.

References
----------
ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD), 14.9: User Product Metadata.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.adding.author_fields import parse_date_text
from raster_types.items.item_values import BandValues
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_KIND = "Sentinel-2 metadata"
# In the order of band ids; wavelengths of Sentinel-2A where a product does not say.
BANDS = {
    "B01": 442.7,
    "B02": 492.7,
    "B03": 559.8,
    "B04": 664.6,
    "B05": 704.1,
    "B06": 740.5,
    "B07": 782.8,
    "B08": 832.8,
    "B8A": 864.7,
    "B09": 945.1,
    "B10": 1373.5,
    "B11": 1613.7,
    "B12": 2202.4,
}
_QUANTIFICATIONS = (
    "QUANTIFICATION_VALUE",
    "BOA_QUANTIFICATION_VALUE",
    "L2A_BOA_QUANTIFICATION_VALUE",
    "L1C_TOA_QUANTIFICATION_VALUE",
)
_OFFSETS = ("RADIO_ADD_OFFSET", "BOA_ADD_OFFSET")
_IMAGES = ("IMAGE_FILE", "IMAGE_FILE_2A", "IMAGE_ID", "IMAGE_ID_2A")
_SAFE_PATH = re.compile(r"[\w.\-]+(/[\w.\-]+)*")
_MOST_IMAGES = 100_000


@dataclass(frozen=True, slots=True)
class Sentinel2Granule:
    """One tile of a product.

    Attributes
    ----------
    name : str
        Its identifier.
    folder : str
        Relative to the product.
    images : tuple of str
        Relative to the product, without their ending.
    metadata : str
        The tile's own file, relative to the product.
    """

    name: str
    folder: str
    images: tuple[str, ...]
    metadata: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinel2Product:
    """What a product's metadata say.

    Attributes
    ----------
    level : str
        "Level-1C" or "Level-2A".
    no_data : str
        A number; "" = none.
    values : dict of band to BandValues
        How numbers become reflectance; also of AOT and WVP. {} where the metadata do not tell.
    wavelengths_nm : dict of band to float
    cloud_cover : float or None
        0 to 1.
    orbit : int or None
        Relative.
    """

    name: str
    level: str
    baseline: str
    platform: str
    date: str
    orbit: int | None
    orbit_direction: str
    cloud_cover: float | None
    no_data: str
    values: dict[str, BandValues]
    wavelengths_nm: dict[str, float]
    granules: tuple[Sentinel2Granule, ...]


def read_sentinel2_product(text: str) -> Sentinel2Product:
    """Read the metadata of a product.

    Raises
    ------
    InvalidParameter
        Not the metadata of a Sentinel-2 product.
    """
    root = parse_xml(_KIND, text)
    if "User_Product" not in root.tag:
        raise InvalidParameter(_KIND, root.tag, "Level-1C_User_Product or Level-2A_User_Product")
    level = _text(root, "PROCESSING_LEVEL").partition("p")[0] or root.tag[:8]
    orbit = _text(root, "SENSING_ORBIT_NUMBER")
    clouds = _number(_text(root, "Cloud_Coverage_Assessment"))
    ids = _band_ids(root)
    return Sentinel2Product(
        name=_product_name(root),
        level=level,
        baseline=_text(root, "PROCESSING_BASELINE"),
        platform=_text(root, "SPACECRAFT_NAME"),
        date=parse_date_text(_text(root, "PRODUCT_START_TIME")) or "",
        orbit=int(orbit) if orbit.isdigit() else None,
        orbit_direction=_text(root, "SENSING_ORBIT_DIRECTION").capitalize(),
        cloud_cover=round(clouds / 100, 9) if clouds is not None and 0 <= clouds <= 100 else None,
        no_data=_no_data(root),
        values=_values(root, ids),
        wavelengths_nm=_wavelengths(root, ids),
        granules=tuple(_granules(root)),
    )


def _text(root: Element, tag: str) -> str:
    found = next(root.iter(tag), None)
    return "" if found is None or found.text is None else found.text.strip()


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _product_name(root: Element) -> str:
    uri = _text(root, "PRODUCT_URI_2A") or _text(root, "PRODUCT_URI")
    return PurePosixPath(uri.replace("\\", "/")).name.removesuffix(".SAFE")


def _no_data(root: Element) -> str:
    for values in root.iter("Special_Values"):
        if _text(values, "SPECIAL_VALUE_TEXT") == "NODATA":
            number = _number(_text(values, "SPECIAL_VALUE_INDEX"))
            return "" if number is None else repr(number)
    return ""


def _band_ids(root: Element) -> dict[str, str]:
    """Return the band of each id."""
    ids = {str(number): band for number, band in enumerate(BANDS)}
    for info in root.iter("Spectral_Information"):
        band, number = info.get("physicalBand", ""), info.get("bandId", "")
        name = f"B{band[1:]:0>2}"
        if name in BANDS and number.isdigit():
            ids[number] = name
    return ids


def _wavelengths(root: Element, ids: dict[str, str]) -> dict[str, float]:
    found = dict(BANDS)
    for info in root.iter("Spectral_Information"):
        band, centre = ids.get(info.get("bandId", "")), _number(_text(info, "CENTRAL"))
        if band and centre and info.find("Wavelength/CENTRAL[@unit='nm']") is not None:
            found[band] = centre
    return found


def _values(root: Element, ids: dict[str, str]) -> dict[str, BandValues]:
    quantification = next(filter(None, (_number(_text(root, tag)) for tag in _QUANTIFICATIONS)), 0)
    found: dict[str, BandValues] = {}
    if quantification:
        offsets = _offsets(root, ids)
        for band in BANDS:
            offset = offsets.get(band, 0.0) / quantification
            found[band] = BandValues(1.0 / quantification, offset)
    for band in ("AOT", "WVP"):
        number = _number(_text(root, f"{band}_QUANTIFICATION_VALUE"))
        if number:
            found[band] = BandValues(1.0 / number)
    return found


def _offsets(root: Element, ids: dict[str, str]) -> dict[str, float]:
    """Return what is added to the numbers of each band; nothing before processing baseline 04.00."""
    found = {}
    for tag in _OFFSETS:
        for element in root.iter(tag):
            band = ids.get(element.get("band_id", ""))
            number = _number(element.text or "")
            if band and number is not None:
                found[band] = number
    return found


def _granules(root: Element) -> Iterator[Sentinel2Granule]:
    count = 0
    for tag in ("Granule", "Granules"):
        for element in root.iter(tag):
            name = element.get("granuleIdentifier", "")
            images = [
                (each.text or "").strip()
                for each in element.iter()
                if each.tag in _IMAGES and (each.text or "").strip()
            ]
            count += len(images)
            if count > _MOST_IMAGES:
                raise InvalidParameter(_KIND, f"{count} images", f"at most {_MOST_IMAGES}")
            for path in (name, *images):
                if not _SAFE_PATH.fullmatch(path) or ".." in path:
                    raise InvalidParameter(_KIND, path, "names of files inside the product")
            if images:
                yield _granule(name, images)


def _granule(name: str, images: list[str]) -> Sentinel2Granule:
    if "/" in images[0]:
        # GRANULE/L2A_T34UCF_A033753_20230823T095553/IMG_DATA/...
        folder = "/".join(images[0].split("/")[:2])
        return Sentinel2Granule(name, folder, tuple(images), f"{folder}/MTD_TL.xml")
    folder = f"GRANULE/{name}"
    metadata = re.sub(r"_N\d\d\.\d\d$", "", name).replace("_MSI_", "_MTD_", 1)
    placed = tuple(f"{folder}/IMG_DATA/{_resolution_folder(image)}{image}" for image in images)
    return Sentinel2Granule(name, folder, placed, f"{folder}/{metadata}.xml")


def _resolution_folder(image: str) -> str:
    found = re.search(r"_(10|20|60)m$", image)
    return f"R{found.group(1)}m/" if found else ""
