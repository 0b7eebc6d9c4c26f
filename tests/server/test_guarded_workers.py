"""Workers that are killed when they hang, replaced when they crash, and held to their memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.errors import ConfigError, SourceCorrupt, SourceUnavailable
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from server.guarded_workers import GuardedWorkers
from tests.synthetic import ramp, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection


@dataclass(frozen=True)
class Job:
    path: str


def work(job: Job) -> str:
    """Do what the job's name says; runs in a worker."""
    match job.path:
        case "hang":
            time.sleep(600)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "bomb":
            bytearray(4 << 30)
        case "fault":
            raise RuntimeError("a fault of ours")
        case "gone":
            raise SourceUnavailable("gone", "is not there")
        case "config":
            raise ConfigError("file", "key", "why")
        case "slow":
            time.sleep(0.3)
    return job.path.upper()


def test_answers_come_in_the_order_of_the_jobs() -> None:
    names = ["slow", "a", "b", "c", "d"]
    with GuardedWorkers(2) as workers:
        found = [answer for _, answer in workers.map(work, map(Job, names))]
    assert found == [name.upper() for name in names]


def test_one_bad_job_costs_that_job_alone() -> None:
    # The clock runs from the begin of a job, not of its process: seconds are plenty for the good ones.
    names = ["a", "hang", "b", "crash", "bomb", "fault", "gone", "c"]
    with GuardedWorkers(2, timeout_s=5.0) as workers:
        found = {job.path: answer for job, answer in workers.map(work, map(Job, names))}
    assert [found[name] for name in "abc"] == ["A", "B", "C"]
    for name, says in (
        ("hang", "longer than 5 s"),
        ("crash", "crash"),
        ("bomb", "MB that are allowed"),
        ("fault", "RuntimeError"),
    ):
        answer = found[name]
        assert isinstance(answer, SourceCorrupt)
        assert says in str(answer)
    assert isinstance(found["gone"], SourceUnavailable)


@dataclass(frozen=True)
class SlowToArrive:
    """A job whose worker needs longer to import what it needs than a job may take."""

    path: str

    def __reduce__(self) -> tuple[Callable[[str], Job], tuple[str]]:
        return _arrive, (self.path,)


def _arrive(path: str) -> Job:
    time.sleep(1.0)
    return Job(path)


def test_the_start_of_a_worker_does_not_count_as_time_of_its_job() -> None:
    with GuardedWorkers(1, timeout_s=0.8) as workers:
        ((_, answer),) = workers.map(work, [SlowToArrive("a")])
    assert answer == "A"


def own_pid(_: Job) -> int:
    """Answer with the worker's process id."""
    return os.getpid()


def test_a_worker_that_dies_between_two_jobs_costs_none_of_them() -> None:
    with GuardedWorkers(1) as workers:
        ((_, first),) = workers.map(own_pid, [Job("a")])
        assert isinstance(first, int)
        os.kill(first, signal.SIGKILL)
        ((_, answer),) = workers.map(work, [Job("b")])
    assert answer == "B"


def test_copies_of_this_process_work_and_are_replaced_as_others_are() -> None:
    with GuardedWorkers(2, timeout_s=5.0, forked=True) as workers:
        found = [answer for _, answer in workers.map(work, map(Job, ["a", "crash", "b", "c"]))]
        assert isinstance(found[1], SourceCorrupt)
        again = [answer for _, answer in workers.map(work, map(Job, "de"))]
    assert [*found[:1], *found[2:], *again] == ["A", "B", "C", "D", "E"]


def _keep_copies(pids: Connection) -> None:
    workers = GuardedWorkers(2, forked=True).__enter__()
    pids.send([answer for _, answer in workers.map(own_pid, map(Job, "abcd"))])
    time.sleep(600)


def test_copies_end_with_the_process_that_made_them_even_where_it_is_killed() -> None:
    ours, theirs = multiprocessing.Pipe()
    parent = multiprocessing.get_context("spawn").Process(target=_keep_copies, args=(theirs,))
    parent.start()
    found = set(ours.recv())
    parent.kill()
    parent.join()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}/exe").exists() for pid in found):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_error_that_is_no_files_fault_stops_the_work() -> None:
    with GuardedWorkers(1) as workers, pytest.raises(ConfigError):
        list(workers.map(work, [Job("config")]))


def test_no_process_is_left_behind() -> None:
    with GuardedWorkers(2) as workers:
        results = workers.map(work, [Job("a"), Job("b"), Job("slow")])
        next(results)
    assert [p for p in multiprocessing.active_children() if p.name.startswith("Spawn")] == []


def test_headers_are_read_in_a_worker(tmp_path: Path) -> None:
    path = str(write_geotiff(tmp_path / "a.tif", ramp(8, 8)))
    job = ProductJob("raster-dataset", (path,), ItemOptions())
    with GuardedWorkers(1) as workers:
        ((_, items),) = workers.map(read_product, [job])
    assert not isinstance(items, Exception)
    assert items[0].headers[0].width == 8


@dataclass(frozen=True)
class Heavy:
    """A job that is much to send, and whose answer is as much."""

    path: str
    load: bytes


def mirror(job: Heavy) -> bytes:
    """Send back what was sent."""
    return job.load


def test_a_job_that_kills_among_many_quick_ones_is_blamed_alone() -> None:
    names = [f"n{number}" for number in range(300)]
    names[40] = names[41] = names[200] = "crash"
    names[120] = "hang"
    with GuardedWorkers(2, timeout_s=3.0) as workers:
        found = list(workers.map(work, map(Job, names)))
    assert [job.path for job, _ in found] == names
    assert [job.path for job, answer in found if isinstance(answer, SourceCorrupt)] == [
        "crash",
        "crash",
        "hang",
        "crash",
    ]
    assert all(a == job.path.upper() for job, a in found if not isinstance(a, SourceCorrupt))


def test_heavy_jobs_and_answers_among_light_ones_do_not_block_each_other() -> None:
    loads = [bytes(1 << 20) if number % 7 == 3 else b"light" for number in range(200)]
    with GuardedWorkers(2) as workers:
        jobs = [Heavy(str(number), load) for number, load in enumerate(loads)]
        found = [answer for _, answer in workers.map(mirror, jobs)]
    assert found == loads


def test_who_stops_asking_gets_nothing_of_it_later() -> None:
    with GuardedWorkers(2) as workers:
        results = workers.map(work, [Job(f"a{number}") for number in range(100)])
        for _ in range(30):
            next(results)
        results.close()
        found = [answer for _, answer in workers.map(work, [Job("b"), Job("c")])]
    assert found == ["B", "C"]
