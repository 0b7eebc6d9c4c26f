"""A flood at a stated rate from a process of its own: `wrk`, which takes little from what it floods.

A generator in Python takes a tenth of a small machine at the rates of a flood, and what is flooded would
be said to have lost it. Where wrk is not installed it stands in all the same.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from server.load.load_client import run_load, target_of

# Connections that wait for an answer ask nothing; so many of a hundred, about, where the queue is full.
_FREE_SHARE = 0.8
_SCRIPT = """
local paths = {}
for line in io.lines("@PATHS@") do paths[#paths + 1] = line end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function init() at, served, refused, others = 0, 0, 0, 0 end
function delay() return @DELAY@ end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
function response(status)
  if status == 200 then served = served + 1
  elseif status == 503 then refused = refused + 1
  else others = others + 1 end
end
function done(summary)
  local served, refused, others = 0, 0, summary.errors.connect + summary.errors.read
  for _, thread in ipairs(threads) do
    served = served + thread:get("served")
    refused = refused + thread:get("refused")
    others = others + thread:get("others")
  end
  io.write(string.format('\\n{"seconds":%.6f,"served":%d,"refused":%d,"others":%d}\\n',
    summary.duration / 1e6, served, refused, others))
end
"""


class Flooded(msgspec.Struct, frozen=True, kw_only=True):
    """What a flood got: answers with 200, with 503, and anything else."""

    seconds: float = 1.0
    served: int = 0
    refused: int = 0
    others: int = 0


@contextmanager
def flood(
    urls: Sequence[str], connections: int, seconds: float, rate: float
) -> Iterator[list[Flooded]]:
    """Flood while the block runs; the list gets the result when the flood has ended, with the block.

    Parameters
    ----------
    urls
        Of one server; asked in turn.
    rate
        Requests a second, about.
    """
    told: list[Flooded] = []
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(_flood, urls, connections, seconds, rate)
        yield told
        told.append(coming.result())


def _flood(urls: Sequence[str], connections: int, seconds: float, rate: float) -> Flooded:
    wrk = shutil.which("wrk")
    if wrk is None:
        result = run_load(target_of(urls), connections, seconds, rate)
        refused = result.failures["503"]
        return Flooded(
            seconds=result.seconds,
            served=len(result.latencies_s),
            refused=refused,
            others=sum(result.failures.values()) - refused,
        )
    parts = [urlsplit(url) for url in urls]
    with tempfile.TemporaryDirectory(prefix="swath-flood-") as folder:
        paths, script = Path(folder) / "paths", Path(folder) / "flood.lua"
        paths.write_text("\n".join(f"{part.path}?{part.query}" for part in parts), "utf-8")
        delay_ms = round(1000 * _FREE_SHARE * connections / rate)
        text = _SCRIPT.replace("@PATHS@", str(paths)).replace("@DELAY@", str(delay_ms))
        script.write_text(text, "utf-8")
        words = ["-t1", f"-c{connections}", f"-d{round(seconds)}", "--timeout", "30"]
        place = f"{parts[0].scheme}://{parts[0].netloc}"
        done = subprocess.run(
            [wrk, *words, "-s", str(script), place], capture_output=True, text=True, check=True
        )
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Flooded)
