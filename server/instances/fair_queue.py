"""What waits for an instance, in fair turns: services share alike, and in a service its clients.

Start-time fair queueing at both levels, by price and not by count: a flow that was given a second of
work has its next turn a second of virtual time later, so that who asks for pictures of a thousand times
the work gets a thousandth of the turns. Who comes new, or was away, takes the next turn. What one client
asks is first come, first served. A flood costs its own flow's patience and nobody else's.

References
----------
P. Goyal, H. Vin, H. Cheng: Start-time Fair Queueing, IEEE/ACM Transactions on Networking 5 (5), 1997.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic

from server.instances.turns import F, Flow, Lane, Lengths, Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server.instances.flight import Flight

_FEWEST_TO_FORGET = 64


class _Level(Generic[F]):
    """Flows that share alike, and their virtual time.

    A flow that empties is remembered while its next turn lies ahead: else who asks one thing at a
    time would always come new.
    """

    def __init__(self, make: Callable[[str], F]) -> None:
        self.flows: dict[str, F] = {}
        self.lengths: Lengths[F] = Lengths()
        self.busy = 0
        self._turns: tuple[Turns[F], Turns[F]] = (Turns(Lane.SMALL), Turns(Lane.LARGE))
        self._now = 0.0
        self._make = make
        self._most = _FEWEST_TO_FORGET

    def enter(self, name: str, lane: Lane, price_s: float) -> F:
        flow = self.flows.get(name)
        if flow is None:
            if len(self.flows) >= self._most:
                self._forget_quits()
            flow = self.flows[name] = self._make(name)
        if not flow.count:
            flow.tag = max(flow.tag, self._now)
            self.busy += 1
        flow.add(lane, price_s)
        self.lengths.grown(flow)
        self._turns[lane].add(flow)
        return flow

    def leave(self, flow: F, lane: Lane, price_s: float) -> None:
        flow.remove(lane, price_s)
        self.lengths.shrunk(flow)
        if not flow.count:
            self.busy -= 1

    def charge(self, flow: F, lane: Lane, price_s: float) -> None:
        """Give a flow with something waiting a turn, its own or before its time."""
        front = self.first(lane)
        # Time goes on only as far as the turn that is due: who comes new shall not pay for a loan.
        self._now = max(self._now, flow.tag if front is None else front.tag)
        flow.tag += price_s

    def first(self, lane: Lane) -> F | None:
        return self._turns[lane].first()

    def some(self, lane: Lane, count: int) -> list[F]:
        return self._turns[lane].some(count)

    def _forget_quits(self) -> None:
        for name, flow in list(self.flows.items()):
            if not flow.count and flow.tag <= self._now:
                del self.flows[name]
        self._most = max(_FEWEST_TO_FORGET, 2 * len(self.flows))


class _Client(Flow):
    __slots__ = ("queues",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.queues: tuple[OrderedDict[int, Flight], ...] = (OrderedDict(), OrderedDict())


class _Service(Flow):
    __slots__ = ("clients",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.clients: _Level[_Client] = _Level(_Client)


class FairQueue:
    """The flights that wait; every step O(log n) or less."""

    def __init__(self) -> None:
        self._services: _Level[_Service] = _Level(_Service)
        self._returned: deque[Flight] = deque()
        self._count = 0
        self._price_s = 0.0

    def __len__(self) -> int:
        return self._count + len(self._returned)

    def __iter__(self) -> Iterator[Flight]:
        yield from self._returned
        for service in self._services.flows.values():
            for client in service.clients.flows.values():
                for queue in client.queues:
                    yield from queue.values()

    def push(self, flight: Flight) -> None:
        """Let a flight wait behind what its client has waiting."""
        lane, price_s = _lane(flight), flight.price_s
        service = self._services.enter(flight.service, lane, price_s)
        client = service.clients.enter(flight.client, lane, price_s)
        client.queues[lane][flight.id] = flight
        self._count += 1
        self._price_s += price_s

    def push_first(self, flight: Flight) -> None:
        """Let a flight wait before all others; it was charged when it had its turn."""
        self._returned.appendleft(flight)

    def first(self) -> Flight | None:
        """Return the flight whose turn it is."""
        if self._returned:
            return self._returned[0]
        if not self._count:
            return None
        heads = [head for lane in Lane if (head := self._head(lane)) is not None]
        return min(heads)[-1] if heads else None

    def first_small(self) -> Flight | None:
        """Return the small flight whose turn it is."""
        head = self._head(Lane.SMALL)
        return None if head is None else head[-1]

    def following(self, first: Flight, count: int) -> Iterator[Flight]:
        """Yield `count` flights at most that may go instead: of the same client, then of others.

        All are of the same service and in the same lane, so that services pay for their own.
        """
        service, client = self._services.flows.get(first.service), self._client_of(first)
        if service is None or client is None:
            return iter((first,))
        lane = _lane(first)
        others = [each for each in service.clients.some(lane, count) if each is not client]
        queues = (each.queues[lane].values() for each in (client, *others))
        return islice(chain.from_iterable(queues), count)

    def take(self, flight: Flight) -> None:
        """Give a waiting flight its turn, at its flow's cost."""
        service, client = self._services.flows.get(flight.service), self._client_of(flight)
        lane = _lane(flight)
        if service is not None and client is not None and flight.id in client.queues[lane]:
            self._services.charge(service, lane, flight.price_s)
            service.clients.charge(client, lane, flight.price_s)
        self.forget(flight)
        if not self._count:
            # Nobody is kept waiting: no debts.
            self._services = _Level(_Service)

    def forget(self, flight: Flight) -> bool:
        """Take a flight out; False = it was not there."""
        if self._remove(flight):
            return True
        if flight in self._returned:
            self._returned.remove(flight)
            return True
        return False

    def newest_of_longest(self, newcomer: Flight) -> Flight:
        """Return who goes where there is no room for all: the newest of who has most waiting."""
        service = self._services.lengths.longest()
        own = self._services.flows.get(newcomer.service)
        if own is not None and service is not None and own.count >= service.count:
            service = own
        client = None if service is None else service.clients.lengths.longest()
        if service is None or client is None:
            return newcomer
        if service is own:
            same = own.clients.flows.get(newcomer.client)
            if same is not None and same.count >= client.count:
                return newcomer
        return max((next(reversed(q.values())) for q in client.queues if q), key=_number)

    def work_before(self, newcomer: Flight) -> float:
        """Return the seconds of work that are done before a newcomer's turn, estimated.

        While its client's requests are worked off, each other client of the service is given as much,
        and each other service as much as all of them; but never more than waits in all.
        """
        price_s, in_service = newcomer.price_s, 0.0
        own = self._services.flows.get(newcomer.service)
        if own is not None:
            same = own.clients.flows.get(newcomer.client)
            mine = price_s if same is None else price_s + same.price_s
            in_service = min(own.price_s, mine * own.clients.busy)
        return min(self._price_s, (price_s + in_service) * self._services.busy)

    def clear(self) -> None:
        """Forget all."""
        self._services = _Level(_Service)
        self._returned.clear()
        self._count, self._price_s = 0, 0.0

    def _remove(self, flight: Flight) -> bool:
        client, lane = self._client_of(flight), _lane(flight)
        if client is None or client.queues[lane].pop(flight.id, None) is None:
            return False
        service = self._services.flows[flight.service]
        service.clients.leave(client, lane, flight.price_s)
        self._services.leave(service, lane, flight.price_s)
        self._count -= 1
        # Sums of floats drift: an empty queue has none.
        self._price_s = self._price_s - flight.price_s if self._count else 0.0
        return True

    def _client_of(self, flight: Flight) -> _Client | None:
        service = self._services.flows.get(flight.service)
        return None if service is None else service.clients.flows.get(flight.client)

    def _head(self, lane: Lane) -> tuple[float, float, int, Flight] | None:
        """Return the first of a lane behind what it is compared by: turns, then who came first."""
        service = self._services.first(lane)
        client = None if service is None else service.clients.first(lane)
        if service is None or client is None:
            return None
        flight = next(iter(client.queues[lane].values()))
        return service.tag, client.tag, flight.id, flight


def _lane(flight: Flight) -> Lane:
    return Lane.SMALL if flight.is_small else Lane.LARGE


def _number(flight: Flight) -> int:
    return flight.id
