"""A process beside the server that makes the demo's services, one after the other.

The map opens as soon as the first service is there; the server takes up the others when they come,
as it follows any change of the data folder. Nothing heavy is loaded into the server's own process.
"""

from __future__ import annotations

import multiprocessing
import threading
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from engine.errors import ConfigError, ImageServerError, from_record, to_record
from server.authoring.progress_bars import ProgressBars

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

_END_S = 5.0


class _Step(msgspec.Struct, frozen=True):
    """What the making process says."""

    kind: Literal["progress", "published", "failed", "ended"]
    values: tuple[Any, ...] = ()


class DemoMaker:
    """Make the services of the demo in a process of their own; use as a context."""

    def __init__(self, data: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, far = context.Pipe(duplex=False)
        # The process has children, so it cannot be a daemon; `__exit__` ends it.
        self._process = context.Process(target=_make_all, args=(str(data), far), name="demo")
        self._process.start()
        far.close()

    def __enter__(self) -> DemoMaker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join(_END_S)
        self._pipe.close()

    def wait_for_first(self) -> str:
        """Show progress until the first service is published, and return its name.

        Raises
        ------
        ImageServerError
            It could not be made.
        """
        with ProgressBars() as progress:
            while True:
                step = self._receive()
                if step.kind == "progress":
                    progress(*step.values)
                elif step.kind == "published":
                    return str(step.values[0])
                else:
                    raise _failure(step)

    def follow(self, on_published: Callable[[str], None], on_failed: Callable[[str], None]) -> None:
        """Tell of the other services as they come, from a thread."""

        def listen() -> None:
            while (step := self._receive()).kind != "ended":
                if step.kind == "published":
                    on_published(str(step.values[0]))
                elif step.kind == "failed":
                    on_failed(str(_failure(step)))

        threading.Thread(target=listen, name="demo-listener", daemon=True).start()

    def _receive(self) -> _Step:
        try:
            return msgspec.msgpack.decode(self._pipe.recv_bytes(), type=_Step)
        except (EOFError, OSError):
            # The process is gone, or this side has closed the pipe on its way out.
            return _Step("ended")


def _failure(step: _Step) -> ImageServerError:
    if step.kind == "failed":
        name, fields = step.values
        return from_record(name, fields)
    return ConfigError("demo", "", "the process that makes the scenes ended before it was done")


def _make_all(data: str, pipe: Connection) -> None:
    """Make all services; runs in the process beside the server."""
    from pathlib import Path

    from server.demo.demo_services import DEMO_SERVICES, prepare
    from server.guarded_workers import GuardedWorkers

    def say(kind: Literal["progress", "published", "failed"], *values: Any) -> None:
        pipe.send_bytes(msgspec.msgpack.encode(_Step(kind, values)))

    try:
        with GuardedWorkers(forked=True) as workers:
            for service in DEMO_SERVICES:
                prepare(service, Path(data), workers, lambda *step: say("progress", *step))
                say("published", service.name)
    except ImageServerError as error:
        say("failed", *to_record(error))
    except (KeyboardInterrupt, BrokenPipeError):
        # Ctrl-C reaches this process too; without the server nobody waits for the rest.
        return
