"""The wall clock jumps by hours in all processes of a server: deadlines, queues and links do not notice (A30).

Every process gets a `time.time` of ours, ahead of the true one by what a file says.
"""

import os
import threading
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

_ROOT_OF_CLOCK = """
import os, time
from pathlib import Path

_true, _true_ns = time.time, time.time_ns


def _ahead():
    return float(Path(os.environ["TEST_CLOCK_AHEAD"]).read_text() or 0)


time.time = lambda: _true() + _ahead()
time.time_ns = lambda: _true_ns() + int(_ahead() * 1e9)
"""
_BOX = "&bbox=480000,5534760,490240,5545000&bboxSR=32633&imageSR=3857"


@pytest.fixture
def clock(tmp_path):
    """The file that says how many seconds ahead the clock is."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(_ROOT_OF_CLOCK)
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    return ahead


def _environment(clock):
    paths = [str(clock.parent / "site"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(paths), "TEST_CLOCK_AHEAD": str(clock)}


def _address(server, size, form="image"):
    return (
        f"{server.url}/arcgis/rest/services/test/picture/ImageServer/exportImage"
        f"?f={form}&format=png&size={size},{size}{_BOX}"
    )


def _set(clock, hours):
    part = clock.with_suffix(".part")
    part.write_text(str(hours * 3600))
    part.replace(clock)


def _shows(server, hours):
    """Tell whether the server's wall clock is so many hours ahead."""
    date = parsedate_to_datetime(httpx.get(f"{server.url}/health/live").headers["date"])
    return abs(date.timestamp() - time.time() - hours * 3600) < 600


def test_a30_requests_under_way_and_their_instances_outlive_a_jump(data_folder, serve, clock):
    with serve(data_folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0", **_environment(clock)) as server:
        statuses, is_over = [], threading.Event()

        def ask(first):
            with httpx.Client(timeout=60) as client:
                size = first
                while not is_over.is_set():
                    answer = client.get(_address(server, size))
                    statuses.append((answer.status_code, answer.headers["content-type"]))
                    size += 1

        threads = [threading.Thread(target=ask, args=(first,)) for first in (500, 800, 1200)]
        for thread in threads:
            thread.start()
        for hours in (1, -1, 1000, 0):
            seen = len(statuses)
            _set(clock, hours)
            ends = time.monotonic() + 60
            # Some that began before the jump, and some that began after it.
            while len(statuses) < seen + 6 or not _shows(server, hours):
                assert time.monotonic() < ends
                time.sleep(0.02)
        is_over.set()
        for thread in threads:
            thread.join()
        assert set(statuses) == {(200, "image/png")}
        metrics = httpx.get(f"{server.url}/metrics").text.splitlines()
        (restarts,) = [line for line in metrics if line.startswith("swath_instance_restarts_total")]
        assert float(restarts.split()[-1]) == 0


def test_a30_a_link_to_a_picture_outlives_a_jump(data_folder, serve, clock):
    with serve(data_folder, **_environment(clock)) as server:
        link = httpx.get(_address(server, 300, "json")).json()["href"]
        _set(clock, 5)
        assert httpx.get(link).headers["content-type"] == "image/png"
