"""The images with a sensor model of one open service: bound when they are needed, a few kept.

Rules: planning opens nothing; all images over one terrain share it; terrain that cannot be used is a
source that cannot be read, and one that changed gives no pixels to a view that began with the old one.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cachetools import LRUCache

from engine.errors import ConfigError, InvalidParameter, SourceError, SourceUnavailable
from engine.geolocation import bind_sensor, unpack_geolocation
from engine.geometry.extent_transform import inverse_extent
from engine.geometry.projection import operation
from engine.geometry.terrain import PostTerrain
from engine.geometry.terrain_pool import TerrainPool
from engine.sensor_place import SensorLocator, ortho_locator, sensor_scale, usual_height

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from engine.extent import Extent
    from engine.geolocation import BoundGeolocation, BoundSensor, Geolocation
    from engine.geometry.ortho_locator import OrthoLocator
    from engine.geometry.service_posts import ServicePosts
    from engine.geometry.terrain import Terrain
    from engine.item import Item
    from engine.process_memory import ProcessMemory

# A bound sensor model takes kilobytes, one with a spline or a grid up to a few megabytes.
_MAX_BOUND = 256


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an image is asked for; `generation` is that of its terrain when the view was planned."""

    item: Item
    out_crs: str
    box: Extent
    generation: int


@dataclass(frozen=True, slots=True)
class _StagePlace:
    """Where one stage of an image's chain is asked for."""

    key: str
    geolocation: Geolocation
    box: Extent
    out_crs: str


@dataclass(frozen=True, slots=True)
class _Bound:
    """An image ready for use, and what it was made of; `terrain` is as the pool gave it."""

    geolocation: Geolocation
    sensor: BoundSensor
    terrain: Terrain
    bound: BoundGeolocation


class SensorItems:
    """Bind and place the images with a sensor model of a service; safe to use from several threads.

    Parameters
    ----------
    path : Path
        The compiled definition.
    service_crs : str
    renew : function
        Called when a terrain turned out to have changed: places made before are good no more.
    above : tuple of Path
        Services that this one is opened for as terrain.
    """

    def __init__(
        self,
        path: Path,
        service_crs: str,
        memory: ProcessMemory,
        renew: Callable[[], None],
        above: tuple[Path, ...] = (),
    ) -> None:
        self._path = path
        self._crs = service_crs
        self._renew = renew
        self._terrains = TerrainPool(memory, partial(_open_posts, (*above, path)))
        self._bound: LRUCache[int, _Bound] = LRUCache(_MAX_BOUND)
        self._orthos: LRUCache[tuple[int, str], OrthoLocator] = LRUCache(_MAX_BOUND)
        # Images that their terrain does not cover, which would be found out again at every tile.
        self._beside: LRUCache[int, Terrain] = LRUCache(_MAX_BOUND)
        self._stages: LRUCache[tuple[str, str], tuple[Terrain, OrthoLocator]] = LRUCache(_MAX_BOUND)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the terrains."""
        with self._lock:
            self._bound.clear()
            self._orthos.clear()
            self._beside.clear()
            self._stages.clear()
            self._terrains.close()

    def geolocation(self, item: Item) -> BoundGeolocation:
        """Return the bound geolocation of an item.

        Raises
        ------
        SourceError
            Its terrain cannot be used.
        """
        with self._lock:
            return self._current(item).bound

    def place(
        self, item: Item, out_crs: str, box: Extent
    ) -> tuple[SensorLocator, tuple[float, float]]:
        """Return locator and scale (pixels per unit along x and y; (0, 0) = no place) of an item.

        Parameters
        ----------
        box : Extent
            Of the footprint, in the output CRS.
        """
        geolocation = unpack_geolocation(item.geolocation)
        sensor = bind_sensor(geolocation).sensor
        generation = self._terrains.generation(geolocation.terrain, sensor)
        locator = SensorLocator(
            key=f"{self._path}#{item.id}@{out_crs}#{generation}",
            size=(item.width, item.height),
            usual_height=partial(usual_height, item, sensor, self._crs),
            lend=partial(self._lend, _Place(item, out_crs, box, generation)),
        )
        return locator, sensor_scale(item, sensor, self._crs, out_crs)

    def stage_locator(
        self, key: str, geolocation: Geolocation, box: Extent, out_crs: str = ""
    ) -> SensorLocator:
        """Return the locator of one stage of an item's chain (`engine.staged_item`).

        Parameters
        ----------
        box : Extent
            Of the image, in the output CRS.
        out_crs
            "" = the map that the stage leads to.
        """
        sensor = bind_sensor(geolocation)
        place = _StagePlace(key, geolocation, box, out_crs or sensor.sensor.ground_crs)
        low, high = sensor.sensor.height_range
        return SensorLocator(
            key=f"{key}@{place.out_crs}",
            size=(0, 0),
            usual_height=lambda: (low + high) / 2,
            lend=partial(self._lend_stage, place, sensor),
        )

    @contextmanager
    def _lend_stage(self, place: _StagePlace, sensor: BoundSensor) -> Iterator[OrthoLocator]:
        terrain_definition = place.geolocation.terrain
        key = (place.key, place.out_crs)
        with self._lock:
            try:
                terrain = self._terrains.open(terrain_definition, sensor.sensor)
            except (ConfigError, InvalidParameter) as err:
                where = getattr(terrain_definition, "path", "") or place.key
                raise SourceUnavailable(where, f"terrain: {err}") from err
            found = self._stages.get(key)
            if found is None or found[0] is not terrain:
                ortho = ortho_locator(sensor.over(terrain), place.key, place.out_crs, place.box)
                found = self._stages[key] = (terrain, ortho)
        try:
            yield found[1]
        except SourceError as err:
            self._terrains.report(terrain_definition, sensor.sensor, err)
            raise

    @contextmanager
    def _lend(self, place: _Place) -> Iterator[OrthoLocator]:
        """Lend the open locator of a place; errors while it is used count against the terrain."""
        with self._lock:
            ortho = self._ortho(place)
        try:
            yield ortho
        except SourceError as err:
            self._report(place.item, err)
            raise

    def _report(self, item: Item, error: SourceError) -> None:
        geolocation = unpack_geolocation(item.geolocation)
        self._terrains.report(geolocation.terrain, bind_sensor(geolocation).sensor, error)

    def _ortho(self, place: _Place) -> OrthoLocator:
        current, key = self._current(place.item), (place.item.id, place.out_crs)
        generation = self._terrains.generation(current.geolocation.terrain, current.bound.sensor)
        if generation != place.generation:
            self._orthos.clear()
            self._renew()
            raise _unusable(current.geolocation, place.item, "has changed since the view began")
        found = self._orthos.get(key)
        if found is None or found.terrain is not current.bound.terrain:
            name = f"{place.item.id}@{place.out_crs}"
            found = ortho_locator(current.bound, name, place.out_crs, place.box)
            self._orthos[key] = found
        return found

    def _current(self, item: Item) -> _Bound:
        """Return a bound item whose terrain is as its file is now."""
        found = self._bound.get(item.id)
        if found is not None and not isinstance(found.terrain, PostTerrain):
            return found
        geolocation = unpack_geolocation(item.geolocation) if found is None else found.geolocation
        sensor = bind_sensor(geolocation) if found is None else found.sensor
        try:
            terrain = self._terrains.open(geolocation.terrain, sensor.sensor)
        except (ConfigError, InvalidParameter) as err:
            raise _unusable(geolocation, item, str(err)) from err
        if found is None or found.terrain is not terrain:
            found = _Bound(geolocation, sensor, terrain, sensor.over(terrain))
            self._bound[item.id] = found
            if not self._is_covered(item, terrain):
                self._beside[item.id] = terrain
        if self._beside.get(item.id) is terrain:
            raise _unusable(geolocation, item, "does not cover the image")
        return found

    def _is_covered(self, item: Item, terrain: Terrain) -> bool:
        """Tell whether a terrain's posts lie somewhere under an item's footprint."""
        if not isinstance(terrain, PostTerrain):
            return True
        box = inverse_extent(operation(terrain.crs, self._crs).pipeline, item.extent)
        return box is not None and terrain.covers(box)


def _unusable(geolocation: Geolocation, item: Item, why: str) -> SourceUnavailable:
    where = getattr(geolocation.terrain, "path", "") or item.name
    return SourceUnavailable(where, f"terrain: {why}")


def _open_posts(
    above: tuple[Path, ...], path: Path, memory: ProcessMemory
) -> tuple[ServicePosts, str]:
    # Terrain may be a service, and services hold items like these: the circle is cut here.
    from engine.geometry.service_posts import open_service_posts  # noqa: PLC0415 -- see above

    if path.resolve() in {each.resolve() for each in above}:
        raise ConfigError(path, "terrain", "is the service itself, or one whose terrain this is")
    return open_service_posts(path, memory, above)
