"""Steady load at 80 % of capacity: no errors, and nothing that grows."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.campaigns.vitals import Trend, Vitals, trend, watched
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import tiles_over
from server.load.load_client import LoadResult, Target, run_load, target_of

_SHARE = 0.8
_CLIENTS = 32
_SECONDS = {Effort.SHORT: 120.0, Effort.NORMAL: 300.0, Effort.LONG: 3600.0}
_EVERY_S = {Effort.SHORT: 1.0, Effort.NORMAL: 2.0, Effort.LONG: 10.0}
_WARM_S = {Effort.SHORT: 5.0, Effort.NORMAL: 10.0, Effort.LONG: 30.0}
# What may be gained over the second half all the same: heaps settle for some minutes, a leak goes on.
_RISE = {Effort.SHORT: 0.02, Effort.NORMAL: 0.01, Effort.LONG: 0.005}
_MB = 1e6
# A pool of threads begins another when it is first needed.
_PIECES = 2


def urls(place: Arena) -> list[str]:
    """Return what is asked: tiles of three formats, pictures, JSON; as clients mix them."""
    tiles = tiles_over(ensure_scenes(TINY), range(10, 15), 150).tiles
    asked = [
        place.tile_url(tile, ending=("jpg", "png", "webp")[n % 3]) for n, tile in enumerate(tiles)
    ]
    service = place.service_url()
    view = "bbox=421000,5430000,431000,5440000&bboxSR=32633&imageSR=3857&size=400,400"
    for number in range(0, len(asked), 10):
        shifted = view.replace("421000", str(421000 + number))
        asked[number] = f"{service}/exportImage?{shifted}&format=png&f=image"
        asked[number + 1] = f"{service}/identify?geometry={422000 + number},5435000&f=json"
        asked[number + 2] = f"{service}?f=json"
    return asked


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Find the capacity, ask for 80 % of it, look at the processes meanwhile."""
    with arena(folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as place:
        target = target_of(urls(place))
        run_load(target, 4, _WARM_S[effort])
        capacity = run_load(target, 4, _WARM_S[effort]).rate
        seen, result = _under_watch(place, target, capacity * _SHARE, effort)
        yield _errors(result, capacity)
        yield Finding(
            what="latency under that load",
            asked="p99 bounded by the wait limit (60 s)",
            seen=f"p50 {result.percentile_ms(50):.1f} ms, p99 {result.percentile_ms(99):.1f} ms",
            met=result.percentile_ms(99) < 60e3,
            is_timed=True,
        )
        at_s, share = [each.at_s for each in seen], _RISE[effort]
        memory_mb = [each.memory_bytes / _MB for each in seen]
        # Beside other work, two minutes are too short for all caches to be full.
        yield _flat("memory of all processes, MB", trend(at_s, memory_mb), share, is_timed=True)
        descriptors = [float(each.descriptors) for each in seen]
        yield _flat("open descriptors", trend(at_s, descriptors), share, pieces=_PIECES)
        threads = [float(each.threads) for each in seen]
        yield _flat("threads", trend(at_s, threads), share, pieces=_PIECES)


def _under_watch(
    place: Arena, target: Target, rate: float, effort: Effort
) -> tuple[list[Vitals], LoadResult]:
    with watched(place.processes, _EVERY_S[effort]) as seen:
        result = run_load(target, _CLIENTS, _SECONDS[effort], rate)
    return seen, result


def _errors(result: LoadResult, capacity: float) -> Finding:
    failed = sum(result.failures.values())
    total = failed + len(result.latencies_s)
    worst = ", ".join(f"{count} × {why}" for why, count in result.failures.most_common(3))
    return Finding(
        what=f"{result.seconds:.0f} s at 80 % of {capacity:.0f} requests/s",
        asked="no errors",
        seen=f"{failed} errors in {total:,} requests" + (f" ({worst})" if worst else ""),
        met=not failed and total > 0,
    )


def _flat(
    what: str, found: Trend, share: float, *, pieces: int = 0, is_timed: bool = False
) -> Finding:
    least = f"{share:.1%}" + (f" or {pieces}" if pieces else "")
    return Finding(
        what=what,
        asked=f"flat: rise within noise (or {least}) over the second half",
        seen=f"{found.first:.0f}, rise {found.rise:+.1f}, noise {found.noise:.1f}",
        met=found.is_flat(share, pieces),
        is_timed=is_timed,
    )
