"""Three and ten times what the server can do: it goes on doing that, and refuses the rest at once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.campaigns.flood import Flooded, flood
from benchmarks.campaigns.vitals import Vitals, watched
from server.load.load_client import LoadResult, Target, run_load, target_of

_SECONDS = {Effort.SHORT: 2.0, Effort.NORMAL: 20.0, Effort.LONG: 300.0}
_TIMES = (3.0, 10.0)
_FEW_CLIENTS = 6
_WATCHING_CLIENTS = 200
_FLOOD_CONNECTIONS = 400
# Sides of the pictures: a flood is rarely of one shape.
_SIDES = (880, 890, 900, 910, 920)
_WAIT_S = 1.0
_RECOVERY_S = 2.0
_LEAST_SHARE = 0.9
_QUIET_RATE = 4.0
_LOOK_S = 1.0
# One answer kept for each connection of the flood would be over a thousand.
_MORE_MB = 400


def urls(place: Arena) -> list[str]:
    """Return pictures that cost some tens of milliseconds each, no two alike."""
    service = place.service_url()
    asked = []
    for number in range(2000):
        west, south = 421_000 + number % 50 * 7, 5_430_000 + number // 50 * 11
        box = f"bbox={west},{south},{west + 9000},{south + 9000}&bboxSR=32633&imageSR=3857"
        side = _SIDES[number % len(_SIDES)]
        asked.append(f"{service}/exportImage?{box}&size={side},{side}&format=png&f=image")
    return asked


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Find the capacity, ask for multiples of it, look how soon all is as before."""
    seconds = _SECONDS[effort]
    settings = {"SWATH_MEMORY_RESPONSE_CACHE_MB": "0", "SWATH_TIMEOUTS_WAIT_S": str(_WAIT_S)}
    with arena(folder, **settings) as place:
        target = target_of(urls(place))
        _load(target, _FEW_CLIENTS, seconds)
        with watched(place.processes, _LOOK_S) as usual:
            capacity = _load(target, _FEW_CLIENTS, seconds).rate
        before = _load(target, 1, seconds, _QUIET_RATE)
        for times in _TIMES:
            with (
                watched(place.processes, _LOOK_S) as vitals,
                flood(urls(place), _FLOOD_CONNECTIONS, seconds, (times - 1) * capacity) as told,
            ):
                # As much as it can do is asked here, where each answer is looked at.
                answers = _load(target, _WATCHING_CLIENTS, seconds, capacity)
            after = _load(target, 1, _RECOVERY_S, _QUIET_RATE)
            # Before and after: a machine that others use, too, is not always as fast.
            again = _load(target, _FEW_CLIENTS, seconds).rate
            yield from _findings(times, (capacity + again) / 2, before, (answers, told[0]))
            yield _recovery(times, before, after)
            yield _memory(times, usual, vitals)
            capacity = again


def _load(target: Target, clients: int, seconds: float, rate: float = 0.0) -> LoadResult:
    return run_load(target, clients, seconds, rate)


def _memory(times: float, at_capacity: Sequence[Vitals], under: Sequence[Vitals]) -> Finding:
    most_mb, usual_mb = (
        max(each.memory_bytes for each in seen) / 1e6 for seen in (under, at_capacity)
    )
    return Finding(
        what=f"memory of all processes at {times:g} × the capacity",
        asked=f"never {_MORE_MB} MB more than at the capacity",
        seen=f"{most_mb:.0f} MB at most, {usual_mb:.0f} MB there",
        met=most_mb - usual_mb < _MORE_MB,
    )


def _findings(
    times: float, capacity: float, before: LoadResult, under: tuple[LoadResult, Flooded]
) -> Iterator[Finding]:
    answers, flooded = under
    served = len(answers.latencies_s) + flooded.served
    refused = answers.failures["503"] + flooded.refused
    others = sum(answers.failures.values()) - answers.failures["503"] + flooded.others
    asked = (served + refused + others) / max(answers.seconds, flooded.seconds)
    what = f"{times:g} × the capacity of {capacity:.0f} pictures/s ({asked:.0f}/s came)"
    yield Finding(
        what=what,
        asked="served or refused with 503, nothing else",
        seen=f"{served} served, {refused} refused, {others} others",
        met=served > 0 and not others,
    )
    rate = len(answers.latencies_s) / answers.seconds + flooded.served / flooded.seconds
    yield Finding(
        what=what,
        asked="served rate within 10 % of the capacity",
        seen=f"{rate:.1f}/s, {rate / capacity:.0%}",
        met=rate >= _LEAST_SHARE * capacity,
        is_timed=True,
    )
    p99_ms = answers.percentile_ms(99)
    # All cores are busy now, so that a picture takes longer than alone.
    bound_ms = _WAIT_S * 1e3 + 3 * before.percentile_ms(99)
    yield Finding(
        what=what,
        asked=f"p99 of the served within the wait limit ({_WAIT_S:g} s) and their own time",
        seen=f"p50 {answers.percentile_ms(50):.0f} ms, p99 {p99_ms:.0f} ms (bound {bound_ms:.0f} ms)",
        met=p99_ms <= bound_ms,
        is_timed=True,
    )


def _recovery(times: float, before: LoadResult, after: LoadResult) -> Finding:
    last_ms = after.latencies_s[-1] * 1e3 if after.latencies_s else float("inf")
    usual_ms = before.percentile_ms(99)
    return Finding(
        what=f"{_RECOVERY_S:g} s after {times:g} × the capacity",
        asked="no errors, latency as before",
        seen=f"{sum(after.failures.values())} errors, {last_ms:.0f} ms (p99 before {usual_ms:.0f} ms)",
        met=not after.failures and last_ms <= 2 * usual_ms,
        is_timed=True,
    )
