"""Storage misbehaves under a service while another one, of local files, is asked all the time.

A server of ranges of our own overloads, falls silent, trickles and lies. Each answer of the remote
service is compared with the same view of the same raster read from disk.
"""

import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.scenes import CRS, TINY, ensure_scenes
from config.definition import ServiceProperties
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.readers.remote.connection import HttpConnection
from engine.readers.source_access import SourceAccess, use_source_access
from raster_types.adding.add import AddRequest, add_rasters
from server.site.connection_store import ConnectionStore
from server.site.publishing import Publisher
from tests.range_server import RangeServer

_TIMEOUT_S = 2.5
_ATTEMPTS = 6
# Four attempts in vain are the threshold; a request makes two, and the first was another.
_STILL_ASK = 1
_INSTANCES = 2
# The whole scene at full resolution: four blocks, where one is kept.
_SIZE = TINY.pixels
_PATIENCE_S = 30.0
_ROUNDS = {Effort.SHORT: 1, Effort.NORMAL: 5, Effort.LONG: 60}
_LIES = ("whole", "short", "etag", "lying", "shifted", "cut", "endless", "garbage", "reset")
_FEW_LIES = 3
# Nothing is at hand: each view has to ask storage.
_NO_MEMORY = {
    "SWATH_MEMORY_BLOCK_CACHE_MB": "1",
    "SWATH_MEMORY_REMOTE_MB": "1",
    "SWATH_MEMORY_GDAL_MB": "1",
    "SWATH_MEMORY_RESPONSE_CACHE_MB": "0",
}
_GROWTH_MB = 100


@dataclass(frozen=True, slots=True)
class _Answer:
    """Code of HTTP or ArcGIS, body and seconds."""

    code: int
    body: bytes
    seconds: float


@dataclass(slots=True)
class _Stage:
    """The server, its storage, and views nobody has asked for yet."""

    place: Arena
    storage: RangeServer
    views: Iterator[int] = field(default_factory=count)

    def ask(self, service: str, view: int) -> _Answer:
        """Return the picture of a view of a service, or its error."""
        shift = 7.0 * (view % 50)
        scene = ensure_scenes(TINY)[0]
        west, east = scene.west_m + shift, scene.east_m + shift
        box = f"{west},{scene.south_m},{east},{scene.north_m}"
        asked = {"bbox": box, "bboxSR": CRS.split(":")[1], "imageSR": CRS.split(":")[1]}
        asked |= {"size": f"{_SIZE + view % 7},{_SIZE}", "format": "jpg", "f": "image"}
        url = f"{self.place.service_url(service)}/exportImage?{urlencode(asked)}"
        began = time.monotonic()
        try:
            with urlopen(url, timeout=_PATIENCE_S) as answer:
                body = answer.read()
                is_error = answer.headers.get_content_type() == "application/json"
        except HTTPError as err:
            return _Answer(err.code, b"", time.monotonic() - began)
        code = msgspec.json.decode(body)["error"]["code"] if is_error else 200
        return _Answer(code, body, time.monotonic() - began)

    def far(self) -> _Answer:
        """Return a new view of the remote service; one that is not that of the file has code 0."""
        view = next(self.views)
        found = self.ask("far", view)
        if found.code == 200 and found.body != self.ask("near", view).body:
            return _Answer(0, b"", found.seconds)
        return found

    def recover(self) -> float:
        """Let storage answer and return the seconds until the service does, all its instances."""
        self.storage.fail()
        began, right = time.monotonic(), 0
        with ThreadPoolExecutor(_INSTANCES) as clients:
            while right < 4 and time.monotonic() - began < 2 * _PATIENCE_S:
                # At once, so that each instance has one.
                found = list(clients.map(lambda _: self.far(), range(_INSTANCES)))
                right = right + 1 if {each.code for each in found} == {200} else 0
                if not right:
                    time.sleep(0.1)
        return time.monotonic() - began


class _Neighbour:
    """Asks a service of local files all the time."""

    def __init__(self, stage: _Stage) -> None:
        self._stage = stage
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers: list[_Answer] = []

    def _ask(self) -> None:
        view = 0
        while not self._ends.is_set():
            self.answers.append(self._stage.ask("near", view))
            view += 1
            time.sleep(0.02)

    def __enter__(self) -> "_Neighbour":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def failures(self) -> int:
        """Return how many answers were no pictures."""
        return sum(each.code != 200 for each in self.answers)

    def median_ms(self) -> float:
        """Return the median of the times."""
        return 1e3 * median(each.seconds for each in self.answers)


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Yield what is found; files are written to `folder`."""
    objects = folder / "objects"
    objects.mkdir()
    scene = ensure_scenes(TINY)[0]
    shutil.copy(scene.path, objects / "scene.tif")
    with RangeServer(objects) as storage, arena(folder, **_NO_MEMORY) as place:
        _publish(place, storage, folder, scene.path)
        stage = _Stage(place, storage)
        for _ in range(_ROUNDS[effort]):
            with _Neighbour(stage) as alone:
                calm = [stage.far() for _ in range(5)]
            wrong = [str(each.code) for each in calm if each.code != 200]
            told = ", ".join([f"{5 - len(wrong)} of 5 right", *wrong])
            yield _found("views of a remote raster", "all right", told, met=not wrong)
            yield from _overload(stage)
            for kind in ("silent",) if effort is Effort.SHORT else ("silent", "slow"):
                yield from _no_answer(stage, kind, alone.median_ms())
            yield from _lies(stage, _LIES[:_FEW_LIES] if effort is Effort.SHORT else _LIES)


def _publish(place: Arena, storage: RangeServer, folder: Path, path: Path) -> None:
    """Publish a raster as "near", from disk, and as "far", from storage."""
    store = ConnectionStore(place.data)
    store.add(HttpConnection(name="store", root=storage.url, private=True, timeout_s=_TIMEOUT_S))
    use_source_access(SourceAccess(connections=str(store.folder)))
    # What cannot be read is an error here, not a gap.
    properties = ServiceProperties(strict_sources=True)
    for name, source in (("far", "connection://store/scene.tif"), ("near", str(path))):
        definition = DefinitionFolder.create(folder / f"{name}.isdef", properties)
        add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[Path(source)]))
        build_definition(definition, BuildOptions(overviews="none"))
        compiled = folder / f"{name}.zmd"
        compile_definition(definition.path, compiled)
        Publisher(place.data).publish(compiled, name)
        _wait_for(f"{place.service_url(name)}?f=json")


def _wait_for(url: str) -> None:
    """Return once the server has taken up a service."""
    ends = time.monotonic() + _PATIENCE_S
    while time.monotonic() < ends:
        with urlopen(url, timeout=_PATIENCE_S) as answer:
            if b'"error"' not in answer.read(500):
                return
        time.sleep(0.1)
    raise RuntimeError(f"no service at {url}")


def _found(what: str, asked: str, seen: str, *, met: bool, is_timed: bool = False) -> Finding:
    return Finding(what=what, asked=asked, seen=seen, met=met, is_timed=is_timed)


def _overload(stage: _Stage) -> Iterator[Finding]:
    stage.storage.fail("busy", for_s=2.0)
    found = stage.far()
    requests = len(stage.storage.asked())
    seen = f"{found.code} after {found.seconds:.1f} s, {requests} requests"
    asked = f"a right picture, 503 or 504; at most {_ATTEMPTS} attempts a range"
    is_met = found.code in (200, 503, 504) and requests <= 4 * _ATTEMPTS
    yield _found("503 SlowDown for 2 s (A23)", asked, seen, met=is_met)
    stage.recover()


def _no_answer(stage: _Stage, kind: str, calm_ms: float) -> Iterator[Finding]:
    what = {"silent": "storage is silent", "slow": "storage sends a byte a second"}[kind] + " (A24)"
    stage.storage.fail(kind)
    with _Neighbour(stage) as beside:
        first = stage.far()
        later = [stage.far() for _ in range(6)]
    limit = _TIMEOUT_S + 2.0
    codes = {each.code for each in (first, *later)}
    longest = max(each.seconds for each in (first, *later))
    seen = f"{first.code} after {first.seconds:.1f} s, longest {longest:.1f} s"
    yield _found(
        what,
        "504, none later than the limit",
        seen,
        met=first.code == 504 and codes <= {503, 504} and longest < limit,
    )
    quick = [each for each in later if each.code == 503 and each.seconds < 1.0]
    seen = f"{len(quick)} of {len(later)}, after {1e3 * median(e.seconds for e in later):.0f} ms"
    yield _found(
        f"{what}: later requests",
        "503 at once, at any instance, after the second that had to find out",
        seen,
        met=len(quick) >= len(later) - _STILL_ASK,
        is_timed=True,
    )
    seen = f"{beside.failures()} of {len(beside.answers)} failed"
    yield _found(f"{what}: another service", "no failure", seen, met=beside.failures() == 0)
    now_ms = beside.median_ms()
    seen = f"{now_ms:.0f} ms, before {calm_ms:.0f} ms"
    is_kept = now_ms < 1.5 * calm_ms + 5.0
    yield _found(f"{what}: another service's median", "as before", seen, met=is_kept, is_timed=True)
    took = stage.recover()
    seen = f"right pictures after {took:.1f} s"
    yield _found(f"{what}: storage is back", "recovers by itself", seen, met=took < _PATIENCE_S)


def _lies(stage: _Stage, kinds: Sequence[str]) -> Iterator[Finding]:
    before = stage.place.processes.proportional_bytes()
    codes: dict[str, int] = {}
    for kind in kinds:
        stage.storage.fail(kind)
        codes[kind] = stage.far().code
        stage.recover()
    grown_mb = (stage.place.processes.proportional_bytes() - before) / 1e6
    wrong = [kind for kind, code in codes.items() if not 500 <= code < 600]
    seen = ", ".join(f"{kind} {code}" for kind, code in codes.items())
    yield _found("wrong answers of storage (A25)", "errors, never pixels", seen, met=not wrong)
    seen = f"{grown_mb:+.0f} MB"
    yield _found(
        "memory after wrong answers", f"< {_GROWTH_MB} MB more", seen, met=grown_mb < _GROWTH_MB
    )
