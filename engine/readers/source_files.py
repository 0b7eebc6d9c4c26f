"""The files behind one catalog item, as they are handed out whole.

Rules: a file is named by the item, its number in the item's record and which of its sidecars it is; no
text of a caller's becomes part of a path. Only regular files whose real path is the one in the record
are opened, without following links, and rasters only while they are as they were catalogued. No GDAL
here: the front imports this.
"""

from __future__ import annotations

import logging
import os
import stat
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgspec

from engine.errors import ConfigError, ItemNotFound, NotFound
from engine.item import Item
from engine.zmd import connect_read_only

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.item import Source

_log = logging.getLogger("swath.files")
_decode_item = msgspec.msgpack.Decoder(Item).decode

# Behind the whole name, then in place of its ending; {0} and {1} are the first and last of its letters.
_APPENDED = (".ovr", ".msk", ".aux.xml", ".ovr.aux.xml", ".xml", "w")
_REPLACING = (".{0}{1}w", ".wld", ".prj", ".aux", ".rrd", ".hdr", ".rpb", ".RPB", ".imd", ".IMD")
# The file itself, then its sidecars.
KINDS = 1 + len(_APPENDED) + len(_REPLACING)


class FileGone(NotFound):
    """A file of an item that is not handed out: it is not there, or not as it was catalogued."""

    def __str__(self) -> str:
        return "This file is not there any more, or is not as it was catalogued."


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an item.

    Attributes
    ----------
    number : int
        Of the raster file among those of the item.
    kind : int
        0 = the raster file, else one of its sidecars.
    path : str
        Never leaves the server.
    size, mtime_ns : int
        As catalogued; 0 of sidecars, which are not.
    """

    item: int
    number: int
    kind: int
    path: str
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file open for reading."""

    stream: IO[bytes]
    name: str
    size: int
    mtime_ns: int


def item_record(compiled: str, object_id: int) -> Item:
    """Return the record of an item of a compiled definition.

    Raises
    ------
    ItemNotFound
    ConfigError
        The definition cannot be read.
    """
    if object_id >= 2**63:
        raise ItemNotFound(object_id)
    path = Path(compiled)
    with closing(connect_read_only(path)) as handle:
        row = handle.execute("SELECT record FROM records WHERE id = ?", (object_id,)).fetchone()
    if row is None:
        raise ItemNotFound(object_id)
    try:
        return _decode_item(row[0])
    except msgspec.MsgspecError as err:
        raise ConfigError(path, f"OBJECTID {object_id}", f"has a damaged record: {err}") from err


def source_files(item: Item) -> list[SourceFile]:
    """Return the raster files of an item, each once, in the order of its record."""
    sources: dict[str, Source] = {}
    for raster in (item, *(_decode_item(packed) for packed in item.rasters)):
        for source in raster.sources:
            sources.setdefault(source.path, source)
    return [
        SourceFile(item.id, number, 0, source.path, source.size, source.mtime_ns)
        for number, source in enumerate(sources.values())
    ]


def sidecars(file: SourceFile) -> Iterator[SourceFile]:
    """Yield what may lie beside a raster file: pyramids, statistics, world files, whether there or not."""
    raster = Path(file.path)
    letters = raster.suffix[1:]
    names = [file.path + more for more in _APPENDED]
    for form in _REPLACING:
        ending = form.format(letters[:1], letters[-1:])
        names.append(file.path.removesuffix(raster.suffix) + ending)
    for kind, name in enumerate(names, start=1):
        if letters and name != file.path:
            yield SourceFile(file.item, file.number, kind, name)


def files_there(item: Item) -> Iterator[tuple[SourceFile, int]]:
    """Yield the files of an item that can be handed out, with their sizes."""
    seen = set()
    for raster in source_files(item):
        for file in (raster, *sidecars(raster)):
            if file.path in seen:
                continue
            seen.add(file.path)
            try:
                opened = open_file(file)
            except FileGone:
                continue
            opened.stream.close()
            yield file, opened.size


def open_file(file: SourceFile) -> OpenedFile:
    """Open a file of an item.

    Raises
    ------
    FileGone
        It is not there, no regular file, reached through a link, or another one than was catalogued.
    """
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as err:
        raise _gone(file, err.strerror or "cannot be opened") from err
    try:
        found = os.fstat(descriptor)
        # What was opened, whatever the path has become meanwhile.
        real = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        why = _objection(file, found, real)
    except OSError as err:
        why = err.strerror or "cannot be looked at"
    if why:
        os.close(descriptor)
        raise _gone(file, why)
    stream = os.fdopen(descriptor, "rb", buffering=0)
    return OpenedFile(stream, Path(file.path).name, found.st_size, found.st_mtime_ns)


def _objection(file: SourceFile, found: os.stat_result, real: str) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "is no regular file"
    if real != file.path:
        return "is reached through a link: add it by its real path"
    if file.kind == 0 and (found.st_size, found.st_mtime_ns) != (file.size, file.mtime_ns):
        return "has changed since it was catalogued"
    return ""


def _gone(file: SourceFile, why: str) -> FileGone:
    if file.kind == 0:
        _log.warning("not handed out: %s %s", file.path, why)
    return FileGone(file.item)
