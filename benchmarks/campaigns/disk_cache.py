"""A28: the disk of the response cache is full, gone, or holds truncated pictures."""

import os
import resource
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.colours import compile_version, export_url, tile_urls, version_in
from benchmarks.campaigns.finding import Effort, Finding
from server.site.publishing import Publisher

_SERVICE = "colours/kept"
_WAIT_S = 30.0
# Less than a picture, more than the log of the server.
_LARGEST_FILE = 200_000
_SIZES = range(400, 406)
_WARNING = "pictures cannot be kept"


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Yield what is found."""
    # Without memory every picture goes by the disk.
    settings = {"SWATH_CACHE_DISK_MB": "16", "SWATH_MEMORY_RESPONSE_CACHE_MB": "0"}
    with arena(folder, **settings) as server:
        Publisher(server.data).publish(compile_version(folder, 3), _SERVICE)
        urls = tile_urls(server.url, _SERVICE)
        _wait_for(lambda: _status(urls[0]) == 200)
        _ask_all(urls)
        _wait_for(lambda: len(_files(server)) >= len(urls))
        yield _truncated(server, urls)
        pictures = [export_url(server.url, _SERVICE, "tiff", size) for size in _SIZES]
        yield from _full(server, pictures, folder / "server.log", effort)
        yield _gone(server, urls)


def _truncated(server: Arena, urls: Sequence[str]) -> Finding:
    files = _files(server)
    for file in files:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    good = _ask_all(urls)
    found = _metric(server, "swath_disk_cache_damaged_total")
    return Finding(
        what=f"{len(files)} kept pictures cut to half (A28)",
        asked="none is given, all are found out",
        seen=f"{good} of {len(urls)} answers whole, {found:.0f} found out",
        met=good == len(urls) and found == len(files),
    )


def _full(server: Arena, urls: Sequence[str], log: Path, effort: Effort) -> Iterator[Finding]:
    front = server.processes.pids()[0]
    before = resource.prlimit(front, resource.RLIMIT_FSIZE)
    shutil.rmtree(server.data / "cache" / "colours")
    # No file of the server may grow beyond this: writes end in the middle, as on a full disk.
    resource.prlimit(front, resource.RLIMIT_FSIZE, (_LARGEST_FILE, before[1]))
    good = sum(_ask_all(urls) for _ in range(5))
    _wait_for(lambda: _metric(server, "swath_disk_cache_in_trouble") == 1)
    resource.prlimit(front, resource.RLIMIT_FSIZE, before)
    warnings = log.read_text("utf-8", "replace").count(_WARNING)
    yield Finding(
        what=f"{5 * len(urls)} pictures while the disk takes no files (A28)",
        asked="all answered, one warning, nothing half written",
        seen=f"{good} whole, {warnings} warnings, {len(_files(server))} files",
        met=good == 5 * len(urls) and warnings == 1 and not _files(server),
    )
    if effort is Effort.SHORT:
        return
    started = time.monotonic()
    _wait_for(lambda: _ask_all(urls) == len(urls) and len(_files(server)) > 0)
    yield Finding(
        what="the disk takes files again",
        asked="written again within 15 s",
        seen=f"{time.monotonic() - started:.1f} s",
        met=time.monotonic() - started < 15,
        is_timed=True,
    )


def _gone(server: Arena, urls: Sequence[str]) -> Finding:
    shutil.rmtree(server.data / "cache")
    (server.data / "cache").write_text("a file stands where the folder was")
    good = sum(_ask_all(urls) for _ in range(3))
    return Finding(
        what="the folder of the cache has become a file",
        asked="all answered",
        seen=f"{good} of {3 * len(urls)} whole",
        met=good == 3 * len(urls),
    )


def _ask_all(urls: Sequence[str]) -> int:
    """Return how many answers are the right picture."""
    good = 0
    for url in urls:
        with urllib.request.urlopen(url, timeout=_WAIT_S) as answer:
            good += version_in(answer.read()) == 3
    return good


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=_WAIT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as err:
        return err.code


def _files(server: Arena) -> list[Path]:
    found = []
    for folder, _, names in os.walk(server.data / "cache" / "colours"):
        found += [Path(folder) / name for name in names]
    return found


def _metric(server: Arena, name: str) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=_WAIT_S) as answer:
        lines = answer.read().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


def _wait_for(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + _WAIT_S
    while not holds():
        if time.monotonic() > ends:
            raise RuntimeError("the server does not come to the state that was waited for")
        time.sleep(0.05)
