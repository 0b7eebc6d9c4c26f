"""Terrains of one user, each opened once: kept, looked after, closed together.

Rules: a file that changed is opened anew; what could not be opened or read is tried again after a
while, never at every question; what was opened for this user is closed with the pool.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ImageServerError, SourceUnavailable, from_record, to_record
from engine.geometry.published_terrain import CURRENT, is_published
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import RasterTerrain

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from engine.geometry.service_posts import ServicePosts
    from engine.geometry.terrain import PostTerrain, Terrain
    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms.base import SensorModel
    from engine.process_memory import ProcessMemory

    OpenPosts: TypeAlias = Callable[[Path, ProcessMemory], tuple[ServicePosts, str]]

_log = logging.getLogger("swath.engine")

RETRY_S = 5.0
CHECK_S = 1.0
# Rasters are a few kilobytes each; what they hold is bounded by the process's posts.
_MAX_KEPT = 1000

_Key = tuple[RasterTerrain, str]


@dataclass(slots=True)
class _Kept:
    """One terrain: open, or with the reason why not."""

    terrain: PostTerrain | None = None
    stamp: tuple[int, int] = (0, 0)
    checked: float = 0.0
    failure: ImageServerError | None = None
    generation: int = 0


class TerrainPool:
    """Open terrains, shared by all images over them; safe to use from several threads.

    Parameters
    ----------
    memory : ProcessMemory
    open_posts : function
        Opens the posts of compiled services (`engine.geometry.service_posts.open_service_posts`).
    geoid_folders : tuple of str
        Looked into for grids of undulations before PROJ's folders.
    retry_s : float
        What failed is not tried again before.
    check_s : float
        What is open is taken to be unchanged for so long.
    """

    def __init__(
        self,
        memory: ProcessMemory,
        open_posts: OpenPosts,
        geoid_folders: tuple[str, ...] = (),
        retry_s: float = RETRY_S,
        check_s: float = CHECK_S,
    ) -> None:
        self._open_posts = open_posts
        self._retry_s, self._check_s = retry_s, check_s
        self._opener = TerrainOpener(memory, geoid_folders, self._service_posts)
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._services: list[ServicePosts] = []
        self._lock = threading.RLock()

    def open(self, definition: TerrainDefinition, sensor: SensorModel) -> Terrain:
        """Return the terrain in the vertical datum of a sensor model.

        Raises
        ------
        InvalidParameter, ConfigError, SourceError
            See `TerrainOpener.open`; the same again until it is time for another try.
        """
        if not isinstance(definition, RasterTerrain):
            return self._opener.open(definition, sensor)
        key = (definition, sensor.vertical_datum)
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            terrain = self._current(kept, definition, sensor.vertical_datum)
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
            return terrain

    def generation(self, definition: TerrainDefinition, sensor: SensorModel) -> int:
        """Return a number that grows when a terrain that was open turns out to have changed."""
        if not isinstance(definition, RasterTerrain):
            return 0
        with self._lock:
            kept = self._kept.get((definition, sensor.vertical_datum))
            return 0 if kept is None else kept.generation

    def report(
        self, definition: TerrainDefinition, sensor: SensorModel, error: ImageServerError
    ) -> None:
        """Take note that a terrain could not be read: it counts as failed for a while."""
        if not isinstance(definition, RasterTerrain):
            return
        with self._lock:
            kept = self._kept.setdefault((definition, sensor.vertical_datum), _Kept())
            if kept.failure is None:
                self._fail(kept, definition, error)

    def close(self) -> None:
        """Close what was opened; the pool is empty after that and may be used again."""
        with self._lock:
            self._kept.clear()
            services, self._services = self._services, []
        for posts in services:
            posts.close()

    def _current(self, kept: _Kept, definition: RasterTerrain, datum: str) -> PostTerrain:
        now = time.monotonic()
        if kept.failure is not None and now - kept.checked < self._retry_s:
            # Errors collect tracebacks: each who asks gets one of its own.
            raise from_record(*to_record(kept.failure))
        if kept.terrain is not None and now - kept.checked < self._check_s:
            return kept.terrain
        try:
            stamp = _stamp(definition)
            if kept.terrain is None or stamp != kept.stamp:
                terrain = self._opener.open_raster(definition, datum)
                if kept.stamp not in ((0, 0), stamp):
                    kept.generation += 1
                kept.terrain, kept.stamp = terrain, stamp
        except ImageServerError as err:
            self._fail(kept, definition, err)
            raise
        if kept.failure is not None:
            _log.warning("terrain %s can be read again", definition.path)
        kept.failure, kept.checked = None, now
        return kept.terrain

    def _fail(self, kept: _Kept, definition: RasterTerrain, error: ImageServerError) -> None:
        if kept.failure is None:
            _log.warning("terrain %s cannot be used: %s", definition.path, error)
        kept.terrain, kept.failure, kept.checked = None, error, time.monotonic()

    def _service_posts(self, path: Path, memory: ProcessMemory) -> tuple[ServicePosts, str]:
        posts, crs = self._open_posts(path, memory)
        self._services.append(posts)
        return posts, crs


def _stamp(definition: RasterTerrain) -> tuple[int, int]:
    """Return what differs after a file was changed."""
    path = Path(definition.path)
    try:
        status = (path / CURRENT if is_published(path) else path).stat()
    except OSError as err:
        raise SourceUnavailable(definition.path, err.strerror or str(err)) from err
    return status.st_size, status.st_mtime_ns
