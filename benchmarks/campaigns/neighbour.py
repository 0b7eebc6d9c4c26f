"""A service is flooded; who asks another one should hardly notice."""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import tiles_over
from server.load.load_client import LoadResult, run_load, target_of

# In turns with and without the flood, because a machine that others use, too, is not always as fast.
_ROUNDS = {Effort.SHORT: 1, Effort.NORMAL: 5, Effort.LONG: 60}
_SECONDS = {Effort.SHORT: 2.0, Effort.NORMAL: 5.0, Effort.LONG: 5.0}
_QUIET_CLIENTS = 2
_QUIET_RATE = 25.0
# Fewer where each answer takes long: those under way at the end are waited for.
_FLOOD_CLIENTS = {"tiles": 48, "pictures of 1000 × 1000": 24, "exports of 4000 × 4000": 6}
_FLOOD_NICE = 10
_LEAD_S = 1.0
_MOST_TIMES = 2.0


def tiles(place: Arena, service: str) -> list[str]:
    """Return tiles of all zooms."""
    chosen = tiles_over(ensure_scenes(TINY), range(10, 15), 150).tiles
    return [place.tile_url(tile, service) for tile in chosen]


def exports(place: Arena, service: str, side: int) -> list[str]:
    """Return pictures of `side` × `side` pixels, no two alike."""
    address = place.service_url(service)
    asked = []
    for number in range(200):
        west = 421_000 + number * 7
        box = f"bbox={west},5430000,{west + 9000},5439000&bboxSR=32633&imageSR=3857"
        asked.append(f"{address}/exportImage?{box}&size={side},{side}&format=jpg&f=image")
    return asked


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Ask B a little alone, then while A is flooded with tiles, pictures and large exports."""
    seconds = _SECONDS[effort]
    # Who floods is another process: the time of an answer must not hold the wait for its reader. It stands behind
    # all others at the cores, as one on another machine would take none of them.
    with (
        arena(folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as place,
        ProcessPoolExecutor(1, get_context("spawn"), os.nice, (_FLOOD_NICE,)) as other,
    ):
        place.publish("noisy")
        place.publish("quiet")
        quiet = tiles(place, "quiet")
        other.submit(_flood, quiet, 1, 0.1).result()
        _ask(quiet, seconds)
        floods = {
            "tiles": tiles(place, "noisy"),
            "pictures of 1000 × 1000": exports(place, "noisy", 1000),
            "exports of 4000 × 4000": exports(place, "noisy", 4000),
        }
        for name, noisy in floods.items():
            rounds = []
            for _ in range(_ROUNDS[effort]):
                # B is in use when the flood begins: who comes after a pause waits for what has begun.
                _ask(quiet, _LEAD_S)
                idle = _ask(quiet, seconds)
                flood = other.submit(_flood, noisy, _FLOOD_CLIENTS[name], _LEAD_S + seconds)
                _ask(quiet, _LEAD_S)
                rounds.append((idle, _ask(quiet, seconds), flood.result()))
            yield from _findings(name, rounds)


def _ask(urls: list[str], seconds: float) -> LoadResult:
    return run_load(target_of(urls), _QUIET_CLIENTS, seconds, _QUIET_RATE)


def _flood(urls: list[str], clients: int, seconds: float) -> LoadResult:
    return run_load(target_of(urls), clients, seconds)


def _findings(
    name: str, rounds: list[tuple[LoadResult, LoadResult, LoadResult]]
) -> Iterator[Finding]:
    what = f"tiles of B while A is flooded with {name}"
    failed = sum(sum(flooded.failures.values()) for _, flooded, _ in rounds)
    answered = sum(len(flooded.latencies_s) for _, flooded, _ in rounds)
    rate = median(flood.rate for _, _, flood in rounds)
    yield Finding(
        what=what,
        asked="no errors",
        seen=f"{failed} errors, {answered} tiles; A {rate:.1f}/s",
        met=not failed and answered > 0,
    )
    idle_ms = median(idle.percentile_ms(99) for idle, _, _ in rounds)
    flooded_ms = median(flooded.percentile_ms(99) for _, flooded, _ in rounds)
    halves = [
        median(each.percentile_ms(50) for each in side)
        for side in zip(*((idle, flooded) for idle, flooded, _ in rounds), strict=True)
    ]
    yield Finding(
        what=what,
        asked=f"p99 at most {_MOST_TIMES:g} × that without, medians of {len(rounds)} rounds "
        f"(p50 {halves[0]:.1f}, p99 {idle_ms:.1f} ms)",
        seen=f"p50 {halves[1]:.1f}, p99 {flooded_ms:.1f} ms",
        met=flooded_ms <= _MOST_TIMES * idle_ms,
        is_timed=True,
    )
