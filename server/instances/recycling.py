"""When an instance has done enough and a new one takes its seat; plain data, no clock and no process.

Libraries that are not ours leak a little, and heaps fall to pieces: a process that is replaced in good time
never gets to where it fails. Instances start together, so each has a little less time than the last,
by chance, or all would go together.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import msgspec

_JITTER = 0.1
# One look may meet a large picture under way.
_LOOKS = 2


class RecyclingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What an instance may come to; 0 = anything.

    Attributes
    ----------
    memory_bytes : int
        Proportional size of the process.
    """

    requests: int = 0
    age_s: float = 0.0
    memory_bytes: int = 0


@dataclass(slots=True)
class Wear:
    """How far one instance has come.

    Attributes
    ----------
    started : float
        Monotonic time.
    chance : float
        0 … 1, drawn once for each instance: 1 = a tenth earlier than the limits say.
    """

    started: float
    chance: float
    _weights: deque[int] = field(default_factory=lambda: deque(maxlen=_LOOKS))

    def weigh(self, memory_bytes: int) -> None:
        """Take note of what the process holds."""
        self._weights.append(memory_bytes)

    def why(self, limits: RecyclingLimits, answered: float, now: float) -> str:
        """Return why the instance is to be replaced; "" = it is not."""
        share = 1.0 - _JITTER * self.chance
        if 0 < limits.requests * share <= answered:
            return f"{answered:.0f} requests"
        if 0 < limits.age_s * share <= now - self.started:
            return f"an age of {(now - self.started) / 3600:.1f} h"
        if len(self._weights) == _LOOKS and min(self._weights) > limits.memory_bytes > 0:
            return f"{self._weights[-1] >> 20} MB of memory"
        return ""
