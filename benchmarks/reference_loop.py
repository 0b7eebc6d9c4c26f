"""A fixed piece of work, timed beside every absolute figure.

Another machine, or this one in a bad hour, is recognised by it: rates may be compared between two
runs only after division by their loops. It calls nothing of this project.
"""

import time

import numpy as np

_REPEATS = 5


def reference_loop_ms() -> float:
    """Time the loop; the best of five, in milliseconds (about 50 to 100)."""
    return min(_once() for _ in range(_REPEATS)) * 1000.0


def _once() -> float:
    values = np.arange(1 << 20, dtype=np.uint32)
    started = time.perf_counter()
    for _ in range(6):
        # Integer arithmetic over 4 MB, then a gather out of order: processor and cache, as tiles do.
        values *= np.uint32(1_664_525)
        values += np.uint32(1_013_904_223)
        values = values[values & np.uint32((1 << 20) - 1)]
    total = 0
    for number in range(100_000):
        total = (total * 31 + number) & 0xFFFFFFFF
    return time.perf_counter() - started


if __name__ == "__main__":
    print(f"{reference_loop_ms():.1f} ms")
