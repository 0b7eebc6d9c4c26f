"""A fork parent that ends is followed by its spare, at once; and that by another."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.errors import ConfigError
from server.instances import forker
from server.instances.fork_parents import ForkParents
from server.instances.forker import Forker
from server.instances.process import Neighbour
from tests.server.instances.test_pool import job, keeping, pool_of, until

_GENERATIONS = 4


@asynccontextmanager
async def parents_of(**environment):
    parents = ForkParents(keeping(**environment))
    await parents.start()
    try:
        yield parents
    finally:
        await parents.stop()


def name_of(pid):
    return Path(f"/proc/{pid}/comm").read_text("ascii").strip()


def children_of(pid):
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def spare_of(parents):
    await until(lambda: parents.spare_pid is not None)
    return parents.spare_pid


async def test_the_spare_takes_over_at_once_generation_after_generation():
    async with parents_of() as parents:
        for _ in range(_GENERATIONS):
            old, spare = await parents.get(), await spare_of(parents)
            assert name_of(spare) == "swath-spare"
            os.kill(old.pid, signal.SIGKILL)
            await until(lambda old=old: parents.at_work is not old)
            # Nobody had to wait for one: it was there when the other had gone.
            assert parents.at_work.pid == spare
            assert parents.at_work.versions == old.versions
            assert await spare_of(parents) != spare
            assert name_of(spare) == "swath-fork"


async def test_a_lost_spare_is_replaced_and_costs_nothing():
    async with parents_of() as parents:
        at_work, spare = parents.at_work, await spare_of(parents)
        os.kill(spare, signal.SIGKILL)
        await until(lambda: parents.spare_pid != spare)
        assert await spare_of(parents) != spare
        assert parents.at_work is at_work


async def test_both_lost_at_once_another_is_started():
    async with parents_of() as parents:
        both = {parents.at_work.pid, await spare_of(parents)}
        for pid in both:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: parents.at_work is not None and parents.at_work.pid not in both)
        assert await spare_of(parents) not in both


async def test_a_stopped_spare_is_made_to_go_on():
    async with parents_of() as parents:
        spare = Neighbour.of(await spare_of(parents))
        os.kill(spare.pid, signal.SIGSTOP)
        old = parents.at_work
        os.kill(old.pid, signal.SIGKILL)
        await until(lambda: parents.at_work not in (None, old))
        assert parents.at_work.pid == spare.pid
        # It forks again.
        assert await spare_of(parents) != spare.pid


async def test_stopping_ends_both():
    async with parents_of() as parents:
        both = [Neighbour.of(parents.at_work.pid), Neighbour.of(await spare_of(parents))]
    assert all(each.is_gone for each in both)


async def test_stopping_in_between_leaves_nothing():
    for pause_s in (0.0, 0.1, 0.103, 0.11):
        async with parents_of() as parents:
            here = Neighbour.of(parents.at_work.pid)
            await asyncio.sleep(pause_s)
            below = [Neighbour.of(pid) for pid in children_of(here.pid)]
        await until(lambda all_=(here, *below): all(each.is_gone for each in all_))


async def test_an_engine_that_cannot_load_fails_the_start():
    with pytest.raises(ConfigError):
        async with parents_of(TRIVIAL_FAILS="preload"):
            pass


async def kill_both(parents):
    both = [parents.at_work.pid, await spare_of(parents)]
    for pid in both:
        os.kill(pid, signal.SIGKILL)
    return both


async def test_a_spare_that_dies_as_it_is_ready_is_not_kept(monkeypatch):
    died, follow = [], Forker._follow

    def killing(self, message):
        follow(self, message)
        if message[0] == "ready" and self.title.startswith("spare") and not died:
            died.append(Neighbour.of(self.pid))
            died[0].kill()
            # Its end is there to be read before anybody has heard that it was ready.
            died[0].wait(10)

    monkeypatch.setattr(Forker, "_follow", killing)
    async with parents_of() as parents:
        old = parents.at_work
        assert await spare_of(parents) != died[0].pid
        os.kill(old.pid, signal.SIGKILL)
        await until(lambda: parents.at_work not in (None, old))
        assert parents.at_work.pid


async def test_a_time_without_room_for_processes_passes(monkeypatch):
    async with parents_of() as parents:
        failed = []

        def no_room(*arguments, **named):
            failed.append(arguments)
            if len(failed) > 2:
                monkeypatch.undo()
            raise BlockingIOError(11, "no room")

        monkeypatch.setattr(forker.subprocess, "Popen", no_room)
        both = await kill_both(parents)
        await until(lambda: parents.at_work is not None and parents.at_work.pid not in both)
        assert len(failed) == 3


async def test_a_fork_that_fails_costs_nobody_the_fork_parent(tmp_path):
    full = tmp_path / "full"
    async with parents_of(TRIVIAL_NO_ROOM=str(full)) as parents:
        at_work, spare = parents.at_work, await spare_of(parents)
        full.touch()
        os.kill(spare, signal.SIGKILL)
        await until(lambda: parents._pause_s >= 0.8)
        with pytest.raises(ConnectionError, match="no room"):
            await at_work.spare()
        full.unlink()
        assert await spare_of(parents) != spare
        assert parents.at_work is at_work


async def test_spares_that_die_young_come_ever_later():
    async with parents_of() as parents:
        for _ in range(3):
            os.kill(await spare_of(parents), signal.SIGKILL)
            await until(lambda: parents.spare_pid is None)
        assert parents._pause_s == pytest.approx(0.8)


async def test_descriptors_beyond_a_thousand_are_as_good():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        async with parents_of() as parents:
            old = parents.at_work
            await spare_of(parents)
            os.kill(old.pid, signal.SIGKILL)
            await until(lambda: parents.at_work is not old)
            await spare_of(parents)
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("takes_over", [False, True])
async def test_stopping_ends_instances_deep_in_a_library_whoever_forked_them(takes_over):
    async with pool_of(1) as pool:
        parents = pool._keeper._parents
        old, _ = parents.at_work, await spare_of(parents)
        if takes_over:
            os.kill(old.pid, signal.SIGKILL)
            await until(lambda: parents.at_work not in (None, old))
        stuck = Neighbour.of(pool.state().pids[0])
        flight = pool.fly(job("block", seconds=30))
        flight.future.add_done_callback(lambda future: future.exception())
        await asyncio.sleep(0.3)
        assert not stuck.is_gone
    await until(lambda: stuck.is_gone)


async def test_stopping_ends_one_that_still_loads():
    async with parents_of() as parents:
        before = set(children_of(os.getpid()))
        await kill_both(parents)
        await until(lambda: set(children_of(os.getpid())) - before)
        below = [Neighbour.of(pid) for pid in set(children_of(os.getpid())) - before]
        began = time.monotonic()
    assert time.monotonic() - began < 4.0
    assert all(each.is_gone for each in below)


_FRONT = """
import asyncio
from tests.server.instances.test_pool import job, pool_of, until

async def main():
    async with pool_of(2) as pool:
        parents = pool._keeper._parents
        await until(lambda: parents.spare_pid)
        pool.fly(job("block", seconds=30))
        await asyncio.sleep(0.3)
        seats = pool._shared._seats
        stuck, idle = sorted(pool.state().pids, key=lambda n: not seats[n].in_flight)
        pids = pool.state().pids
        print(pids[stuck], pids[idle], parents.spare_pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("unread", [False, True])
def test_what_is_stuck_ends_with_a_killed_front_whatever_that_has_not_read(
    tmp_path, repo_root, unread
):
    script = tmp_path / "front.py"
    script.write_text(_FRONT)
    environment = {**os.environ, "PYTHONPATH": str(repo_root)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as front:
        stuck, idle, spare = (Neighbour.of(int(text)) for text in front.stdout.readline().split())
        if unread:
            front.send_signal(signal.SIGSTOP)
            idle.kill()
            idle.wait(10)
        front.kill()
    for each in (stuck, idle, spare):
        each.wait(10)
        assert each.is_gone
