"""One process of `worker.py`, as the instance that started it sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from server.instances.process import ENVIRONMENT

if TYPE_CHECKING:
    from server.python_functions.limits import FunctionLimits

_MB = 1 << 20
_ROOT = Path(__file__).resolve().parents[2]
_END_S = 2.0


class WorkerProcess:
    """A process that runs one function.

    Attributes
    ----------
    lock : Lock
        Held by the request it works for.
    is_loaded : bool
        It has answered once.
    """

    def __init__(self, file: Path, limits: FunctionLimits) -> None:
        self.lock = threading.Lock()
        self.is_loaded = False
        self.sock, theirs = socket.socketpair()
        arguments = ["--socket", str(theirs.fileno()), "--file", str(file.absolute())]
        arguments += ["--memory", str(limits.memory_mb * _MB)]
        arguments += ["--time", str(max(limits.time_s, limits.start_s))]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "server.python_functions.worker", *arguments],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=_environment(),
                # What it may start dies with it.
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process, whatever it is doing."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                # It has not made its own session yet.
                self._process.kill()
            self._process.wait()
        self.sock.close()

    def end(self) -> str:
        """Say how the process ended, in a sentence without its full stop."""
        try:
            code = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return "its process does not answer"
        if code < 0:
            return f"its process ended by signal {-code} ({signal.Signals(-code).name})"
        return f"its process ended with code {code}"


def _environment() -> dict[str, str]:
    more = os.environ.get("PYTHONPATH")
    paths = [str(_ROOT), more] if more else [str(_ROOT)]
    return {
        **os.environ,
        **ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join(paths),
        # Registered files are never written beside.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
