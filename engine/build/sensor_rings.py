"""Polygons on the map as rings in the pixels of an image with a sensor model, over its terrain.

For footprints and seamlines edited by hand. Edges are straight on the map and follow the hills in the
image: they are halved until the chord is near enough, but not beyond a pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.build.sensor_placement import bind_for_build, place_sensor
from engine.footprint import pack_rings
from engine.geolocation import unpack_geolocation
from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geolocation import BoundGeolocation
    from engine.item import Level

    Floats = NDArray[np.float64]

CHORD_PX = 0.25
# Edges as short as this stay straight, whatever the terrain does under them.
_SHORTEST_PX = 1.0
_MAX_HALVINGS = 16
_MAX_POINTS = 50_000
# What an author draws beyond the image is cut off so far outside it.
_MARGIN_PX = 4.0


def sensor_rings(wkb: bytes, geolocation: bytes, service_crs: str, size: Level) -> bytes:
    """Return a (multi)polygon in level-0 pixels, packed (`engine.footprint.pack_rings`).

    Parameters
    ----------
    wkb : bytes
        In the service's CRS.
    geolocation : bytes
        As packed in the item.
    size : Level
        Of the image; b"" is returned for polygons that lie wholly beside it.

    Raises
    ------
    ValueError
        There are too many points.
    InvalidParameter, ConfigError, SourceError
        The sensor model or its terrain cannot be used.
    """
    bound = bind_for_build(unpack_geolocation(geolocation))
    place = place_sensor(bound, (size.width, size.height), service_crs, None)
    if place is None:
        return b""
    seen = shapely.from_wkb(place.wkb).buffer(_MARGIN_PX * place.pixel_size, join_style="mitre")
    shape = shapely.intersection(shapely.make_valid(shapely.from_wkb(wkb)), seen)
    to_image = _MapToImage(bound, service_crs)
    rings = [
        to_image.ring(shapely.get_coordinates(ring))
        for part in _polygons(shape)
        for ring in (part.exterior, *part.interiors)
    ]
    kept = [ring for ring in rings if len(ring) >= 4 and _touches(ring, size)]
    return pack_rings(kept) if kept else b""


class _MapToImage:
    """From the service's map to an image's level-0 pixels."""

    def __init__(self, bound: BoundGeolocation, service_crs: str) -> None:
        self._bound = bound
        self._to_ground = operation(service_crs, bound.sensor.ground_crs).pipeline
        self._to_terrain = operation(service_crs, bound.terrain.crs).pipeline

    def points(self, places: Floats) -> Floats:
        """Return positions (n, 2) of places on the map; NaN where terrain is missing."""
        x, y = places[:, 0].copy(), places[:, 1].copy()
        z = self._bound.terrain.heights(*transform(self._to_terrain, x, y), 0.0)
        ground_x, ground_y = transform(self._to_ground, x, y)
        return np.column_stack(self._bound.sensor.ground_to_image(ground_x, ground_y, z))

    def ring(self, places: Floats) -> Floats:
        """Return a ring with edges that follow the map's straight lines; without points in voids."""
        pixels = self.points(places)
        for _ in range(_MAX_HALVINGS):
            middle = (places[:-1] + places[1:]) / 2
            exact = self.points(middle)
            off = np.hypot(*(exact - (pixels[:-1] + pixels[1:]) / 2).T)
            length = np.hypot(*np.diff(pixels, axis=0).T)
            with np.errstate(invalid="ignore"):
                bent = np.flatnonzero((off > CHORD_PX) & (length > _SHORTEST_PX))
            if bent.size == 0:
                break
            if len(places) + bent.size > _MAX_POINTS:
                raise ValueError(f"its outline needs more than {_MAX_POINTS} points in the image")
            places = np.insert(places, bent + 1, middle[bent], axis=0)
            pixels = np.insert(pixels, bent + 1, exact[bent], axis=0)
        kept = pixels[np.isfinite(pixels).all(axis=1)]
        if len(kept) and not np.array_equal(kept[0], kept[-1]):
            kept = np.vstack([kept, kept[:1]])
        return kept


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    return [
        polygon
        for part in shapely.get_parts(shape)
        for polygon in shapely.get_parts(part)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
    ]


def _touches(ring: Floats, size: Level) -> bool:
    low, high = ring.min(axis=0), ring.max(axis=0)
    return bool((high > 0).all() and low[0] < size.width and low[1] < size.height)
