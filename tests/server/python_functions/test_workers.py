"""Functions in processes of their own (server.python_functions.worker, worker_process): time, memory, crashes."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, FunctionFailed
from engine.function_rules import PythonRule
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.python_functions.messages import RasterFacts, RasterPlace
from server.python_functions.limits import FunctionLimits
from server.python_functions.store import FunctionStore
from server.python_functions.worker_process import WorkerProcess
from server.python_functions.workers import PythonWorkers

FACTS = (RasterFacts(pixel_type=PixelType.U16, bands=1),)
LIMITS = FunctionLimits(time_s=1.0, start_s=30.0, memory_mb=200, workers=2)
HEAD = """import numpy as np
import ctypes, os, sys, time


class Own:
    def getParameterInfo(self):
        return [
            {"name": "raster", "dataType": "raster"},
            {"name": "how", "dataType": "string", "value": ""},
        ]

    def updatePixels(self, tlc, shape, props, **p):
        p["output_pixels"] = p["raster_pixels"] + 1
        if open(os.environ["HOW"]).read() == "bad":
            BAD
        return p
"""
LINE = 14


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return workers and a rule of a function that does something bad where the file `how` says so."""
    how = tmp_path / "how"
    how.write_text("good", "ascii")
    monkeypatch.setenv("HOW", str(how))
    opened = []

    def made(bad, limits=LIMITS):
        file = tmp_path / "Own.py"
        file.write_text(HEAD.replace("BAD", bad), "utf-8")
        manifest = FunctionStore(tmp_path).add("Own", file)
        workers = PythonWorkers(tmp_path / "functions", limits)
        opened.append(workers)
        rule = PythonRule(name="Own", version=manifest.version, rasters=("raster",))
        return workers, rule, how

    yield made
    for workers in opened:
        workers.close()


def compute(workers, rule, rows=8, cols=9):
    place = RasterPlace(extent=(0, 0, cols, rows), wkid=0, cell_size=(1, 1))
    data = np.full((1, rows, cols), 7, np.uint16)
    block = PixelBlock(data, np.ones((1, rows, cols), np.bool_))
    return workers.compute(rule, FACTS, [block], place)


def test_pixels_come_back_from_another_process(make):
    workers, rule, _ = make("pass")
    assert workers.padding(rule) == 0
    assert workers.bind(rule, FACTS) == FACTS[0]
    made = compute(workers, rule)
    assert (made.data == 8).all()
    assert made.valid.all()
    assert made.data.flags.writeable


def test_what_is_raised_names_function_and_line_and_goes_to_the_log(make, caplog):
    workers, rule, how = make("raise ValueError('not with /these/very/pixels')")
    compute(workers, rule)
    how.write_text("bad", "ascii")
    with caplog.at_level(logging.ERROR), pytest.raises(FunctionFailed) as caught:
        compute(workers, rule)
    text = f"Raster function 'Own' failed at line {LINE + 1}: ValueError: not with …."
    assert str(caught.value) == text
    assert "Traceback" in caplog.text
    assert "/these/very/pixels" in caplog.text
    # The process goes on.
    how.write_text("good", "ascii")
    assert (compute(workers, rule).data == 8).all()


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        # Nothing of Python can end this one.
        "ctypes.PyDLL(None).pause()",
    ],
)
def test_an_endless_loop_ends_at_the_limit_and_the_next_request_works(make, loop):
    workers, rule, how = make(loop)
    compute(workers, rule)
    how.write_text("bad", "ascii")
    with pytest.raises(FunctionFailed, match=r"longer than the limit of 1 s"):
        compute(workers, rule)
    how.write_text("good", "ascii")
    assert (compute(workers, rule).data == 8).all()


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("np.ones(10**9)", "takes more memory than it may"),
        ("os.kill(os.getpid(), 11)", "ended by signal 11"),
        ("os._exit(7)", "ended with code 7"),
        ("sys.exit(7)", "SystemExit"),
    ],
)
def test_memory_crashes_and_leaving_are_errors_of_the_request_alone(make, bad, why):
    workers, rule, how = make(bad)
    compute(workers, rule)
    how.write_text("bad", "ascii")
    with pytest.raises(FunctionFailed, match=why):
        compute(workers, rule)
    how.write_text("good", "ascii")
    assert (compute(workers, rule).data == 8).all()


def test_what_a_function_starts_dies_with_it(make, tmp_path):
    mark = tmp_path / "child"
    bad = f"pid = os.fork() or time.sleep(60); open({str(mark)!r}, 'w').write(str(pid)); time.sleep(60)"
    workers, rule, how = make(bad)
    how.write_text("bad", "ascii")
    compute_error = pytest.raises(FunctionFailed, match="longer than")
    limits = FunctionLimits(time_s=1.0, start_s=3.0, memory_mb=200)
    workers = PythonWorkers(tmp_path / "functions", limits)
    with compute_error:
        compute(workers, rule)
    child = int(mark.read_text("ascii"))
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        if f"{child} (python) Z" in _stat(child):
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    pytest.fail("a child of the function is still alive")


def _stat(pid):
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii")


def test_one_that_is_stopped_again_and_again_rests(make):
    workers, rule, how = make("os._exit(1)")
    how.write_text("bad", "ascii")
    for _ in range(3):
        with pytest.raises(FunctionFailed, match="ended with code 1"):
            compute(workers, rule)
    how.write_text("good", "ascii")
    with pytest.raises(FunctionFailed, match="3 times within a minute"):
        compute(workers, rule)


def test_a_process_ends_with_what_asked_for_it(make, tmp_path):
    make("pass")
    (file,) = (tmp_path / "functions/Own").glob("*/Own.py")
    worker = WorkerProcess(file, LIMITS)
    worker.sock.close()
    assert worker.end() == "its process ended with code 0"
    worker.kill()
    assert not worker.is_running


class _Left:
    """The budget of a request whose client leaves after a moment."""

    def __init__(self):
        self.until = time.monotonic() + 0.3

    def check(self):
        if time.monotonic() > self.until:
            raise Cancelled

    def remaining_s(self):
        return 60.0


def test_a_client_that_leaves_ends_its_call_but_no_other(make):
    workers, rule, how = make("time.sleep(60)", FunctionLimits(time_s=50.0, memory_mb=200))
    compute(workers, rule)
    how.write_text("bad", "ascii")
    begun = time.monotonic()
    with workers.watched_by(_Left()), pytest.raises(Cancelled):
        compute(workers, rule)
    assert time.monotonic() - begun < 20.0
    how.write_text("good", "ascii")
    assert (compute(workers, rule).data == 8).all()


def test_two_requests_share_one_process_in_turn(make):
    workers, rule, _ = make("pass")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(compute(workers, rule))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(workers._workers) == 1


def test_the_least_used_process_makes_room(make, tmp_path):
    workers, rule, _ = make("pass", FunctionLimits(memory_mb=200, workers=1))
    other = FunctionStore(tmp_path).add("Other", tmp_path / "Own.py")
    compute(workers, rule)
    second = PythonRule(name="Other", version=other.version, rasters=("raster",))
    compute(workers, second)
    assert list(workers._workers) == [("Other", other.version)]
    compute(workers, rule)


def test_a_version_that_has_gone_says_so(make):
    workers, _, _ = make("pass")
    gone = PythonRule(name="Own", version="0" * 32, rasters=("raster",))
    with pytest.raises(FunctionFailed, match="not registered any more"):
        compute(workers, gone)


def test_scalars_reach_the_function_by_their_names(make):
    workers, rule, _ = make("pass")
    rule = PythonRule(
        name=rule.name,
        version=rule.version,
        rasters=rule.rasters,
        scalars=json.dumps({"how": "x"}),
    )
    assert workers.bind(rule, FACTS) == FACTS[0]
