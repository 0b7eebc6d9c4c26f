"""A note in the data folder of the server that serves it: what it was started with, what it follows.

`swath system` and `swath service instances` read it, so that they judge a change by the settings that
the running server has, which another shell's environment or working folder does not tell.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING, Any

import msgspec

from config.layers import Layer, Layers
from config.site import masked
from engine.errors import ConfigError
from server.site.atomic_files import write_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from server.site.live_settings import LiveSettings

_log = logging.getLogger("swath.server")


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What the note says.

    Attributes
    ----------
    pid, host : int, str
        The server's process.
    layers : tuple of (kind, where, values)
        Sources of its settings at its start, but for the site.
    revision : tuple of int
        Of the site's file as it was last looked at.
    problem : str
        Why that file is not followed; "" = it is.
    waiting : tuple of str
        Keys that take effect at the next start.
    instances : dict of str to int
        Those that can take requests, by service with instances of its own; "" = the shared ones.
    """

    pid: int
    host: str
    layers: tuple[tuple[str, str, dict[str, Any]], ...]
    revision: tuple[int, int, int]
    problem: str
    waiting: tuple[str, ...]
    instances: dict[str, int]

    def base(self) -> Layers:
        """Return the sources of the settings at the start."""
        return Layers(tuple(Layer(kind, where, values) for kind, where, values in self.layers))


class ServingNote:
    """The note of one data folder."""

    def __init__(self, data: Path) -> None:
        self._file = data / ".serving"
        self._told: Serving | None = None
        self._trouble = ""

    def tell(self, live: LiveSettings, instances: Mapping[str, int]) -> None:
        """Write what holds now, where it differs from what was told before."""
        serving = Serving(
            pid=os.getpid(),
            host=socket.gethostname(),
            layers=tuple(
                (layer.kind, layer.where, masked(layer.values)) for layer in live.base.layers
            ),
            revision=live.revision,
            problem=live.problem,
            waiting=live.waiting,
            instances=dict(instances),
        )
        if not self._file.parent.is_dir():
            return
        # Another server of this folder may have written over the note and taken it away with its end.
        if serving == self._told and (self._trouble or self.read() is not None):
            return
        self._told = serving
        try:
            write_line(self._file, msgspec.json.encode(serving).decode("ascii", "backslashreplace"))
            self._trouble = ""
        except ConfigError as err:
            # A folder that may only be read serves as well.
            if str(err) != self._trouble:
                _log.info("no note of this server: %s", err)
            self._trouble = str(err)

    def warn_of_other(self) -> None:
        """Log that another server has this folder, too: that may be meant, and may not."""
        serving = self.read()
        if serving is not None and serving.pid != os.getpid():
            _log.warning(
                "another server (process %d) serves %s, too; each takes its share of memory as if"
                " it were alone",
                serving.pid,
                self._file.parent,
            )

    def remove(self) -> None:
        """Take the note away, if it is this server's."""
        serving = self.read()
        if serving is not None and serving.pid == os.getpid():
            self._file.unlink(missing_ok=True)

    def read(self) -> Serving | None:
        """Return what the server that runs on this machine says; None = none runs here."""
        try:
            serving = msgspec.json.decode(self._file.read_bytes(), type=Serving)
        except (OSError, msgspec.DecodeError):  # no server, or one of another version
            return None
        return serving if serving.host == socket.gethostname() and _runs(serving.pid) else None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
