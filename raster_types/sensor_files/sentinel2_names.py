"""Names of Sentinel-2 files: which band, of which tile, at which resolution."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from raster_types.sensor_files.sentinel2_product import BANDS

# Resolution of each band as the instrument takes it.
_NATIVE = dict.fromkeys(BANDS, 20) | {
    "B02": 10,
    "B03": 10,
    "B04": 10,
    "B08": 10,
    "B01": 60,
    "B09": 60,
    "B10": 60,
    "TCI": 10,
    "AOT": 10,
    "WVP": 10,
    "SCL": 20,
}
# Rasters of a product that are no bands: true colour, scene classes, aerosol, water vapour.
EXTRAS = ("TCI", "SCL", "AOT", "WVP")
COMMON_NAMES = {
    "coastal": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "nir": "B08",
    "nir08": "B8A",
    "nir09": "B09",
    "cirrus": "B10",
    "swir16": "B11",
    "swir22": "B12",
    "visual": "TCI",
}
_MAIN = re.compile(r"(MTD_MSIL(1C|2A)|S2[A-Z]_(OPER|USER)_MTD_SAFL(1C|2A)_.*)\.xml", re.IGNORECASE)
_IMAGE = re.compile(
    r"(?P<stem>(?:.*_)?T(?P<tile>\d{2}[A-Z]{3})(?:_.*)?)"
    r"_(?P<band>B0[1-9]|B1[0-2]|B8A|TCI|SCL|AOT|WVP)(?:_(?P<resolution>10|20|60)m)?"
    r"(?:\.(?:jp2|tif|tiff))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ImageName:
    """What the name of an image says.

    Attributes
    ----------
    stem : str
        What all images of one tile share.
    tile : str
        As "34UCF".
    band : str
        "B02", "B8A", "SCL" …
    resolution : int
        Metres.
    """

    stem: str
    tile: str
    band: str
    resolution: int


def image_name(path: str) -> ImageName | None:
    """Return what the name of a file says, None where it is no Sentinel-2 image."""
    found = _IMAGE.fullmatch(PurePath(path).name)
    if found is None:
        return None
    band = found["band"].upper()
    resolution = int(found["resolution"] or _NATIVE[band])
    return ImageName(found["stem"], found["tile"].upper(), band, resolution)


def is_product_metadata(path: str) -> bool:
    """Tell whether a file is the metadata of a whole product."""
    return _MAIN.fullmatch(PurePath(path).name) is not None


def is_tile_metadata(path: str) -> bool:
    """Tell whether a file is the metadata of a tile."""
    return PurePath(path).name.lower() == "mtd_tl.xml"
