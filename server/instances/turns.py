"""The two orders in which flows of waiting requests are kept: whose turn it is, and who has most waiting.

A flow is what one asker has waiting: a service among services, a client among the clients of a service.
"""

from __future__ import annotations

import heapq
import itertools
from enum import IntEnum
from typing import Generic, TypeVar

_FEWEST_TO_TIDY = 64


class Lane(IntEnum):
    """Small requests stand beside all others: some seats take only them."""

    SMALL = 0
    LARGE = 1


class Flow:
    """What one asker has waiting.

    Attributes
    ----------
    tag : float
        When its next turn begins, in the virtual time of its level: seconds of work that each of the
        flows there has been given.
    counts : list of int
        How many wait, by lane.
    price_s : float
        What all that waits will cost, in seconds of one instance.
    listed : list of bool
        Whether `Turns` knows of it, by lane.
    """

    __slots__ = ("count", "counts", "listed", "name", "price_s", "tag")

    def __init__(self, name: str) -> None:
        self.name = name
        self.tag = 0.0
        self.count = 0
        self.counts = [0, 0]
        self.price_s = 0.0
        self.listed = [False, False]

    def add(self, lane: Lane, price_s: float) -> None:
        """Count one more that waits."""
        self.count += 1
        self.counts[lane] += 1
        self.price_s += price_s

    def remove(self, lane: Lane, price_s: float) -> None:
        """Count one less."""
        self.count -= 1
        self.counts[lane] -= 1
        # Sums of floats drift: an empty flow has none.
        self.price_s = self.price_s - price_s if self.count else 0.0


F = TypeVar("F", bound=Flow)


class Turns(Generic[F]):
    """The flows with something waiting in one lane, earliest turn first; each step O(log n).

    A tag that grows and a flow that empties are noticed when the flow comes to the front: tags never
    become smaller, so nobody behind it has waited for that.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._heap: list[tuple[float, int, F]] = []
        # Among equal tags the one that was listed first.
        self._numbers = itertools.count()
        self._most = _FEWEST_TO_TIDY

    def add(self, flow: F) -> None:
        """List a flow that has something waiting."""
        if flow.listed[self._lane]:
            return
        flow.listed[self._lane] = True
        heapq.heappush(self._heap, (flow.tag, next(self._numbers), flow))
        if len(self._heap) > self._most:
            self._tidy()

    def first(self) -> F | None:
        """Return the flow whose turn it is."""
        heap, lane = self._heap, self._lane
        while heap:
            tag, _, flow = heap[0]
            if not flow.counts[lane]:
                heapq.heappop(heap)
                flow.listed[lane] = False
            elif tag < flow.tag:
                heapq.heapreplace(heap, (flow.tag, next(self._numbers), flow))
            else:
                return flow
        return None

    def some(self, count: int) -> list[F]:
        """Return up to `count` flows that have something waiting; their turns come sooner than most."""
        return [flow for _, _, flow in self._heap[:count] if flow.counts[self._lane]]

    def _tidy(self) -> None:
        """Drop flows that emptied without coming to the front: their askers left."""
        kept = []
        for entry in self._heap:
            flow = entry[2]
            if flow.counts[self._lane]:
                kept.append(entry)
            else:
                flow.listed[self._lane] = False
        heapq.heapify(kept)
        self._heap = kept
        self._most = max(_FEWEST_TO_TIDY, 2 * len(kept))


class Lengths(Generic[F]):
    """Flows by how many they have waiting; the longest is found in one step."""

    def __init__(self) -> None:
        self._at: dict[int, dict[F, None]] = {}
        self._most = 0

    def grown(self, flow: F) -> None:
        """Note that a flow has one more waiting."""
        self._leave(flow, flow.count - 1)
        self._at.setdefault(flow.count, {})[flow] = None
        self._most = max(self._most, flow.count)

    def shrunk(self, flow: F) -> None:
        """Note that a flow has one less waiting."""
        self._leave(flow, flow.count + 1)
        if flow.count:
            self._at.setdefault(flow.count, {})[flow] = None
        if self._most not in self._at:
            self._most -= 1

    def longest(self) -> F | None:
        """Return the flow with most waiting."""
        return next(iter(self._at[self._most])) if self._most else None

    def _leave(self, flow: F, length: int) -> None:
        if not length:
            return
        others = self._at[length]
        del others[flow]
        if not others:
            del self._at[length]
