"""tileInfo and what belongs to it: the tile scheme that a service's definition chooses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from config.definition import TileFormat, TileSchemeName
from engine.tile_scheme import (
    INCHES_PER_METRE,
    SCALE_DPI,
    TILE_PIXELS,
    TileScheme,
    covered,
    metres_per_unit,
    tile_scheme,
)
from server.protocols.arcgis.esri_json import envelope
from server.protocols.arcgis.spatial_reference import to_json

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

# Esri's schemes of the world end here.
_LAST_OF_WORLD = 23
_LAST_OF_OWN = 24
# Clients compare the origin and level-0 scale with these very numbers of the standard scheme.
_STATED_ORIGIN = 20037508.342787

_FORMATS = {
    TileFormat.MIXED: "MIXED",
    TileFormat.JPG: "JPEG",
    TileFormat.PNG: "PNG32",
    TileFormat.LERC: "LERC",
    TileFormat.LERC2D: "LERC2D",
}
_CACHE_TYPES = {TileFormat.LERC: "Elevation", TileFormat.LERC2D: "Raster"}


@dataclass(frozen=True, slots=True)
class ServedTiles:
    """The tiles of a service as clients of ArcGIS are told of them.

    Attributes
    ----------
    scale : int
        A tile has 256 × so many pixels a side.
    first, last : int
        Levels that are served.
    """

    scheme: TileScheme
    scale: int
    first: int
    last: int


def served_tiles(summary: ServiceSummary) -> ServedTiles:
    """Return what the definition chooses."""
    properties = summary.properties
    scheme = tile_scheme(summary, properties.tile_scheme)
    scale = properties.tile_size // TILE_PIXELS
    end = _LAST_OF_OWN if scheme.name is TileSchemeName.OWN else _LAST_OF_WORLD
    end = min(end, len(scheme.resolutions) - 1)
    if properties.tile_levels:
        first, last = properties.tile_levels
        return ServedTiles(scheme, scale, min(first, end), min(last, end))
    if properties.tile_format in _CACHE_TYPES:
        # Values are worth asking for down to the service's own pixels; GDAL wants two levels.
        end = max(1, min(end, deepest_level(summary, scheme, scale)))
    return ServedTiles(scheme, scale, 0, end)


def deepest_level(summary: ServiceSummary, scheme: TileScheme, scale: int = 1) -> int:
    """Return the level that shows every source pixel; finer ones only enlarge."""
    box = covered(summary, scheme)
    if box is None or summary.extent.width <= 0:
        return 0
    size = summary.pixel_size_x * box.width / summary.extent.width
    return scheme.level_of_pixel_size(size * scale)


def tile_facts(summary: ServiceSummary) -> dict[str, Any]:
    """Return what the root resource says of tiles."""
    tiles = served_tiles(summary)
    properties = summary.properties
    is_picture = properties.tile_format not in _CACHE_TYPES
    return {
        # Clients that see "true" take tiles instead of pictures, in the service's own CRS.
        "singleFusedMapCache": is_picture and tiles.scheme.crs == summary.crs,
        "tileInfo": {
            "rows": TILE_PIXELS * tiles.scale,
            "cols": TILE_PIXELS * tiles.scale,
            "dpi": SCALE_DPI,
            "format": _FORMATS[properties.tile_format],
            "compressionQuality": properties.jpeg_quality,
            "origin": _origin(tiles.scheme),
            "spatialReference": to_json(tiles.scheme.crs, summary),
            # GDAL looks for level 0, whatever is served.
            "lods": [_level(summary, tiles, level) for level in range(tiles.last + 1)],
        },
        "cacheType": _CACHE_TYPES.get(properties.tile_format, "Map"),
        "minLOD": tiles.first,
        "maxLOD": tiles.last,
    }


def scale_limits(summary: ServiceSummary) -> dict[str, Any]:
    """Return between which scales a service is drawn, 0 = without a limit.

    They hold for dynamic layers, too: only an author who states levels means that.
    """
    if not summary.properties.tile_levels:
        return {"minScale": 0, "maxScale": 0}
    tiles = served_tiles(summary)
    first, last = (_level(summary, tiles, level)["scale"] for level in (tiles.first, tiles.last))
    return {"minScale": first, "maxScale": last}


def stated_extent(summary: ServiceSummary) -> dict[str, Any]:
    """Return the `extent` of the root resource.

    Cesium divides it into the tiles of elevation services, whatever tileInfo says: there it is what
    the world's level 0 covers.
    """
    tiles = served_tiles(summary)
    is_terrain = summary.properties.tile_format is TileFormat.LERC
    scheme = tiles.scheme
    if is_terrain and scheme.name is not TileSchemeName.OWN and scheme.crs == summary.crs:
        box = scheme.extent(0, 0, 0, scheme.rows(0), scheme.cols(0))
        return envelope(box, summary.crs, summary)
    return envelope(summary.extent, summary.crs, summary)


def _origin(scheme: TileScheme) -> dict[str, float]:
    if scheme.name is TileSchemeName.WEB_MERCATOR:
        return {"x": -_STATED_ORIGIN, "y": _STATED_ORIGIN}
    return {"x": scheme.origin_x, "y": scheme.origin_y}


def _level(summary: ServiceSummary, tiles: ServedTiles, level: int) -> dict[str, Any]:
    scheme = tiles.scheme
    resolution = scheme.resolutions[level] / tiles.scale
    # The standard schemes count 39.37 inches to the metre, not 1 / 0.0254: clients know their scales.
    unit = 1.0 if scheme.name is TileSchemeName.WEB_MERCATOR else _unit(summary, scheme)
    scale = resolution * SCALE_DPI * INCHES_PER_METRE * unit
    return {"level": level, "resolution": resolution, "scale": scale}


def _unit(summary: ServiceSummary, scheme: TileScheme) -> float:
    return metres_per_unit(summary, is_degrees=scheme.name is TileSchemeName.GEOGRAPHIC)
