"""Load a server over HTTP: `wrk` for rates, a plain client for passes over every tile.

wrk runs in its own process and walks through a list of addresses; its generated script checks the
status of every answer. The plain client asks each address once: it gives the cold figures, checks
what came back, and stands in for wrk (and says so) where wrk is not installed.
"""

import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import numpy as np
from PIL import Image

from benchmarks.plain_client import LoadFailed, ask_each, ask_for

CONNECTIONS = 4
_TIMEOUT_S = 60
_FEWEST_ANSWERS = 8  # of each connection
_LONGEST_S = 30.0

_SCRIPT = """-- Walk through the paths of a file; every thread begins at another place.
local paths = {}
for line in io.lines("@PATHS@") do paths[#paths + 1] = line end
local threads = {}
function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end
function init(args)
  at = (@FIRST@ + number * math.floor(#paths / @THREADS@)) % #paths
  wrong = 0
end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
function response(status, headers, body)
  if status ~= 200 then wrong = wrong + 1 end
end
function done(summary, latency, requests)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrong") end
  local failed = summary.errors
  io.write(string.format(
    '\\n{"answers":%d,"seconds":%.6f,"bytes":%d,"not_200":%d,"socket_errors":%d,' ..
    '"p50_ms":%.4f,"p99_ms":%.4f}\\n',
    summary.requests, summary.duration / 1e6, summary.bytes, wrong,
    failed.connect + failed.read + failed.write + failed.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one stretch of load gave; latencies are as the client saw them."""

    answers: int
    seconds: float
    bytes: int
    not_200: int
    socket_errors: int
    p50_ms: float
    p99_ms: float
    driver: str = "wrk"

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


@dataclass(frozen=True, slots=True)
class Stretch:
    """How long and how hard to ask; `first` is the place in the list to begin at."""

    seconds: float
    connections: int = CONNECTIONS
    threads: int = 2
    first: int = 0


@dataclass(frozen=True, slots=True)
class Pass:
    """One answer to every address of a list, asked by `CONNECTIONS` clients side by side."""

    answers: int
    seconds: float
    mean_bytes: float
    non_empty_share: float

    @property
    def ms_per_tile(self) -> float:
        """Wall-clock over tiles: comparable with 1000 / rate of the warm rows."""
        return self.seconds * 1000.0 / self.answers


def has_wrk() -> bool:
    """Tell whether wrk is installed."""
    return shutil.which("wrk") is not None


def load(urls: Sequence[str], stretch: Stretch, folder: Path) -> Load:
    """Ask for the addresses in turn, over and over, on kept-alive connections.

    What is under way when the time is over is not counted; where that could be much (few answers),
    it is asked again for twice as long, so that slow servers are not made slower than they are.

    Raises
    ------
    LoadFailed
        When any answer was not 200 or a connection broke.
    """
    drive = partial(_wrk, folder=folder) if has_wrk() else _plain_load
    result = drive(urls, stretch)
    while result.answers < _FEWEST_ANSWERS * stretch.connections and stretch.seconds < _LONGEST_S:
        stretch = replace(stretch, seconds=stretch.seconds * 2.0)
        result = drive(urls, stretch)
    if result.not_200 or result.socket_errors or not result.answers:
        raise LoadFailed(
            f"{urls[0]} and its like: {result.not_200} of {result.answers} answers were not 200, "
            f"{result.socket_errors} connections failed; every answer must be 200"
        )
    return result


def one_pass(urls: Sequence[str], connections: int = CONNECTIONS) -> Pass:
    """Ask for each address once; read, decode and check every answer.

    Raises
    ------
    LoadFailed
        When an answer is not 200 or not an image.
    """
    started = time.perf_counter()
    answers = ask_each(urls, connections)
    seconds = time.perf_counter() - started
    non_empty = sum(_has_picture(body) for body in answers)
    return Pass(
        answers=len(answers),
        seconds=seconds,
        mean_bytes=sum(map(len, answers)) / len(answers),
        non_empty_share=non_empty / len(answers),
    )


def _wrk(urls: Sequence[str], stretch: Stretch, folder: Path) -> Load:
    folder.mkdir(parents=True, exist_ok=True)
    paths, script = folder / "paths.txt", folder / "walk.lua"
    parts = [urlsplit(url) for url in urls]
    paths.write_text("".join(f"{part.path}?{part.query}\n" for part in parts))
    fields = {"PATHS": paths, "FIRST": stretch.first, "THREADS": stretch.threads}
    text = _SCRIPT
    for name, value in fields.items():
        text = text.replace(f"@{name}@", str(value))
    script.write_text(text)
    command = ["wrk", f"-t{stretch.threads}", f"-c{stretch.connections}"]
    command += [f"-d{max(round(stretch.seconds), 1)}s", f"--timeout={_TIMEOUT_S}s", "-s"]
    command += [str(script), f"http://{parts[0].netloc}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LoadFailed(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Load)


def _plain_load(urls: Sequence[str], stretch: Stretch) -> Load:
    started = time.perf_counter()
    answers = ask_for(urls, stretch.connections, stretch.seconds, stretch.first)
    seconds = time.perf_counter() - started
    delays_ms = np.array([delay for _, delay in answers]) * 1000.0
    return Load(
        answers=len(answers),
        seconds=seconds,
        bytes=sum(size for size, _ in answers),
        not_200=0,
        socket_errors=0,
        p50_ms=float(np.percentile(delays_ms, 50)),
        p99_ms=float(np.percentile(delays_ms, 99)),
        driver="plain Python, because wrk is missing: rates are too low",
    )


def _has_picture(body: bytes) -> bool:
    with Image.open(BytesIO(body)) as image:
        pixels = np.asarray(image.convert("RGBA"))
    seen = pixels[pixels[..., 3] > 0][:, :3]
    return bool(seen.size and (seen != seen[0]).any())
