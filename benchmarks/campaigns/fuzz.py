"""Nonsense at every parser, and at every operation of a live server: nothing but answers and refusals."""

import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.campaigns.fuzz_targets import targets
from benchmarks.operations import QUESTIONS
from benchmarks.scenes import TINY, ensure_scenes
from engine.zmd import connect_read_only, read_summary
from tests.described_requests import DescribedRequests

_SECONDS = {Effort.SHORT: 1, Effort.NORMAL: 30, Effort.LONG: 600}
_EXAMPLES = {Effort.SHORT: 1, Effort.NORMAL: 20, Effort.LONG: 200}
_REQUESTS = {Effort.SHORT: 400, Effort.NORMAL: 20_000, Effort.LONG: 200_000}
_CLIENTS = 4
# In the data, EPSG:32633.
_PLACE = (426_000, 5_435_000)
_TIMEOUT_S = 60.0
_RUNS = re.compile(rb"stat::number_of_executed_units:\s+(\d+)")
# A raster to begin with is small: libFuzzer works on copies of it.
_LARGEST_SEED = 64 * 1024
_HOSTILE = (
    *(
        "",
        "NaN",
        "Infinity",
        "-1",
        "1e400",
        "0",
        "4294967297",
        "1,2,3",
        "abc",
        "null",
        "true",
        "[]",
        "{}",
    ),
    *(
        "[" * 600,
        '{"a":' * 200,
        "'",
        '"',
        "\\",
        "%00",
        "\u202e",
        "\ud83d\ude80",
        "../../etc/passwd",
    ),
    *(
        "http://127.0.0.1:9/",
        "<script>alert(1)</script>",
        "b1**b1**b1",
        "1=1; DROP TABLE items",
        "9" * 500,
    ),
    *(
        '{"rasterFunction":"Nothing"}',
        '{"wkt":"PROJCS["}',
        "EPSG:999999",
        "-1e308,-1e308,1e308,1e308",
    ),
)


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Fuzz each parser on its own, then the server over HTTP."""
    rasters = folder / "rasters"
    rasters.mkdir()
    for path in _rasters():
        (rasters / path.name).write_bytes(path.read_bytes()[:_LARGEST_SEED])
    with arena(folder) as place:
        with closing(connect_read_only(place.compiled)) as handle:
            summary = read_summary(handle, place.compiled)
        names = list(targets(summary, (), folder))
        command = [sys.executable, "-m", "benchmarks.campaigns.fuzz_run", str(place.compiled)]
        command += [str(_SECONDS[effort]), str(folder), *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"fuzz_run failed: {done.stderr[-2000:]}")
        yield from (_parser(name, (folder / f"{name}.log").read_bytes()) for name in names)
        yield _server(place, _REQUESTS[effort])
        yield _described(place, _EXAMPLES[effort])


def _rasters() -> list[Path]:
    hostile = Path(__file__).parents[3] / "shared" / "data" / "08_hostile" / "gtiff"
    found = [path for path in hostile.glob("*.tif") if path.stat().st_size <= _LARGEST_SEED]
    return [*sorted(found), ensure_scenes(TINY)[0].path]


def _parser(name: str, said: bytes) -> Finding:
    counted = _RUNS.search(said)
    inputs = int(counted[1]) if counted else 0
    code = int(said.split()[-1])
    seen = f"{inputs:,} inputs"
    if code:
        seen += f", ended with {code}: {_defect(said)}"
    return Finding(
        what=f"parser: {name}",
        asked="reads or refuses, within 10 s and 3 GB",
        seen=seen,
        met=code == 0 and inputs > 0,
    )


def _defect(said: bytes) -> str:
    """Return what libFuzzer or Python said of the defect, and the input as far as it is short."""
    lines = said.decode("utf-8", "replace").splitlines()
    errors = [line for line in lines if "Error" in line or "ALARM" in line or "ERROR" in line]
    inputs = [line for line in lines if line.startswith("Base64:")]
    return "; ".join([*errors[:2], *inputs[:1]])[:600]


def _server(place: Arena, requests: int) -> Finding:
    share = requests // _CLIENTS
    with ThreadPoolExecutor(_CLIENTS) as clients:
        walks = clients.map(lambda seed: _walk(place, seed, share), range(_CLIENTS))
        counts: Counter[str] = sum(walks, Counter())
    faults = {word: count for word, count in counts.items() if word.startswith("fault")}
    refused = counts["refused"]
    worst = "; ".join(list(faults)[:3])
    return Finding(
        what="every ArcGIS operation over HTTP",
        asked="no 500 from input",
        seen=f"{sum(counts.values()):,} requests, {refused:,} refused, {sum(faults.values())} faults"
        + (f": {worst}" if worst else ""),
        met=not faults and refused > 0,
    )


def _described(place: Arena, examples: int) -> Finding:
    asked = DescribedRequests(place.url, "scenes", *_PLACE, examples)
    faults = [f"{label}: {fault[:200]}" for label, fault in asked.faults() if fault]
    return Finding(
        what="every operation of the OpenAPI description (schemathesis)",
        asked="no 500 from input, answers as described",
        seen=f"{asked.sent:,} requests, {len(faults)} operations at fault"
        + "".join(f"; {fault}" for fault in faults[:3]),
        met=asked.sent > 0 and not faults,
    )


def _walk(place: Arena, seed: int, count: int) -> Counter[str]:
    """Ask with one connection; parameters are right, foreign, hostile or damaged, by chance."""
    chance = random.Random(seed)
    counts: Counter[str] = Counter()
    connection = HTTPConnection(urlsplit(place.url).netloc, timeout=_TIMEOUT_S)
    root = urlsplit(place.service_url()).path
    for _ in range(count):
        address = _address(chance, root)
        connection.request("GET", address)
        answer = connection.getresponse()
        counts[_verdict(answer.status, answer.read(), address)] += 1
    connection.close()
    return counts


def _address(chance: random.Random, root: str) -> str:
    name = chance.choice(list(QUESTIONS))
    asked = dict(QUESTIONS[name])
    foreign = QUESTIONS[chance.choice(list(QUESTIONS))]
    asked.update({key: value for key, value in foreign.items() if chance.random() < 0.1})
    for key in list(asked):
        if chance.random() < 0.4:
            asked[key] = _damaged(chance, asked[key])
    asked["f"] = chance.choice(
        ("json", "json", "html", "image", "pjson", "kmz", _damaged(chance, "json"))
    )
    path = name.replace("{rasterId}", chance.choice(("1", "2", "0", "99999999999999", "x")))
    return f"{root}{'/' if path else ''}{path}?{urlencode(asked, errors='replace')}"


def _damaged(chance: random.Random, text: str) -> str:
    if not text or chance.random() < 0.5:
        return chance.choice(_HOSTILE)
    place = chance.randrange(len(text))
    how = chance.randrange(3)
    if how == 0:
        return text[:place] + text[place + 1 :]
    if how == 1:
        return text[:place] + chance.choice('{}[],:"0-9eE.%&;\\') + text[place:]
    return text[:place]


def _verdict(status: int, body: bytes, address: str) -> str:
    """Return "good", "refused", or "fault" with the address."""
    code = status
    if body[:1] == b"{" and b'"error"' in body[:40]:
        code = json.loads(body)["error"]["code"]
    if code >= 500 and code != 503:
        return f"fault {code} {address[:400]}"
    return "good" if code < 400 else "refused"
