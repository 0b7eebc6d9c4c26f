"""A service is flooded; who asks another one should hardly notice."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import tiles_over
from server.load.load_client import LoadResult, generate_load, target_of

_SECONDS = {Effort.SHORT: 2.0, Effort.NORMAL: 20.0, Effort.LONG: 300.0}
_QUIET_CLIENTS = 2
_QUIET_RATE = 25.0
# Fewer where each answer takes long: those under way at the end are waited for.
_FLOOD_CLIENTS = {"tiles": 48, "pictures of 1000 × 1000": 24, "exports of 4000 × 4000": 6}
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
    # Who floods is another process: the time of an answer must not hold the wait for its reader.
    with (
        arena(folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as place,
        ProcessPoolExecutor(1, get_context("spawn")) as other,
    ):
        place.publish("noisy")
        place.publish("quiet")
        quiet = tiles(place, "quiet")
        other.submit(_flood, quiet, 1, 0.1).result()
        _ask(quiet, seconds)
        idle = _ask(quiet, seconds)
        floods = {
            "tiles": tiles(place, "noisy"),
            "pictures of 1000 × 1000": exports(place, "noisy", 1000),
            "exports of 4000 × 4000": exports(place, "noisy", 4000),
        }
        for name, noisy in floods.items():
            # B is in use when the flood begins: who comes after a pause waits for what has begun.
            _ask(quiet, _LEAD_S)
            flood = other.submit(_flood, noisy, _FLOOD_CLIENTS[name], _LEAD_S + seconds)
            _ask(quiet, _LEAD_S)
            flooded = _ask(quiet, seconds)
            yield from _findings(name, idle, flooded, flood.result())


def _ask(urls: list[str], seconds: float) -> LoadResult:
    return asyncio.run(generate_load(target_of(urls), _QUIET_CLIENTS, seconds, _QUIET_RATE))


def _flood(urls: list[str], clients: int, seconds: float) -> LoadResult:
    return asyncio.run(generate_load(target_of(urls), clients, seconds))


def _findings(
    name: str, idle: LoadResult, flooded: LoadResult, flood: LoadResult
) -> Iterator[Finding]:
    what = f"tiles of B while A is flooded with {name}"
    failed = sum(flooded.failures.values())
    yield Finding(
        what=what,
        asked="no errors",
        seen=f"{failed} errors, {len(flooded.latencies_s)} tiles; A {flood.rate:.1f}/s",
        met=not failed and bool(flooded.latencies_s),
    )
    idle_ms, flooded_ms = idle.percentile_ms(99), flooded.percentile_ms(99)
    yield Finding(
        what=what,
        asked=f"p99 at most {_MOST_TIMES:g} × that without (p50 {idle.percentile_ms(50):.1f}, "
        f"p99 {idle_ms:.1f} ms)",
        seen=f"p50 {flooded.percentile_ms(50):.1f}, p99 {flooded_ms:.1f} ms",
        met=flooded_ms <= _MOST_TIMES * idle_ms,
        is_timed=True,
    )
