"""Registered functions in the data folder, and how an administrator changes them.

Where they lie, `folder.py` says. Rules as of services (`server.site.publishing`): a version is whole and tried before anything points to it, each
change is one rename, and what a request may still ask for stays for a while.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.python_functions.messages import Answer, Describe, Described, Failed
from server.python_functions.channel import receive, send
from server.python_functions.folder import (
    check_function_name,
    current_versions,
    functions_folder,
    history_of,
)
from server.python_functions.limits import FunctionLimits
from server.python_functions.manifest import (
    FILE,
    FORMAT_VERSION,
    FunctionManifest,
    read_manifest,
)
from server.python_functions.worker_process import WorkerProcess
from server.site.atomic_files import change_of, read_line, sync_folder, write_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

KEPT_VERSIONS = 3
LOCK_WAIT_S = 10.0
_SWEEP_AFTER_S = 120.0
_MOST_BYTES = 16 << 20


class FunctionStore:
    """The registered functions of one data folder.

    Parameters
    ----------
    data
        The data folder; made at the first registration.

    Raises
    ------
    ConfigError, InvalidParameter
        From all methods, with what to do about it.
    """

    def __init__(self, data: Path, limits: FunctionLimits | None = None) -> None:
        self.folder = functions_folder(data)
        self._limits = limits or FunctionLimits()

    def add(self, name: str, file: Path, beside: Sequence[Path] = ()) -> FunctionManifest:
        """Register a file under a name, or a new version of it.

        The file is loaded once, in a process of its own; one that cannot say what its parameters are changes
        nothing.

        Parameters
        ----------
        beside
            Modules that the file imports.
        """
        home = self.folder / check_function_name(name)
        contents = _read([file, *beside])
        version = _version_of(contents)
        self._make(home)
        part = home / f".{version}-{time.time_ns()}.part"
        part.mkdir()
        try:
            for own, content in contents.items():
                (part / own).write_bytes(content)
            told = _described(part / file.name, file, self._limits)
            manifest = FunctionManifest(
                format_version=FORMAT_VERSION,
                name=name,
                version=version,
                file=file.name,
                class_name=told.class_name,
                description=told.description,
                parameters=told.parameters,
            )
            packed = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
            (part / FILE).write_bytes(packed)
            with change_of(self.folder, LOCK_WAIT_S):
                self._sweep()
                if not (home / version).is_dir():
                    part.rename(home / version)
                    sync_folder(home)
                self._switch(home, version)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return manifest

    def remove(self, name: str) -> None:
        """Take a function out; its files go with a later change."""
        with self._change():
            home = self._home(name)
            (home / "current").unlink()
            self._touch()

    def rollback(self, name: str, version: str = "") -> str:
        """Let an earlier version serve again and return it; "" = the one before the current."""
        with self._change():
            home = self._home(name)
            history = self.versions(name)
            current = read_line(home / "current")
            chosen = [known for known in history if version and known.startswith(version)]
            if not version and current in history:
                chosen = history[: history.index(current)][-1:]
            if len(chosen) != 1:
                known = ", ".join(each[:12] for each in history)
                raise ConfigError(name, "", f"has no such earlier version; it has {known}")
            read_manifest(home / chosen[0])
            write_line(home / "current", chosen[0])
            self._touch()
        return chosen[0]

    def versions(self, name: str) -> list[str]:
        """Return the versions kept of a function, oldest first."""
        home = self.folder / check_function_name(name)
        return [known for known in history_of(home) if (home / known).is_dir()]

    def current(self) -> Iterator[tuple[str, Path]]:
        """Yield names and the folders of the versions that serve, by name."""
        yield from current_versions(self.folder)

    def _make(self, home: Path) -> None:
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as err:
            raise ConfigError(home, "", f"cannot be made: {err.strerror}") from err

    def _change(self) -> AbstractContextManager[None]:
        if not self.folder.is_dir():
            raise ConfigError(self.folder.parent, "", "holds no registered functions")
        return change_of(self.folder, LOCK_WAIT_S)

    def _home(self, name: str) -> Path:
        home = self.folder / check_function_name(name)
        if not (home / "current").is_file():
            known = ", ".join(own for own, _ in self.current()) or "none"
            raise ConfigError(name, "", f"is no registered function; registered are: {known}")
        return home

    def _switch(self, home: Path, version: str) -> None:
        before = read_line(home / "current")
        others = [known for known in history_of(home) if known not in (before, version)]
        ordered = [*others, before, version] if before and before != version else [*others, version]
        write_line(home / "history", "\n".join(ordered[-KEPT_VERSIONS:]))
        write_line(home / "current", version)
        self._touch()

    def _sweep(self) -> None:
        """Remove versions that nothing points to any more, some time after the last change of their name."""
        before = time.time() - _SWEEP_AFTER_S
        for home in self.folder.iterdir():
            if not home.is_dir() or home.stat().st_mtime > before:
                continue
            current = read_line(home / "current")
            kept = {current, *(history_of(home) if current else ())}
            for version in home.iterdir():
                if version.is_dir() and version.name not in kept:
                    shutil.rmtree(version, ignore_errors=True)

    def _touch(self) -> None:
        write_line(self.folder / ".revision", str(time.time_ns()))


def _read(files: Sequence[Path]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in files:
        if file.suffix != ".py" or not file.stem.isidentifier():
            raise ConfigError(file, "", "is not called like a module of Python, NAME.py")
        if file.name in found:
            raise ConfigError(file, "", "is given twice")
        try:
            found[file.name] = file.read_bytes()
        except OSError as err:
            raise ConfigError(file, "", f"cannot be read: {err.strerror}") from err
    if sum(map(len, found.values())) > _MOST_BYTES:
        raise ConfigError(files[0], "", f"is larger than {_MOST_BYTES >> 20} MB")
    return found


def _version_of(contents: dict[str, bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _described(file: Path, shown: Path, limits: FunctionLimits) -> Described:
    """Load a file in a process of its own and return what it says of itself."""
    worker = WorkerProcess(file, limits)
    try:
        worker.sock.settimeout(limits.start_s)
        send(worker.sock, Describe())
        answer = msgspec.msgpack.decode(receive(worker.sock), type=Answer)
    except TimeoutError as err:
        why = f"it took longer than {limits.start_s:g} s to load"
        raise ConfigError(shown, "", why) from err
    except (OSError, ValueError, msgspec.MsgspecError) as err:
        raise ConfigError(shown, "", worker.end()) from err
    finally:
        worker.kill()
    if isinstance(answer, Described):
        return answer
    where = f"line {answer.line}" if isinstance(answer, Failed) and answer.line else ""
    why = answer.why if isinstance(answer, Failed) else "it does not say what it is"
    raise ConfigError(shown, where, why)
