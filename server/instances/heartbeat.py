"""What the front makes of an instance's heartbeat; plain data, no clock and no process.

An instance ticks its control page some ten times a second. Silence is counted in the front's own looks, each
of them for a little at most: on a machine where the front itself does not get to run (starved, stopped
in a terminal, a laptop that slept), everybody is silent, and nobody is to blame.
"""

from __future__ import annotations

BEAT_S = 0.1
# Ticks come late on a busy machine. Looking at a process that did not stop costs some microseconds.
MISSED_S = 0.2
_LONGEST_STEP_S = 0.1


class Pulse:
    """The heartbeat of one instance."""

    __slots__ = ("_beat", "_silent_s")

    def __init__(self) -> None:
        self._beat = 0.0
        self._silent_s = 0.0

    def silent_s(self, beat: float, step_s: float) -> float:
        """Return for how long there was no tick.

        Parameters
        ----------
        beat
            The instance's last tick; which value it has does not matter.
        step_s
            Has passed since the last look.
        """
        if beat == self._beat:
            self._silent_s += min(step_s, _LONGEST_STEP_S)
        else:
            self._beat = beat
            self._silent_s = 0.0
        return self._silent_s
