"""Pools change under load: the shared one grows and shrinks, the service moves to its own and back.

Every answer is compared with the picture that came before. Settings are changed and the service is published
again meanwhile, too, so that all that a running server follows is followed with requests under way.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.campaigns.arena import Arena, arena, swath
from benchmarks.campaigns.askers import PATIENCE_S, Asked, Askers, Client
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import tiles_over

_CLIENTS = 6
_ROUNDS = {Effort.SHORT: 1, Effort.NORMAL: 10, Effort.LONG: 200}
_SHARED = (3, 1, 2)
_START_MS, _GROWN_S = 150.0, 2.0
# A pool follows within a poll of the data folder and the time of its instances' starts.
_PAUSE_S = 0.2


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Yield what is found."""
    settings = {"SWATH_MEMORY_RESPONSE_CACHE_MB": "0", "SWATH_MEMORY_TOTAL_MB": "4000"}
    with arena(folder, **settings) as server:
        tiles = tiles_over(ensure_scenes(TINY), range(9, 14), 60).tiles
        urls = [server.tile_url(tile) for tile in tiles]
        client = Client(server.url)
        before = {url: client.ask(url).digest for url in urls}
        client.close()
        missed: list[str] = []
        with Askers(urls, _CLIENTS) as askers:
            for _ in range(_ROUNDS[effort]):
                missed += _round(server)
        yield from _answers(askers.asked, before, missed, _ROUNDS[effort])
        yield from _scaling(server, urls)
    log = (folder / "server.log").read_text("utf-8", "replace")
    yield _starts(
        [float(text) for text in re.findall(r"instance \d+ \(process \d+\) ready in (\d+) ms", log)]
    )


def _round(server: Arena) -> Iterator[str]:
    """Change everything once and yield what was not followed."""
    data = ("--data", str(server.data))
    for seats in _SHARED:
        swath("system", "set", f"instances={seats}", *data)
        if not _comes(lambda seats=seats: server.ready()["instances_ready"] == seats):
            yield f"{seats} shared instances"
    swath("service", "instances", "scenes", "--dedicated", "--min", "1", "--max", "2", *data)
    if not _comes(lambda: _instances(server) > _SHARED[-1]):
        yield "instances of its own"
    swath("system", "set", "memory.gdal_mb=40", "limits.max_queue=500", *data)
    server.publish("scenes")
    time.sleep(_PAUSE_S)
    swath("service", "instances", "scenes", "--shared", *data)
    swath("system", "unset", "memory.gdal_mb", "limits.max_queue", *data)
    if not _comes(lambda: _instances(server) == _SHARED[-1]):
        yield "back to shared instances"


def _instances(server: Arena) -> int:
    return int(str(server.ready()["instances"]))


def _comes(condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return False


def _answers(
    asked: Sequence[Asked], before: dict[str, str], missed: Sequence[str], rounds: int
) -> Iterator[Finding]:
    failed = [each for each in asked if not each.is_picture]
    wrong = [each for each in asked if each.is_picture and each.digest != before[each.url]]
    what = f"shared 2→3→1→2, dedicated, settings, republished, shared again, {rounds} times"
    yield Finding(
        what=f"{what}: requests",
        asked="none fails, every picture as before",
        seen=f"{len(failed)} of {len(asked)} failed, {len(wrong)} differ"
        + (f": {failed[0]}" if failed else ""),
        met=not failed and not wrong,
    )
    yield Finding(
        what=f"{what}: pools",
        asked="follow every change",
        seen=f"{len(missed)} not followed" + (f": {', '.join(missed)}" if missed else ""),
        met=not missed,
    )


def _scaling(server: Arena, urls: Sequence[str]) -> Iterator[Finding]:
    """See a dedicated pool grow to its maximum under load."""
    data = ("--data", str(server.data))
    swath("service", "instances", "scenes", "--dedicated", "--min", "0", "--max", "3", *data)
    time.sleep(1.0)
    shared = _instances(server)
    began = time.monotonic()
    with Askers(urls, 24) as askers:
        has_grown = _comes(lambda: server.ready()["instances_ready"] == shared + 3)
        took_s = time.monotonic() - began
    failed = [each for each in askers.asked if not each.is_picture]
    yield Finding(
        what="a dedicated pool of 0 to 3 instances meets 24 clients",
        asked="grows to 3, no request fails",
        seen=f"{'grew' if has_grown else 'did not grow'}, "
        f"{len(failed)} of {len(askers.asked)} failed",
        met=has_grown and not failed,
    )
    yield Finding(
        what="until it has grown from 0 to 3",
        asked=f"≤ {_GROWN_S:g} s",
        seen=f"{took_s:.2f} s",
        met=took_s <= _GROWN_S,
        is_timed=True,
    )


def _starts(took_ms: Sequence[float]) -> Finding:
    return Finding(
        what="instances from asked for to greeting, under load",
        asked=f"≤ {_START_MS:g} ms",
        seen=f"median {median(took_ms):.0f} ms, worst {max(took_ms):.0f} ms of {len(took_ms)}",
        met=median(took_ms) <= _START_MS,
        is_timed=True,
    )
