"""Make small Sentinel-2 products: the layout and metadata of real ones, pixels that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio import Affine

if TYPE_CHECKING:
    from pathlib import Path

TILE = "T34UCF"
TAKEN = "20230823T095559"
_RESOLUTION = {
    **dict.fromkeys(("B02", "B03", "B04", "B08"), 10),
    **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12"), 20),
    **dict.fromkeys(("B01", "B09", "B10"), 60),
}


@dataclass(frozen=True, slots=True)
class Safe:
    """What a product is made like.

    Attributes
    ----------
    size : int
        Pixels of 10 m on a side, a multiple of 6.
    offset : int
        Of its processing baseline; 0 = before 04.00, which says nothing of it.
    missing : tuple of str
        Bands that the metadata name and that are not there.
    """

    level: str = "2A"
    size: int = 120
    offset: int = -1000
    zone: int = 34
    corner: tuple[float, float] = (300000.0, 5700000.0)
    placed: bool = True
    missing: tuple[str, ...] = ()
    ending: str = ".tif"


def numbers(safe: Safe, band: str, resolution: int) -> np.ndarray[Any, Any]:
    """Return the numbers of a band's file: 0 in a corner, else reflectance by place and band."""
    count = safe.size * 10 // resolution
    rows, cols = np.mgrid[0:count, 0:count] / count
    reflectance = 0.05 + 0.3 * rows + 0.2 * cols + 0.01 * (sum(map(ord, band)) % 7)
    found = np.round(reflectance * 10000 - safe.offset).astype(np.uint16)
    found[rows + cols < 0.3] = 0
    return found


def bands_of(safe: Safe) -> list[str]:
    """Return the bands of a level in the instrument's order."""
    order = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10"]
    left_out = "B10" if safe.level == "2A" else ""
    return [band for band in (*order, "B11", "B12") if band != left_out]


def finest(band: str) -> int:
    """Return the finest resolution of a band."""
    return _RESOLUTION[band]


def write_safe(folder: Path, safe: Safe | None = None) -> Path:
    """Write a product and return its folder."""
    made = safe or Safe()
    name = f"S2B_MSIL{made.level}_{TAKEN}_N0509_R122_{TILE}_20230823T124759.SAFE"
    granule = f"GRANULE/L{made.level}_{TILE}_A033753_20230823T095553"
    images = []
    for band in bands_of(made):
        sizes = [n for n in (10, 20, 60) if n >= finest(band)]
        for size in sizes if made.level == "2A" else sizes[:1]:
            path = f"{granule}/IMG_DATA/{_image(made, band, size)}"
            images.append(path)
            if band not in made.missing:
                _write(folder / name / path, made, numbers(made, band, size)[np.newaxis], size)
    classes = np.full((1, made.size // 2, made.size // 2), 4, np.uint8)
    colour = np.full((3, made.size, made.size), 90, np.uint8)
    if made.level == "2A":
        images.append(f"{granule}/IMG_DATA/{_image(made, 'SCL', 20)}")
        _write(folder / name / images[-1], made, classes, 20)
    images.append(f"{granule}/IMG_DATA/{_image(made, 'TCI', 10)}")
    _write(folder / name / images[-1], made, colour, 10)
    (folder / name / f"MTD_MSIL{made.level}.xml").write_text(_product_xml(made, name, images))
    (folder / name / granule / "MTD_TL.xml").write_text(_tile_xml(made))
    return folder / name


def _image(safe: Safe, band: str, resolution: int) -> str:
    if safe.level == "1C":
        return f"{TILE}_{TAKEN}_{band}"
    return f"R{resolution}m/{TILE}_{TAKEN}_{band}_{resolution}m"


def _write(image: Path, safe: Safe, data: np.ndarray[Any, Any], resolution: int) -> None:
    path = image.with_name(image.name + safe.ending)
    path.parent.mkdir(parents=True, exist_ok=True)
    profile: dict[str, Any] = {
        "driver": "GTiff" if safe.ending == ".tif" else "JP2OpenJPEG",
        "width": data.shape[2],
        "height": data.shape[1],
        "count": data.shape[0],
        "dtype": data.dtype.name,
    }
    if safe.ending == ".jp2":
        profile |= {"QUALITY": 100, "REVERSIBLE": "YES"}
    if safe.placed:
        x, y = safe.corner
        profile |= {
            "crs": f"EPSG:{32600 + safe.zone}",
            "transform": Affine(resolution, 0, x, 0, -resolution, y),
        }
    with rasterio.open(path, "w", **profile) as file:
        file.write(data)


def _product_xml(safe: Safe, name: str, images: list[str]) -> str:
    kind, tag = ("BOA_", "BOA") if safe.level == "2A" else ("", "RADIO")
    offsets = "".join(
        f'<{tag}_ADD_OFFSET band_id="{n}">{safe.offset}</{tag}_ADD_OFFSET>' for n in range(13)
    )
    return f"""<?xml version="1.0"?>
<n1:Level-{safe.level}_User_Product xmlns:n1="https://psd"><n1:General_Info><Product_Info>
<PRODUCT_START_TIME>2023-08-23T09:55:59.024Z</PRODUCT_START_TIME><PRODUCT_URI>{name}</PRODUCT_URI>
<PROCESSING_LEVEL>Level-{safe.level}</PROCESSING_LEVEL>
<PROCESSING_BASELINE>05.09</PROCESSING_BASELINE>
<Datatake><SPACECRAFT_NAME>Sentinel-2B</SPACECRAFT_NAME>
<SENSING_ORBIT_NUMBER>122</SENSING_ORBIT_NUMBER>
<SENSING_ORBIT_DIRECTION>ASCENDING</SENSING_ORBIT_DIRECTION></Datatake>
<Product_Organisation><Granule_List><Granule granuleIdentifier="S2B_OPER_MSI_{TILE}_N05.09">
{"".join(f"<IMAGE_FILE>{image}</IMAGE_FILE>" for image in images)}
</Granule></Granule_List></Product_Organisation></Product_Info>
<Product_Image_Characteristics><Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>
<SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values>
<{kind}QUANTIFICATION_VALUE unit="none">10000</{kind}QUANTIFICATION_VALUE>
{offsets if safe.offset else ""}</Product_Image_Characteristics></n1:General_Info>
<Cloud_Coverage_Assessment>6.859297</Cloud_Coverage_Assessment></n1:Level-{safe.level}_User_Product>
"""


def _tile_xml(safe: Safe) -> str:
    x, y = safe.corner
    grids = "".join(
        f'<Size resolution="{n}"><NROWS>{safe.size * 10 // n}</NROWS>'
        f"<NCOLS>{safe.size * 10 // n}</NCOLS></Size>"
        f'<Geoposition resolution="{n}"><ULX>{x}</ULX><ULY>{y}</ULY>'
        f"<XDIM>{n}</XDIM><YDIM>-{n}</YDIM></Geoposition>"
        for n in (10, 20, 60)
    )
    views = "".join(
        f"<Mean_Viewing_Incidence_Angle><ZENITH_ANGLE>{zenith}</ZENITH_ANGLE>"
        f"<AZIMUTH_ANGLE>{azimuth}</AZIMUTH_ANGLE></Mean_Viewing_Incidence_Angle>"
        for zenith, azimuth in ((3, 350), (5, 20))
    )
    return f"""<?xml version="1.0"?>
<n1:Level-{safe.level}_Tile_ID xmlns:n1="https://psd"><SENSING_TIME>2023-08-23T10:01:58.1Z</SENSING_TIME>
<Tile_Geocoding><HORIZONTAL_CS_CODE>EPSG:{32600 + safe.zone}</HORIZONTAL_CS_CODE>{grids}
</Tile_Geocoding><Mean_Sun_Angle><ZENITH_ANGLE>43.9</ZENITH_ANGLE><AZIMUTH_ANGLE>165.0</AZIMUTH_ANGLE>
</Mean_Sun_Angle>{views}</n1:Level-{safe.level}_Tile_ID>
"""
