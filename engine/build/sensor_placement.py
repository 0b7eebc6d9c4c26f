"""Where an image with a sensor model lies in the service: its outline along lines of sight to the terrain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.build.placement import Placement
from engine.extent import Extent
from engine.geolocation import bind_sensor
from engine.geometry.projection import operation, transform
from engine.geometry.service_posts import open_service_posts
from engine.geometry.sight_line import SightLines
from engine.geometry.terrain_pool import TerrainPool
from engine.geotransforms.view_angles import view_angles
from engine.process_memory import process_memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.geolocation import BoundGeolocation, Geolocation

Floats = NDArray[np.float64]

# Chords of the outline over terrain: a point at least this often along each side of the image.
_PER_SIDE = 64
# Points a side of a grid inside the image.
_INSIDE = 12
_MOST_SLANTING_DEG = 75.0
# Posts of the terrain along an image's diagonal that its outline is followed over, at least.
_POSTS_ACROSS = 4096


class _Shared:
    terrains: TerrainPool | None = None


def bind_for_build(geolocation: Geolocation) -> BoundGeolocation:
    """Bind a geolocation while a definition is made; images over one terrain share it.

    Raises
    ------
    InvalidParameter, ConfigError, SourceError
        See `engine.geolocation.bind_geolocation`.
    """
    if _Shared.terrains is None:
        # Authors mend what is wrong and build again at once.
        _Shared.terrains = TerrainPool(
            process_memory(), open_service_posts, retry_s=0.0, check_s=0.0
        )
    bound = bind_sensor(geolocation)
    return bound.over(_Shared.terrains.open(geolocation.terrain, bound.sensor))


def place_sensor(
    bound: BoundGeolocation,
    size: tuple[int, int],
    service_crs: str,
    rings: Sequence[Floats] | None,
) -> Placement | None:
    """Return where an image lies in the service, or None where its lines of sight miss the terrain.

    Parameters
    ----------
    size : (width, height)
        In pixels.
    rings
        Outline in level-0 pixels, None = the whole image.
    """
    width, height = size
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height], [0, 0]], np.float64)
    lines = SightLines(bound.sensor, bound.terrain, _terrain_size(bound, width, height))
    to_service = operation(bound.sensor.ground_crs, service_crs).pipeline
    spacing = max(width, height) / _PER_SIDE
    outlines = [_densified(ring, spacing) for ring in (rings if rings is not None else [whole])]
    middle = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]) + np.array([width / 2, height / 2])
    # All lines of sight together: following them takes most of the time.
    points = np.vstack([*outlines, middle, _inside(width, height)])
    seen = _beyond_terrain(bound, to_service, points, _on_map(lines, to_service, points))
    ends = np.cumsum([*(len(outline) for outline in outlines), len(middle)])
    *outlines, near, _ = np.split(seen, ends)
    polygons = []
    for outline in outlines:
        known = outline[np.isfinite(outline).all(axis=1)]
        if len(known) >= 4:
            polygons.append(shapely.make_valid(shapely.Polygon(known)))
    shape = shapely.union_all(polygons)
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    if not parts:
        return None
    shape = shapely.MultiPolygon(parts)
    box = Extent(*map(float, shape.bounds))
    across, down = near[1] - near[0], near[2] - near[0]
    area = abs(float(across[0] * down[1] - across[1] * down[0]))
    if not math.isfinite(area) or area <= 0:
        # The middle is hidden or void: the outline says enough.
        area = shape.area / (width * height)
    center = near[0] if np.isfinite(near[0]).all() else np.array([box.center_x, box.center_y])
    return Placement(
        wkb=shapely.to_wkb(shape, byte_order=1),
        extent=box,
        center_x=float(center[0]),
        center_y=float(center[1]),
        pixel_size=math.sqrt(area),
    )


def _terrain_size(bound: BoundGeolocation, width: int, height: int) -> float:
    """Return the pixel size that chooses the terrain's level: an outline needs no finer posts."""
    col, row = np.array([0.0, width, width, 0.0]), np.array([0.0, 0.0, height, height])
    low, high = bound.sensor.height_range
    x, y = bound.sensor.image_to_ground(col, row, np.full(4, (low + high) / 2))
    x, y = transform(operation(bound.sensor.ground_crs, bound.terrain.crs).pipeline, x, y)
    side = float(np.hypot(x[2] - x[0], y[2] - y[0]))
    return side / _POSTS_ACROSS if math.isfinite(side) else 0.0


def _densified(ring: Floats, spacing: float) -> Floats:
    return np.asarray(
        shapely.get_coordinates(shapely.segmentize(shapely.LinearRing(ring), spacing))
    )


def _inside(width: int, height: int) -> Floats:
    """Return a grid of points inside an image: terrain may lie there and not under its outline."""
    cols, rows = np.meshgrid(
        *((np.arange(_INSIDE) + 0.5) * (side / _INSIDE) for side in (width, height))
    )
    return np.column_stack([cols.ravel(), rows.ravel()])


def _on_map(lines: SightLines, to_service: str, points: Floats) -> Floats:
    """Return image points on the map of the service, and their heights; NaN or inf where they see no ground."""
    ground = lines.to_ground(points[:, 0], points[:, 1])
    return np.column_stack([*transform(to_service, ground.x, ground.y), ground.z])


def _beyond_terrain(
    bound: BoundGeolocation, to_service: str, points: Floats, seen: Floats
) -> Floats:
    """Return places (n, 2), those of points that see no terrain at the usual height of the others.

    So the outline of an image that reaches beyond its terrain is whole, and holds all that can be shown.
    Lines of sight near the horizon stay without a place.
    """
    places, heights = seen[:, :2], seen[:, 2]
    good = np.isfinite(places).all(axis=1)
    if good.all() or not good.any():
        return places
    col, row = points[~good].T
    level = np.full(col.shape, float(np.median(heights[good])))
    x, y = bound.sensor.image_to_ground(col, row, level)
    zenith = view_angles(bound.sensor, col, row, level).zenith_deg
    x = np.where(zenith < _MOST_SLANTING_DEG, x, np.nan)
    places[~good] = np.column_stack(transform(to_service, x, y))
    return places
