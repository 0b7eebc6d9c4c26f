"""How many seats a pool should have: plain arithmetic, no clock and no processes.

Up: one seat at a time, when a request has waited for 0.1 s, or for so long more waited than there are
seats (a burst of tiles that one instance answers in less is no reason to start another). Down: one
seat at a time, when for the idle time there was never work for so many seats at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_PATIENCE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Between how many seats a pool moves.

    Attributes
    ----------
    minimum : int
        Kept warm; 0 = the first request starts an instance.
    idle_s : float
        A seat beyond the minimum goes when it was not needed for so long.
    """

    minimum: int
    maximum: int
    idle_s: float = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a pool has to do at one moment.

    Attributes
    ----------
    seats, ready : int
        Seats that are there to stay; those whose instance can take requests.
    flying, waiting : int
        Requests at instances; requests that wait for one.
    last_asked : float
        When the last request came, by the same clock as `now`.
    """

    seats: int
    ready: int
    flying: int
    waiting: int
    longest_wait_s: float
    last_asked: float


@dataclass(slots=True)
class Scaler:
    """Remembers when how many seats were needed."""

    scale: Scale
    _pressed_since: float | None = None
    # By number of seats: when there was work for so many at once.
    _needed: dict[int, float] = field(default_factory=dict)

    def seats(self, now: float, load: Load) -> int:
        """Return how many seats the pool should have."""
        lowest, highest = self.scale.minimum, self.scale.maximum
        bounded = min(max(load.seats, lowest), highest)
        self._take_note(now, load)
        if bounded != load.seats:
            return bounded
        if self._is_pressed(now, load):
            self._needed[load.seats + 1] = now
            return min(load.seats + 1, highest)
        if load.seats > lowest and now - self._needed[load.seats] > self.scale.idle_s:
            return load.seats - 1
        return load.seats

    def _take_note(self, now: float, load: Load) -> None:
        work = load.flying + load.waiting
        for seats in range(1, load.seats + 1):
            if seats <= work or seats not in self._needed:
                self._needed[seats] = now
        if load.seats:
            # What came and went between two looks needed one seat.
            self._needed[1] = max(self._needed[1], load.last_asked)

    def _is_pressed(self, now: float, load: Load) -> bool:
        """Tell whether another seat would help; not while one is on its way."""
        if load.waiting <= load.seats:
            self._pressed_since = None
        elif self._pressed_since is None:
            self._pressed_since = now
        if load.ready < load.seats or not load.waiting:
            return False
        since = self._pressed_since
        return (
            not load.seats
            or load.longest_wait_s >= _PATIENCE_S
            or (since is not None and now - since >= _PATIENCE_S)
        )
