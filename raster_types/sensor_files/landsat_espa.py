"""ESPA metadata (`espa_metadata` XML) of Landsat surface reflectance made on demand before Collection 2.

References
----------
USGS EROS, ESPA product formatter: espa_internal_metadata_v2_0.xsd.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.adding.author_fields import parse_date_text
from raster_types.items.item_values import BandValues
from raster_types.sensor_files.acquisition import Acquisition, azimuth, measured
from raster_types.sensor_files.landsat_mtl import BandCalibration, LandsatProduct
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BAND = re.compile(r"(?:sr|toa|bt|b)_?(band\d+)", re.IGNORECASE)
_FRACTION = re.compile(r"(\.\d{3})\d+")


def read_espa(text: str) -> LandsatProduct:
    """Return what an ESPA file says.

    Raises
    ------
    InvalidParameter
        It is none, or lists no band.
    """
    root = parse_xml("ESPA metadata", text)
    head = root.find("global_metadata")
    if root.tag != "espa_metadata" or head is None:
        raise InvalidParameter("ESPA metadata", root.tag, "espa_metadata with global_metadata")
    said = {child.tag: (child.text or "").strip() for child in head}
    number = re.search(r"(\d)\s*$", said.get("satellite", ""))
    bands = [band for band in root.iter("band") if band.get("name")]
    images = {key: band for band in bands if (key := _key(band))}
    if number is None or not images:
        raise InvalidParameter("ESPA metadata", "no band", "a satellite and bands of images")
    wrs = head.find("wrs")
    mtl = said.get("lpgs_metadata_file", "")
    fills = {band.get("fill_value", "") for band in images.values()}
    return LandsatProduct(
        name=said.get("product_id") or re.sub(r"_MTL\.\w+$", "", mtl, flags=re.IGNORECASE),
        level="SR" if any(b.get("product") == "sr_refl" for b in images.values()) else "TOA",
        collection="01" if said.get("product_id") else "",
        category="",
        spacecraft=int(number[1]),
        sensor=said.get("instrument", ""),
        path=_whole(wrs, "path"),
        row=_whole(wrs, "row"),
        acquisition=_acquisition(head, said, int(number[1])),
        files={key: _file(band) for key, band in images.items()},
        quality={str(b.get("name")): _file(b) for b in bands if b.get("category") == "qa"},
        others={},
        calibration={key: _calibration(key, band) for key, band in images.items()},
        no_data=fills.pop() if len(fills) == 1 else "",
    )


def _key(band: Element) -> str:
    """Return the number of an image's band, "" for what is no band of the sensor."""
    match = _BAND.fullmatch(str(band.get("name")))
    return match[1].lower().removeprefix("band") if match and _file(band) else ""


def _file(band: Element) -> str:
    return (band.findtext("file_name") or "").strip()


def _calibration(key: str, band: Element) -> BandCalibration:
    texts = {name: str(value) for name, value in band.attrib.items()}
    gain = measured(texts, ("scale_factor",), -1e6, 1e6)
    if gain is None:
        return BandCalibration()
    values = BandValues(gain, measured(texts, ("add_offset",), -1e6, 1e6) or 0.0)
    is_thermal = key in ("10", "11") or str(band.get("name")).startswith("bt")
    return BandCalibration(kelvin=values) if is_thermal else BandCalibration(reflectance=values)


def _acquisition(head: Element, said: dict[str, str], spacecraft: int) -> Acquisition:
    angles = head.find("solar_angles")
    sun = {} if angles is None else {key: str(value) for key, value in angles.attrib.items()}
    zenith = measured(sun, ("zenith",), 0.0, 180.0)
    day, time = said.get("acquisition_date", ""), said.get("scene_center_time", "")
    return Acquisition(
        date=parse_date_text(_FRACTION.sub(r"\1", f"{day}T{time}")) or parse_date_text(day) or "",
        platform=f"Landsat {spacecraft}",
        sensor=said.get("instrument", ""),
        sun_azimuth_deg=azimuth(sun, "azimuth"),
        sun_elevation_deg=None if zenith is None else 90.0 - zenith,
    )


def _whole(wrs: Element | None, name: str) -> int | None:
    found = None if wrs is None else measured({name: str(wrs.get(name))}, (name,), 0, 999)
    return None if found is None else int(found)
