"""Pictures on disk behind those in memory: they survive a restart, and no answer waits for them to be written.

Rules: files are touched in threads, counts and the index on the event loop alone. A file is made under
another name and renamed; what it holds is checked when it is read, and a damaged one is removed. A disk
that is full, read-only, gone or slow costs nothing but the cache: one warning, then a try now and then.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from server.answers.answer_file import DamagedFile, decode, encode, name_of
from server.answers.cache_folder import CacheFolder, disk_bytes
from server.answers.disk_index import DiskIndex
from server.answers.disk_trouble import RETRY_S, DiskTrouble
from server.answers.file_threads import FileThreads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server.answers.cache_folder import FoundPicture
    from server.answers.disk_index import Group
    from server.answers.response_cache import Key
    from server.instances.job import Reply

_log = logging.getLogger("swath.cache")

# What waits to be written is memory of the front.
_MOST_WAITING_BYTES = 16 * 1024 * 1024
_LARGEST_SHARE = 8
_SHRINK_SHARE = 16
_READERS = 2
# Rendering is seldom slower than a disk that needs longer than this.
_PATIENCE_S = 1.0
_STOP_S = 5.0
# What the file system is told of the last use, for the order after a restart.
_USE_STEP_S = 600.0
_FOUND_AT_ONCE = 2000
_INDEX_BYTES = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskCounts:
    """Numbers for metrics and `swath cache show`.

    Attributes
    ----------
    dropped : int
        Pictures not written because too many waited to be.
    damaged : int
        Files that did not hold what they should; they were removed.
    trouble : str
        Why nothing is written now; "" = all is well.
    """

    pictures: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int
    written: int
    dropped: int
    damaged: int
    trouble: str


def _always(_service: str, _version: str) -> bool:
    return True


class DiskCache:
    """Pictures in a folder, at most `max_bytes` of them, those used longest ago going first.

    Parameters
    ----------
    index_bytes
        Memory for the list of them, which bounds their number.
    is_wanted
        Tells of a service and a version whether anybody can ask for it; called in a thread.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        index_bytes: int,
        is_wanted: Callable[[str, str], bool] = _always,
        retry_s: float = RETRY_S,
    ) -> None:
        self._folder = CacheFolder(folder)
        self._is_wanted = is_wanted
        self._max_bytes = max_bytes
        self._most_pictures = max(1, index_bytes // _INDEX_BYTES)
        self._index = DiskIndex()
        self._own = f".{secrets.token_hex(4)}.part"
        self._writer = FileThreads("cache-writer")
        self._readers = FileThreads("cache-reader", _READERS)
        self._waiting: dict[bytes, int] = {}
        self._waiting_bytes = 0
        self._trouble = DiskTrouble(folder, retry_s)
        self._is_known = False
        self._cleared: dict[str, float] = {}
        self._tasks: set[asyncio.Future[object]] = set()
        self.hits = self.misses = self.written = self.dropped = self.damaged = 0

    async def start(self) -> None:
        """Claim the folder; what lies there becomes known little by little.

        Raises
        ------
        ConfigError
            The folder holds what is not of a cache.
        """
        self._writer.start()
        self._readers.start()
        try:
            await self._writer.run(self._folder.claim)
        except OSError as err:
            self._failed(err)
        else:
            self._learn_soon()

    async def stop(self) -> None:
        """Write what waits, if the disk lets it, and give the folder free."""
        for task in self._tasks:
            task.cancel()
        for threads in (self._readers, self._writer):
            try:
                await threads.end(_STOP_S)
            except TimeoutError:
                _log.warning("the disk of the cache hangs; pictures that waited for it are lost")
        self._folder.release()

    def counts(self) -> DiskCounts:
        """Return numbers for metrics."""
        return DiskCounts(
            pictures=len(self._index),
            bytes=self._index.bytes,
            max_bytes=self._max_bytes,
            hits=self.hits,
            misses=self.misses,
            written=self.written,
            dropped=self.dropped,
            damaged=self.damaged,
            trouble=self._trouble.why,
        )

    def services(self) -> dict[str, tuple[int, int]]:
        """Return how many pictures and bytes there are of each service."""
        found: dict[str, tuple[int, int]] = {}
        for group in self._index.groups():
            pictures, size = found.get(group.service, (0, 0))
            found[group.service] = (pictures + group.pictures, size + group.bytes)
        return found

    # Reading.

    def holds(self, key: Key) -> bool:
        """Tell whether there is a picture for a question, by one look-up; none is counted as a miss."""
        if name_of(key) in self._index:
            return True
        self.misses += 1
        return False

    async def read(self, key: Key) -> Reply | None:
        """Return the picture for a question, None where there is none that is whole."""
        name = name_of(key)
        if name not in self._index or not self._trouble.may_read():
            self.misses += 1
            return None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                reply = await self._readers.run(partial(self._read_file, key, name))
        except (FileNotFoundError, DamagedFile) as err:
            self._drop_damaged(key, name, err)
            reply = None
        except OSError as err:  # a TimeoutError is one
            self._failed(err)
            reply = None
        if reply is None:
            self.misses += 1
            return None
        self.hits += 1
        self._index.use(name)
        return reply

    def _read_file(self, key: Key, name: bytes) -> Reply:
        with self._folder.file(key[1], key[0], name).open("rb") as file:
            reply = decode(key, file.read())
            status = os.fstat(file.fileno())
            if time.time() - status.st_atime > _USE_STEP_S:
                with suppress(OSError):  # a read-only disk: its order of use is as it was
                    os.utime(file.fileno(), (time.time(), status.st_mtime))
        return reply

    def _drop_damaged(self, key: Key, name: bytes, error: Exception) -> None:
        self._index.drop(name)
        file = self._folder.file(key[1], key[0], name)
        if isinstance(error, DamagedFile):
            if not self.damaged:
                _log.warning("a kept picture %s and is made anew: %s", error, file)
            self.damaged += 1
            self._order(partial(file.unlink, missing_ok=True))

    # Writing.

    def offer(self, key: Key, reply: Reply) -> None:
        """Write a picture later, unless it must not be kept or too much waits already."""
        if not reply.cacheable or reply.truncated:
            return
        name = name_of(key)
        size = disk_bytes(len(reply.body) + len(key[2]) + 512)
        if name in self._index or name in self._waiting or size > self._max_bytes // _LARGEST_SHARE:
            return
        if self._waiting_bytes + size > _MOST_WAITING_BYTES:
            self.dropped += 1
            return
        if not self._trouble.may_write():
            return
        self._waiting[name] = size
        self._waiting_bytes += size
        self._make_room()
        done = self._writer.run(partial(self._write_file, key, name, reply))
        done.add_done_callback(partial(self._is_written, key, name, reply.made))

    def _write_file(self, key: Key, name: bytes, reply: Reply) -> int:
        if not self._folder.is_claimed:
            self._folder.claim()
        head = encode(key, reply)
        path = self._folder.file(key[1], key[0], name)
        part = path.with_name(path.name + self._own)
        try:
            try:
                _write(part, head, reply.body)
            except FileNotFoundError:
                self._folder.renew()
                part.parent.mkdir(0o700, parents=True, exist_ok=True)
                _write(part, head, reply.body)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        return disk_bytes(len(head) + len(reply.body))

    def _is_written(self, key: Key, name: bytes, made: float, done: asyncio.Future[int]) -> None:
        self._waiting_bytes -= self._waiting.pop(name)
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            self._failed(error)
            return
        self._trouble.end()
        self._learn_soon()
        self.written += 1
        version, service, _ = key
        if made < max(self._cleared.get("", 0.0), self._cleared.get(service, 0.0)):
            self._order(partial(self._folder.file(service, version, name).unlink, missing_ok=True))
            return
        self._index.add(name, service, version, done.result())
        self._make_room()

    def _make_room(self, most_bytes: int | None = None) -> None:
        most = self._max_bytes if most_bytes is None else most_bytes
        index, files = self._index, []
        while len(index) and (
            index.bytes + self._waiting_bytes > most or len(index) > self._most_pictures
        ):
            name, picture = index.drop_oldest()
            files.append(self._folder.file(picture.group.service, picture.group.version, name))
        if files:
            self._order(partial(_unlink_all, files))

    # What goes, and what was there before.

    def clear(self, service: str = "") -> int:
        """Remove the pictures of a service, or all, and return how many; those being written, too."""
        groups = [each for each in self._index.groups() if service in ("", each.service)]
        self._cleared[service] = time.monotonic()
        count = self._index.drop_groups(groups)
        remove = partial(self._folder.remove, service) if service else self._folder.remove_all
        self._order(remove)
        return count

    async def sweep(self) -> None:
        """Remove the pictures of versions that nobody can ask for any more."""
        groups, is_wanted = list(self._index.groups()), self._is_wanted

        def unwanted() -> list[Group]:
            return [each for each in groups if not is_wanted(each.service, each.version)]

        for group in await self._readers.run(unwanted):
            self._index.drop_groups([group])
            self._order(partial(self._folder.remove, group.service, group.version))

    def _learn_soon(self) -> None:
        """Begin once to take up what lies in the folder; not while another server has it."""
        if not self._is_known:
            self._is_known = True
            self._keep_task(asyncio.ensure_future(self._learn()))

    async def _learn(self) -> None:
        """Take up what lies in the folder; it was used before all that has come since."""
        try:
            found = await self._readers.run(partial(self._folder.sweep, self._own))
        except OSError as err:
            self._failed(err)
            return
        for start in range(len(found), 0, -_FOUND_AT_ONCE):
            for picture in reversed(found[max(0, start - _FOUND_AT_ONCE) : start]):
                self._add_found(picture)
            await asyncio.sleep(0)
        self._make_room()
        await self.sweep()
        if found:
            _log.info("%d pictures are kept on disk", len(found))

    def _add_found(self, picture: FoundPicture) -> None:
        if picture.name in self._index or picture.name in self._waiting:
            return
        self._index.add(picture.name, picture.service, picture.version, picture.size)
        self._index.make_oldest(picture.name)

    def _failed(self, error: BaseException) -> None:
        self._trouble.note(error)
        if getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):
            # The disk has less than was reckoned with: what was used longest ago makes room.
            self._make_room(self._index.bytes - self._index.bytes // _SHRINK_SHARE)

    def _order(self, work: Callable[[], object]) -> None:
        """Have something done in the thread of the writer, after all that it was given before."""
        self._keep_task(self._writer.run(work))

    def _keep_task(self, task: asyncio.Future[object]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Future[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)


def _write(path: Path, head: bytes, body: bytes | bytearray) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(head)
        file.write(body)


def _unlink_all(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)
