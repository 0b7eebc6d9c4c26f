"""Metadata of a Sentinel-2 tile (MTD_TL.xml): where it lies, when it was taken, sun and view.

References
----------
ESA, Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD), 14.9: Tile Metadata.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.errors import InvalidParameter
from raster_types.adding.author_fields import parse_date_text
from raster_types.sensor_files.acquisition import Acquisition
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

Geotransform: TypeAlias = tuple[float, float, float, float, float, float]

_KIND = "Sentinel-2 tile metadata"


@dataclass(frozen=True, slots=True)
class TileCorner:
    """Where the grid of one resolution begins; `resolution` is the key of the metadata, in metres."""

    resolution: int
    x: float
    y: float
    step_x: float
    step_y: float

    def geotransform(self, width: int, height: int, cols: int, rows: int) -> Geotransform:
        """Return the place of a file of so many pixels that covers the grid's columns and rows."""
        return (
            self.x,
            self.step_x * cols / width,
            0.0,
            self.y,
            0.0,
            self.step_y * rows / height,
        )


@dataclass(frozen=True, slots=True)
class Sentinel2Tile:
    """What a tile's metadata say.

    Attributes
    ----------
    crs : str
        As "EPSG:32634"; "" where it does not say.
    corners : tuple of TileCorner
        One a resolution.
    sizes : dict of int to (columns, rows)
        By resolution.
    acquisition : Acquisition
    """

    crs: str
    corners: tuple[TileCorner, ...]
    sizes: dict[int, tuple[int, int]]
    acquisition: Acquisition

    def geotransform(self, resolution: int, width: int, height: int) -> Geotransform | None:
        """Return the place of a file of one resolution, None where the metadata do not tell."""
        size = self.sizes.get(resolution)
        for corner in self.corners:
            if corner.resolution == resolution and size:
                return corner.geotransform(width, height, *size)
        return None


def read_sentinel2_tile(text: str) -> Sentinel2Tile:
    """Read the metadata of a tile.

    Raises
    ------
    InvalidParameter
        Not the metadata of a Sentinel-2 tile.
    """
    root = parse_xml(_KIND, text)
    if "Tile_ID" not in root.tag:
        raise InvalidParameter(_KIND, root.tag, "Level-1C_Tile_ID or Level-2A_Tile_ID")
    sizes = {}
    for size in root.iter("Size"):
        cols, rows = _number(size, "NCOLS"), _number(size, "NROWS")
        if cols and rows and cols > 0 and rows > 0:
            sizes[_resolution(size)] = (int(cols), int(rows))
    crs = next(root.iter("HORIZONTAL_CS_CODE"), None)
    return Sentinel2Tile(
        crs="" if crs is None else (crs.text or "").strip(),
        corners=tuple(_corners(root)),
        sizes=sizes,
        acquisition=_acquisition(root),
    )


def _resolution(element: Element) -> int:
    text = element.get("resolution", "")
    return int(text) if text.isdigit() else 0


def _number(element: Element, tag: str) -> float | None:
    found = next(element.iter(tag), None)
    try:
        value = float("" if found is None else found.text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _corners(root: Element) -> Iterator[TileCorner]:
    for place in root.iter("Geoposition"):
        numbers = [_number(place, tag) for tag in ("ULX", "ULY", "XDIM", "YDIM")]
        known = [number for number in numbers if number is not None]
        if len(known) == 4 and known[2] != 0 and known[3] != 0:
            yield TileCorner(_resolution(place), *known)


def _acquisition(root: Element) -> Acquisition:
    time = next(root.iter("SENSING_TIME"), None)
    sun = next(root.iter("Mean_Sun_Angle"), None)
    sun_zenith = None if sun is None else _number(sun, "ZENITH_ANGLE")
    zenith, azimuth = _mean_view(root)
    clouds = _number(root, "CLOUDY_PIXEL_PERCENTAGE")
    return Acquisition(
        date="" if time is None else parse_date_text(time.text or "") or "",
        sensor="MSI",
        sun_azimuth_deg=None if sun is None else _number(sun, "AZIMUTH_ANGLE"),
        sun_elevation_deg=None if sun_zenith is None else 90.0 - sun_zenith,
        sensor_azimuth_deg=azimuth,
        sensor_elevation_deg=None if zenith is None else 90.0 - zenith,
        cloud_cover=round(clouds / 100, 9) if clouds is not None and 0 <= clouds <= 100 else None,
    )


def _mean_view(root: Element) -> tuple[float | None, float | None]:
    """Return zenith and azimuth of the view, the mean of all bands; their directions are added."""
    zeniths, east, north = [], 0.0, 0.0
    for view in root.iter("Mean_Viewing_Incidence_Angle"):
        zenith, azimuth = _number(view, "ZENITH_ANGLE"), _number(view, "AZIMUTH_ANGLE")
        if zenith is None or azimuth is None:
            continue
        zeniths.append(zenith)
        east += math.sin(math.radians(azimuth))
        north += math.cos(math.radians(azimuth))
    if not zeniths:
        return None, None
    return sum(zeniths) / len(zeniths), math.degrees(math.atan2(east, north)) % 360.0
