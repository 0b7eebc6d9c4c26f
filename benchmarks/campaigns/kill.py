"""Instances are killed and stopped under load, and a request takes down every instance it comes to.

Each blow falls about a second after the last, on instances chosen by chance; now and then on all of them, or
on the process they are forked from. Every answer is compared with the picture that came before.
"""

import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.askers import PATIENCE_S, Asked, Askers, Client
from benchmarks.campaigns.fatal_plugin import RULE, install_fatal
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import tiles_over, views_over

_SEED = 4711
_CLIENTS = 6
_PACE_S = {Effort.SHORT: 0.4, Effort.NORMAL: 1.0, Effort.LONG: 1.0}
_BLOWS = {Effort.SHORT: 6, Effort.NORMAL: 60, Effort.LONG: 3600}
_RESTORED_S, _START_MS = 1.0, 150.0
_INSTANCE, _FORK_PARENT = "swath-inst-", "swath-fork"
_PARENTS_DEATH = "kill the fork parent"
_FATAL_ASKS = 10
_FATAL_QUESTIONS = {Effort.SHORT: 4, Effort.NORMAL: 20, Effort.LONG: 100}
_AFTERWARDS_S = 1.0
_SEATS = 2  # of an arena


@dataclass(frozen=True, slots=True)
class _Blow:
    """What is done to whom; `victims` chooses from the process ids of all instances."""

    name: str
    signal: int
    victims: Callable[[Sequence[int]], list[int]]


def _blows() -> Iterator[_Blow]:
    chance = random.Random(_SEED)

    def one(pids: Sequence[int]) -> list[int]:
        return [chance.choice(pids)]

    while True:
        yield _Blow("kill", signal.SIGKILL, one)
        yield _Blow("stop", signal.SIGSTOP, one)
        yield _Blow("kill all", signal.SIGKILL, list)
        yield _Blow("kill", signal.SIGKILL, one)
        yield _Blow("stop all", signal.SIGSTOP, list)
        yield _Blow(_PARENTS_DEATH, signal.SIGKILL, lambda _: [])


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Yield what is found."""
    site = folder / "site"
    install_fatal(site)
    paths = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    settings = {"PYTHONPATH": paths, "SWATH_MEMORY_RESPONSE_CACHE_MB": "0"}
    with arena(folder, **settings) as server:
        server.publish("others")
        yield from _under_fire(server, effort)
        yield from _fatal_request(server, folder / "server.log")
        yield _fatal_requests(server, _FATAL_QUESTIONS[effort])
    yield from _starts((folder / "server.log").read_text("utf-8", "replace"))


def _under_fire(server: Arena, effort: Effort) -> Iterator[Finding]:
    urls = _addresses(server, "scenes")
    client = Client(server.url)
    before = {url: client.ask(url).digest for url in urls}
    struck = 0
    restored: dict[str, list[float]] = {}
    with Askers(urls, _CLIENTS) as askers:
        for number, blow in zip(range(_BLOWS[effort]), _blows(), strict=False):
            time.sleep(_PACE_S[effort])
            victims = blow.victims(_pids(server, _INSTANCE))
            struck += len(victims)
            began = time.monotonic()
            _strike(server, blow, victims)
            _wait_until_whole(server, victims)
            url = urls[number % len(urls)]
            _wait_for_answer(client, url, before[url])
            restored.setdefault(blow.name, []).append(time.monotonic() - began)
    yield from _answers(askers.asked, before, struck)
    yield from _restorations(restored)
    yield _nothing_stuck(server, client, urls, before)
    client.close()


def _strike(server: Arena, blow: _Blow, victims: Sequence[int]) -> None:
    for pid in _pids(server, _FORK_PARENT) if blow.name == _PARENTS_DEATH else victims:
        os.kill(pid, blow.signal)


def _wait_until_whole(server: Arena, victims: Sequence[int]) -> None:
    """Wait until no victim is left and all seats are taken by instances that answer."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        pids = _pids(server, _INSTANCE)
        if not set(pids) & set(victims) and len(pids) == _SEATS and _is_ready(server):
            return
        time.sleep(0.01)


def _wait_for_answer(client: Client, url: str, digest: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while client.ask(url).digest != digest and time.monotonic() < ends:
        time.sleep(0.01)


def _answers(asked: Sequence[Asked], before: dict[str, str], struck: int) -> Iterator[Finding]:
    failed = [each for each in asked if not each.is_picture]
    wrong = [each for each in asked if each.is_picture and each.digest != before[each.url]]
    hung = [each for each in asked if each.status == 0]
    unclean = [each for each in failed if each.status and not _is_clean(each)]
    slowest = max(each.seconds for each in asked)
    yield Finding(
        what=f"{struck} instances killed or stopped under load",
        asked="failed requests ≤ instances struck",
        seen=f"{len(failed)} of {len(asked)} failed",
        met=len(failed) <= struck,
    )
    yield Finding(
        what="answers while instances die",
        asked=f"none hangs or breaks off ({PATIENCE_S:.0f} s)",
        seen=f"{len(hung)} did, the slowest took {slowest:.1f} s",
        met=not hung,
    )
    yield Finding(
        what="pictures while instances die",
        asked="each as it was before",
        seen=f"{len(wrong)} of {len(asked) - len(failed)} differ",
        met=not wrong,
    )
    yield Finding(
        what="failures while instances die",
        asked="500-class, a sentence, no traceback",
        seen=f"{len(unclean)} of {len(failed)} are not" + (f": {unclean[0]}" if unclean else ""),
        met=not unclean,
    )


def _restorations(restored: dict[str, list[float]]) -> Iterator[Finding]:
    for name, seconds in restored.items():
        yield Finding(
            what=f"{name}: until all seats are taken and the next answer is right",
            asked=f"≤ {_RESTORED_S:g} s",
            seen=f"median {median(seconds):.2f} s, worst {max(seconds):.2f} s of {len(seconds)}",
            met=max(seconds) <= _RESTORED_S,
            is_timed=True,
        )


def _nothing_stuck(
    server: Arena, client: Client, urls: Sequence[str], before: dict[str, str]
) -> Finding:
    good = sum(client.ask(url).digest == before[url] for url in urls)
    ends = time.monotonic() + PATIENCE_S
    names = ("swath_in_flight", "swath_queue")
    while (left := sum(_metric(server, name) for name in names)) and time.monotonic() < ends:
        time.sleep(0.05)
    return Finding(
        what="every address once more afterwards",
        asked="all answered, nothing left under way",
        seen=f"{good} of {len(urls)} answered, {left:.0f} left",
        met=good == len(urls) and not left,
    )


def _fatal_request(server: Arena, log: Path) -> Iterator[Finding]:
    """Ask again and again for what takes instances down, while others ask for another service."""
    fatal = _addresses(server, "scenes")[-1] + f"&renderingRule={quote(RULE)}"
    before = _metric(server, "swath_instance_restarts_total")
    others = _addresses(server, "others")
    client = Client(server.url)
    with Askers(others, _CLIENTS) as askers:
        answers = [client.ask(fatal) for _ in range(_FATAL_ASKS)]
    client.close()
    lost = _metric(server, "swath_instance_restarts_total") - before
    failed = [each for each in askers.asked if not each.is_picture]
    yield Finding(
        what="a request that aborts every instance it comes to",
        asked="2 instances lost, whoever asks how often",
        seen=f"{lost:.0f} lost to {_FATAL_ASKS} asks",
        met=lost == 2,
    )
    references = set(re.findall(r"under ([0-9a-f]{8})", " ".join(each.text for each in answers)))
    told = {ref: log.read_text("utf-8", "replace").count(ref) for ref in references}
    yield Finding(
        what="what its clients are told",
        asked="500-class, with one reference that the log has once",
        seen=f"{answers[-1].text[:120]}; in the log {sum(told.values())} times",
        met=list(told.values()) == [1] and all(_is_clean(each) for each in answers),
    )
    yield Finding(
        what="another service meanwhile",
        asked="answers go on",
        seen=f"{len(failed)} of {len(askers.asked)} failed",
        met=not failed and bool(askers.asked),
    )


def _fatal_requests(server: Arena, count: int) -> Finding:
    """Ask many questions that each take instances down, while others ask for another service."""
    fatal = _addresses(server, "scenes")[-1] + f"&renderingRule={quote(RULE)}"
    client = Client(server.url)
    with Askers(_addresses(server, "others"), _CLIENTS) as askers:
        answers = [client.ask(f"{fatal}&compressionQuality={n + 1}") for n in range(count)]
        seen = len(askers.asked)
        time.sleep(_AFTERWARDS_S)
    client.close()
    failed = sum(not each.is_picture for each in askers.asked)
    unclean = sum(not _is_clean(each) for each in answers)
    return Finding(
        what=f"{count} different requests that abort instances, and another service",
        asked="clean refusals there, answers go on here",
        seen=f"{unclean} unclean; {failed} of {len(askers.asked)} failed ({seen} asked meanwhile)",
        met=not failed and not unclean and len(askers.asked) > seen,
    )


def _starts(log: str) -> Iterator[Finding]:
    took = [
        float(text) for text in re.findall(r"instance \d+ \(process \d+\) ready in (\d+) ms", log)
    ]
    yield Finding(
        what="instances from fork to greeting, under load",
        asked=f"≤ {_START_MS:g} ms",
        seen=f"median {median(took):.0f} ms, worst {max(took):.0f} ms of {len(took)}",
        met=median(took) <= _START_MS,
        is_timed=True,
    )


def _is_clean(asked: Asked) -> bool:
    code = re.search(r'"code":\s*(\d+)', asked.text) if asked.status == 200 else None
    status = int(code[1]) if code else asked.status
    return 500 <= status < 600 and bool(asked.text) and "Traceback" not in asked.text


def _addresses(server: Arena, service: str) -> list[str]:
    scenes = ensure_scenes(TINY)
    tiles = tiles_over(scenes, range(9, 14), 60).tiles
    urls = [server.tile_url(tile, service) for tile in tiles]
    for view in views_over(scenes, 6, 900, 700):
        box = f"{view.west},{view.south},{view.east},{view.north}"
        urls.append(
            f"{server.service_url(service)}/exportImage?f=image&format=png&bbox={box}"
            f"&bboxSR=3857&imageSR=3857&size={view.cols},{view.rows}"
        )
    return urls


def _pids(server: Arena, name: str) -> list[int]:
    """Return the living processes of a name in the server's session; their parent may have gone."""
    session, found = server.processes.pids()[0], []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = stat.read_text("ascii").rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, _, _, of_session = after.split()[:4]
        if (
            int(of_session) == session
            and state != "Z"
            and before.partition("(")[2].startswith(name)
        ):
            found.append(int(stat.parent.name))
    return found


def _is_ready(server: Arena) -> bool:
    try:
        return server.ready()["status"] == "ready"
    except HTTPError:
        return False


def _metric(server: Arena, name: str) -> float:
    with urlopen(f"{server.url}/metrics", timeout=PATIENCE_S) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))
