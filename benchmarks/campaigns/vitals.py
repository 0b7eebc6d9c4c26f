"""What the processes of a server hold: memory, descriptors, threads, taken every so often."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers.process_tree import ProcessTree


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look at all processes of a server."""

    at_s: float
    memory_bytes: int
    descriptors: int
    threads: int


def look(processes: ProcessTree, since: float) -> Vitals:
    """Look once; processes that end meanwhile are left out."""
    memory = descriptors = threads = 0
    for pid in processes.pids():
        folder = Path(f"/proc/{pid}")
        try:
            rollup = (folder / "smaps_rollup").read_text()
            descriptors += len(list((folder / "fd").iterdir()))
            threads += len(list((folder / "task").iterdir()))
        except (FileNotFoundError, ProcessLookupError):
            continue
        memory += sum(int(row.split()[1]) for row in rollup.splitlines() if row.startswith("Pss:"))
    return Vitals(time.monotonic() - since, memory * 1024, descriptors, threads)


@contextmanager
def watched(processes: ProcessTree, every_s: float) -> Iterator[list[Vitals]]:
    """Look again and again while the block runs; the list fills meanwhile."""
    seen: list[Vitals] = []
    ended = threading.Event()
    since = time.monotonic()

    def watch() -> None:
        while not ended.wait(every_s):
            seen.append(look(processes, since))

    watcher = threading.Thread(target=watch, name="vitals")
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through the second half of a series, and how far the values lie from it."""

    first: float
    rise: float
    noise: float

    def is_flat(self, share: float, pieces: float = 0.0) -> bool:
        """Tell whether what it rose from end to end is within twice the noise, or a share of where it began.

        Parameters
        ----------
        pieces
            So many are nothing in any case.
        """
        return self.rise <= max(2.0 * self.noise, share * self.first, pieces)


def trend(at_s: list[float], values: list[float]) -> Trend:
    """Return the trend of the second half: in the first, caches fill."""
    half = len(values) // 2
    x, y = np.asarray(at_s[half:]), np.asarray(values[half:])
    slope, start = np.polyfit(x, y, 1)
    line = slope * x + start
    return Trend(float(line[0]), float(line[-1] - line[0]), float(np.std(y - line)))
