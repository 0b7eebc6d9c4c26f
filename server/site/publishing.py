"""Publish compiled definitions and change what is published; a running server follows at once.

Rules: a file is copied, checked and on disk before anything points to it; each change is one rename;
changes of one data folder take turns by a lock. What was published stays for rollback until it is
the oldest of more than `KEPT_VERSIONS`, and no file goes while a request may still read it: leftovers
are swept by a later change, not by the one that made them so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from config.placement import PLACEMENT_FILE, placement_text
from engine.errors import ConfigError, InvalidParameter
from engine.zmd import connect_read_only, read_summary
from server.access.sharing import Sharing
from server.access.site import Site
from server.site.atomic_files import change_of, read_line, sync_folder, write_line
from server.site.data_folder import DataFolder, Entry, read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from config.placement import Placement

KEPT_VERSIONS = 3
LOCK_WAIT_S = 10.0
_SWEEP_AFTER_S = 120.0
# A copy of another publish may be under way for long.
_LEFTOVER_AFTER_S = 86_400.0
_CHUNK = 1 << 20


class Publisher:
    """Change the published services of one data folder.

    Parameters
    ----------
    data
        The data folder; made at the first publish.
    lock_wait_s
        How long to wait for another change to end.

    Raises
    ------
    ConfigError, InvalidParameter
        From all methods, with what to do about it.
    """

    def __init__(self, data: Path, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self.folder = DataFolder(data)
        self._lock_wait_s = lock_wait_s

    # Versions.

    def publish(self, file: Path, full_name: str) -> str:
        """Publish a compiled definition under a name and return its version.

        A bad file changes nothing: what serves goes on serving.
        """
        home = self.folder.home(full_name)
        if not file.is_file():
            raise ConfigError(file, "", "there is no such file")
        try:
            self.folder.services.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise ConfigError(self.folder.path, "", f"cannot be made: {err.strerror}") from err
        with self._change():
            self._check_free(full_name)
            home.mkdir(parents=True, exist_ok=True)
            if (home / "deleted").exists():
                self._forget(home)
        try:
            part, version = _copy(file, home)
        except OSError as err:
            raise ConfigError(file, "", f"cannot be copied into {home}: {err.strerror}") from err
        try:
            check_definition(part, file)
            with self._change():
                # Once more, now that nobody else can change it.
                self._check_free(full_name)
                self._sweep(home)
                part.replace(home / f"{version}.zmd")
                sync_folder(home)
                self._switch(home, version)
        finally:
            part.unlink(missing_ok=True)
        return version

    def rollback(self, full_name: str, version: str = "") -> str:
        """Let an earlier version serve again and return it.

        Parameters
        ----------
        version
            Its hash or the beginning of it; "" = the one that served before the current one.
        """
        with self._change():
            entry = self._entry(full_name)
            history = self.versions(full_name)
            if version:
                chosen = [known for known in history if known.startswith(version)]
                if len(chosen) != 1:
                    raise InvalidParameter("version", version, f"one of {_listed(history)}")
                target = chosen[0]
            else:
                place = history.index(entry.version) if entry.version in history else len(history)
                if place == 0:
                    raise ConfigError(full_name, "", "has no earlier version to go back to")
                target = history[place - 1]
            file = entry.home / f"{target}.zmd"
            check_definition(file, file)
            write_line(entry.home / "current", target)
            self._touch()
        return target

    def versions(self, full_name: str) -> list[str]:
        """Return the versions kept of a service, in the order in which they are gone back through."""
        home = self.folder.home(full_name)
        return [known for known in read_history(home) if (home / f"{known}.zmd").is_file()]

    # Services.

    def services(self) -> list[Entry]:
        """Return all published services, stopped ones too."""
        return list(self.folder.entries())

    def service(self, full_name: str) -> Entry:
        """Return one published service."""
        return self._entry(full_name)

    def start(self, full_name: str) -> None:
        """Let a stopped service serve again."""
        with self._change():
            (self._entry(full_name).home / "stopped").unlink(missing_ok=True)
            self._touch()

    def stop(self, full_name: str) -> None:
        """Take a service out of the server without forgetting it."""
        with self._change():
            write_line(self._entry(full_name).home / "stopped", "")
            self._touch()

    def place(self, full_name: str, placement: Placement, check: Callable[[Entry], None]) -> None:
        """Give a service instances of its own, or let it share.

        Parameters
        ----------
        check
            Raises where the memory does not suffice; called while nobody else can change anything.
        """
        with self._change():
            entry = self._entry(full_name)
            check(entry)
            if placement.is_dedicated:
                write_line(entry.home / PLACEMENT_FILE, placement_text(placement))
            else:
                (entry.home / PLACEMENT_FILE).unlink(missing_ok=True)
            self._touch()

    def rename(self, full_name: str, new_name: str) -> None:
        """Give a service another name or folder, with its versions, its state and who may see it.

        Requests under way to the old name end: its files are linked, not moved.
        """
        target = self.folder.home(new_name)
        with self._change():
            entry = self._entry(full_name)
            if self.folder.entry(new_name) is not None:
                raise ConfigError(new_name, "", "is the name of a published service already")
            self._check_free(new_name)
            self._forget(target)
            site = Site(self.folder.path)
            if site.path.exists():
                # Before it appears: at no moment may anybody see more than before.
                Sharing(site).carry(full_name, new_name)
            self._copy_links(entry, target)
            self._retire(entry.home)
            self._touch()

    def delete(self, full_name: str) -> None:
        """Unpublish a service; its files are removed by a later change, after their last request."""
        with self._change():
            self._retire(self._entry(full_name).home)
            self._touch()

    # Parts.

    def _entry(self, full_name: str) -> Entry:
        entry = self.folder.entry(full_name)
        if entry is None:
            known = _listed([other.name for other in self.folder.entries()]) or "none"
            raise ConfigError(full_name, "", f"is no published service; published are: {known}")
        return entry

    def _check_free(self, full_name: str) -> None:
        """Refuse a name whose place is taken: by a folder of services, or below a service."""
        folder = full_name.rpartition("/")[0]
        if folder and self.folder.entry(folder) is not None:
            raise ConfigError(full_name, "", f"{folder!r} is a service, so it can be no folder")
        inner = [] if folder else self.folder.names_in(full_name)
        if inner:
            raise ConfigError(full_name, "", f"is the folder of {_listed(inner)}")

    def _switch(self, home: Path, version: str) -> None:
        (home / "deleted").unlink(missing_ok=True)
        history = read_history(home)
        before = read_line(home / "current")
        # Going back from the new version leads to the one that served before it.
        others = [known for known in history if known not in (before, version)]
        ordered = [*others, before, version] if before and before != version else [*others, version]
        write_line(home / "history", "\n".join(ordered[-KEPT_VERSIONS:]))
        write_line(home / "current", version)
        self._touch()

    def _copy_links(self, entry: Entry, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        for version in dict.fromkeys([*self.versions(entry.name), entry.version]):
            link = target / f"{version}.zmd"
            link.unlink(missing_ok=True)
            link.hardlink_to(entry.home / f"{version}.zmd")
        write_line(target / "history", "\n".join(read_history(entry.home)))
        if entry.is_stopped:
            write_line(target / "stopped", "")
        placement = read_line(entry.home / PLACEMENT_FILE)
        if placement:
            write_line(target / PLACEMENT_FILE, placement)
        sync_folder(target)
        write_line(target / "current", entry.version)

    def _retire(self, home: Path) -> None:
        (home / "current").unlink()
        write_line(home / "deleted", "")

    def _forget(self, home: Path) -> None:
        """Make way for another service in a folder of a deleted one."""
        for name in ("deleted", "stopped", "history", PLACEMENT_FILE):
            (home / name).unlink(missing_ok=True)

    def _sweep(self, home: Path) -> None:
        """Remove what no request can still read: files of deleted services, versions beyond the kept."""
        before = time.time() - _SWEEP_AFTER_S
        for other in self._deleted_homes(before):
            shutil.rmtree(other)
        kept = {*read_history(home), read_line(home / "current")}
        for file in home.glob("*.zmd"):
            if file.stem not in kept and file.stat().st_ctime < before:
                file.unlink(missing_ok=True)
        for leftover in home.glob(".*.part"):
            if leftover.stat().st_mtime < time.time() - _LEFTOVER_AFTER_S:
                leftover.unlink(missing_ok=True)

    def _deleted_homes(self, before: float) -> list[Path]:
        marks = [*self.folder.services.glob("*/deleted"), *self.folder.services.glob("*/*/deleted")]
        return [mark.parent for mark in marks if mark.stat().st_mtime < before]

    def _touch(self) -> None:
        write_line(self.folder.revision_file, str(time.time_ns()))

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Hold the lock of the data folder."""
        if not self.folder.services.is_dir():
            raise ConfigError(self.folder.path, "", "holds no published services")
        with change_of(self.folder.services, self._lock_wait_s):
            yield


def check_definition(path: Path, shown: Path) -> None:
    """Check that a compiled definition is whole and can be served.

    Parameters
    ----------
    shown
        The name to be used in messages.

    Raises
    ------
    ConfigError
    """
    try:
        with closing(connect_read_only(path)) as handle:
            summary = read_summary(handle, path)
            fault = handle.execute("PRAGMA quick_check(1)").fetchone()[0]
            count = handle.execute("SELECT count(*) FROM records").fetchone()[0]
            boxes = handle.execute("SELECT count(DISTINCT item) FROM boxes").fetchone()[0]
    except sqlite3.Error as err:
        raise ConfigError(shown, "", f"is a damaged compiled definition: {err}") from err
    except ConfigError as err:
        raise ConfigError(shown, *err.fields[1:]) from err
    if fault != "ok":
        raise ConfigError(shown, "", f"is a damaged compiled definition: {fault}")
    if not count == boxes == summary.item_count:
        why = f"holds {count} items, {boxes} with a box, but says {summary.item_count}"
        raise ConfigError(shown, "", why)


def _copy(file: Path, home: Path) -> tuple[Path, str]:
    """Copy a file into a folder under a passing name; return that and the hash of what was copied."""
    digest = hashlib.blake2b(digest_size=16)
    part = home / f".{os.getpid()}-{time.time_ns()}.part"
    try:
        with file.open("rb") as source, part.open("xb") as target:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
    except OSError:
        part.unlink(missing_ok=True)
        raise
    return part, digest.hexdigest()


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown
