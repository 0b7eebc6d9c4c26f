"""The service versions an instance has open: opened at the first request, closed by least use or when idle."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.service import ImageService, open_service
from server.instances.process import return_free_memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.budget import InstanceMemory

# Idle times are half hours: looking is cheap, and some seconds late is early enough.
_LOOK_S = 5.0


@dataclass(slots=True)
class _Opened:
    service: ImageService
    last_used: float
    users: int = 0
    is_dropped: bool = False

    @property
    def idle_since(self) -> float:
        """When it began to be too long unused; never while it is used."""
        if self.users:
            return float("inf")
        return self.last_used + self.service.summary.properties.idle_timeout_s


class OpenServices:
    """The latest used services, each closed after its last user.

    Parameters
    ----------
    limit
        How many may be open.
    """

    def __init__(self, memory: InstanceMemory, limit: int) -> None:
        self._memory = memory
        self._limit = limit
        self._lock = threading.Lock()
        self._opened: OrderedDict[str, _Opened] = OrderedDict()

    def __len__(self) -> int:
        return len(self._opened)

    @contextmanager
    def use(self, path: str) -> Iterator[ImageService]:
        """Lend the service at `path`, opened if need be."""
        with self._lock:
            opened = self._opened.get(path)
            if opened is None:
                service = open_service(path, self._memory)
                opened = self._opened[path] = _Opened(service, time.monotonic())
                self._drop_oldest()
            self._opened.move_to_end(path)
            opened.users += 1
        try:
            yield opened.service
        finally:
            with self._lock:
                opened.users -= 1
                opened.last_used = time.monotonic()
                if opened.is_dropped and not opened.users:
                    opened.service.close()

    def close_idle(self, now: float) -> int:
        """Close what was not asked for during its service's idle timeout, and return how many that were."""
        with self._lock:
            idle = [path for path, each in self._opened.items() if each.idle_since <= now]
            for path in idle:
                self._opened.pop(path).service.close()
        return len(idle)

    def watch(self) -> None:
        """Close idle services from now on, in a thread of its own."""
        threading.Thread(target=self._watch, name="idle-services", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_S)
            if self.close_idle(time.monotonic()):
                return_free_memory()

    def _drop_oldest(self) -> None:
        while len(self._opened) > self._limit:
            _, oldest = self._opened.popitem(last=False)
            oldest.is_dropped = True
            if not oldest.users:
                oldest.service.close()
