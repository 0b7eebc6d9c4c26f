"""Terrain that is a published service: each build takes the version that serves then, and keeps it.

Rules: footprints, overviews and the compiled service have one and the same terrain; it stays whatever
is published later, until the definition is built again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.geometry.published_terrain import is_published, published_file
from engine.geometry.terrain_definition import RasterTerrain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable
    from engine.geolocation import Geolocation

TERRAIN_FOLDER = "terrain"
_INFO = "terrains"
# How every raster terrain shows in the field Raster: other rows need not be decoded.
_MARK = '"terrain":"Raster"'
# Versions of the service that were compiled with older ones may still be served.
_KEPT = 5


class _Located(msgspec.Struct):
    terrain: RasterTerrain | None = None


class _Row(msgspec.Struct):
    geolocation: _Located | None = None


_decode_row = msgspec.json.Decoder(_Row).decode
_decode_pins = msgspec.json.Decoder(dict[str, str]).decode


class TerrainPins:
    """Which file stands for each published service, and what tells that a terrain changed.

    Parameters
    ----------
    table
        Of the definition in `folder`, open.
    """

    def __init__(self, folder: DefinitionFolder, table: ServiceTable) -> None:
        self._folder = folder
        self._files = _decode_pins(table.info(_INFO) or "{}")
        self._states: dict[str, str] = {}

    def pin(self, table: ServiceTable, rows: Iterable[str]) -> None:
        """Take the versions that serve now of all services in the fields Raster of rows.

        What is not published any more stays as it was pinned; what never was fails its items.
        """
        paths = {terrain.path for text in rows if (terrain := terrain_of_row(text)) is not None}
        before = dict(self._files)
        for path in sorted(paths):
            home = Path(path)
            try:
                file = published_file(home) if is_published(home) else None
            except ConfigError:
                # Its items meet it again and say so.
                continue
            if file is not None:
                self._files[path] = self._kept(file)
        if self._files != before:
            table.set_info(_INFO, msgspec.json.encode(self._files).decode())
        self._states.clear()

    def describe(self, rows: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield path and a fault, or what is in force, of each terrain in the fields Raster of rows.

        Faults end with a point.
        """
        paths = {terrain.path for text in rows if (terrain := terrain_of_row(text)) is not None}
        for path in sorted(paths):
            yield path, self._description(path)

    def _description(self, path: str) -> str:
        home, pinned = Path(path), self._files.get(path, "")
        if is_published(home):
            try:
                serves = published_file(home).name
            except ConfigError as err:
                return f"cannot be used: {err.fields[2]}."
            if pinned and Path(pinned).name != serves:
                return "another version serves now; build again to take it."
            return f"published service, version {Path(serves).stem[:12]}"
        if pinned:
            return f"is no published service any more; version {Path(pinned).stem[:12]} is kept."
        return "raster" if home.is_file() else "is not there."

    def state(self, raster_text: str) -> str:
        """Return what differs after the terrain of a row changed; "" where it has no raster for one."""
        terrain = terrain_of_row(raster_text)
        if terrain is None:
            return ""
        found = self._states.get(terrain.path)
        if found is None:
            found = self._states[terrain.path] = self._state(terrain.path)
        return found

    def resolved(self, geolocation: Geolocation | None) -> Geolocation | None:
        """Return a geolocation whose terrain is a file."""
        terrain = None if geolocation is None else geolocation.terrain
        if geolocation is None or not isinstance(terrain, RasterTerrain):
            return geolocation
        pinned = self._files.get(terrain.path)
        if pinned is None:
            return geolocation
        path = self._folder.resolve(pinned)
        return msgspec.structs.replace(
            geolocation, terrain=msgspec.structs.replace(terrain, path=path)
        )

    def _state(self, path: str) -> str:
        pinned = self._files.get(path)
        if pinned is not None:
            return pinned
        try:
            status = Path(path).stat()
        except OSError:
            return "gone"
        return f"{status.st_size} {status.st_mtime_ns}"

    def _kept(self, file: Path) -> str:
        """Link or copy a compiled definition into the definition; returns its path there."""
        folder = self._folder.path / TERRAIN_FOLDER
        target = folder / file.name
        try:
            folder.mkdir(exist_ok=True)
            if not target.exists():
                _link_or_copy(file, target)
            files = sorted(folder.glob("*.zmd"), key=lambda each: each.stat().st_mtime_ns)
            pinned = {self._folder.path / name for name in self._files.values()}
            for old in files[:-_KEPT]:
                if old != target and old not in pinned:
                    old.unlink()
        except OSError as err:
            raise ConfigError(target, "", f"cannot be written: {err.strerror or err}") from err
        return f"{TERRAIN_FOLDER}/{file.name}"


def terrain_of_row(raster_text: str) -> RasterTerrain | None:
    """Return the raster or service under a row's image; None where it has none or cannot be read."""
    if _MARK not in raster_text:
        return None
    try:
        located = _decode_row(raster_text).geolocation
    except msgspec.MsgspecError:
        # Edited wrongly: building the row says so.
        return None
    return None if located is None else located.terrain


def _link_or_copy(file: Path, target: Path) -> None:
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        part.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, part)
    part.replace(target)
