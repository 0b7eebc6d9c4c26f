"""Aerial orthophoto tiles: plain rasters whose bands are red, green, blue and near infrared.

What is added to plain rasters: names and wavelengths of bands, so that pictures are in natural colour and
indices find their bands; and what names say: the day of flight, of NAIP the quarter quad.

References
----------
USDA NAIP: file names of quarter quads, m_<quad><quarter>_<zone>_<GSD>_<flown>[_<published>]; bands of the
Leica ADS100.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec

from raster_types.adding.author_fields import parse_date_text
from raster_types.items.image_files import SingleImageType
from raster_types.raster_dataset import RasterDatasetType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.raster_record import NewItem
    from engine.readers.header import BandHeader, RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.acquisition import Attributes

_BANDS = (("Red", 635.0), ("Green", 555.0), ("Blue", 465.0), ("NIR", 845.0))
_NAIP = re.compile(
    r"m_(?P<quad>\d{7})_(?P<quarter>nw|ne|sw|se)_(?P<zone>\d{1,2})_(?P<gsd>\d{3}|1|2|h)"
    r"_(?P<flown>\d{8})(?:_(?P<published>\d{8}))?",
    re.IGNORECASE,
)
# A day with separators or without, in this or the last century, not inside a longer number.
_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")
_GSD_M = {"1": 1.0, "2": 2.0, "h": 0.5}


class AerialType(SingleImageType):
    """The raster type "aerial"."""

    name = "aerial"

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one tile.

        Raises
        ------
        SourceError
            The file cannot be read.
        """
        for item in RasterDatasetType().items(product, options):
            raster = msgspec.structs.replace(item.raster, raster_type=self.name)
            yield msgspec.structs.replace(
                item,
                raster=raster,
                headers=tuple(map(_named, item.headers)),
                attributes=item.attributes | said_by_name(product.main),
            )


def is_naip(path: str) -> bool:
    """Tell whether a name is that of a NAIP quarter quad."""
    return _NAIP.fullmatch(PurePath(path).stem) is not None


def said_by_name(path: str) -> Attributes:
    """Return what the name of a tile says."""
    stem = PurePath(path).stem
    match = _NAIP.search(stem)
    if match is None:
        day = _DAY.search(stem)
        date = parse_date_text("-".join((day[1], day[3], day[4]))) if day else None
        return {"AcquisitionDate": date} if date else {}
    gsd = match["gsd"].lower()
    values: Attributes = {
        "QuarterQuad": f"{match['quad']}_{match['quarter'].lower()}",
        "Quad": match["quad"],
        "UTMZone": int(match["zone"]),
        "GSD": _GSD_M[gsd] if gsd in _GSD_M else int(gsd) / 100.0,
        "AcquisitionDate": parse_date_text(match["flown"]),
    }
    return {key: value for key, value in values.items() if value is not None}


def _named(header: RasterHeader) -> RasterHeader:
    """Return a header with names and wavelengths of three or four bands."""
    colours = [number for number in range(1, len(header.bands) + 1) if number != header.alpha_band]
    if len(colours) not in (3, 4):
        return header
    bands = list(header.bands)
    for number, (name, wavelength) in zip(colours, _BANDS, strict=False):
        bands[number - 1] = _with_name(bands[number - 1], name, wavelength)
    return msgspec.structs.replace(header, bands=tuple(bands))


def _with_name(band: BandHeader, name: str, wavelength_nm: float) -> BandHeader:
    wave = wavelength_nm if band.wavelength_nm is None else band.wavelength_nm
    return msgspec.structs.replace(band, name=band.name or name, wavelength_nm=wave)
