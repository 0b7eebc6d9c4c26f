"""Instances that are stopped, silent, worn out or deadly, with real processes under a real pool."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager

import pytest

from engine.errors import DeadlineExceeded, Quarantined
from server.instances import keeper
from server.instances.instance import InstanceOrder
from server.instances.pool_options import PoolsOptions, QueueOptions
from server.instances.pools import Pools
from server.instances.process import is_stopped
from server.instances.recycling import RecyclingLimits
from tests.server.instances.test_pool import ask, job, keeping, lines, until

FRONT = """
import asyncio, sys
from tests.server.instances.test_pool import keeping
from server.instances.pool_options import PoolsOptions
from server.instances.instance import InstanceOrder
from server.instances.pools import Pools

async def main():
    pools = Pools(keeping(), PoolsOptions(instances=2, template=InstanceOrder(number=0, silence_s=1.0)))
    await pools.start()
    state = pools.state()
    print(state.fork_parent_pid, *state.pids.values(), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.sleep(1.0)
    print(pools.state().restarts, flush=True)
    await pools.stop()

asyncio.run(main())
"""


@asynccontextmanager
async def pools_of(instances=2, **options):
    pools = Pools(keeping(), PoolsOptions(instances=instances, **options))
    await pools.start()
    try:
        yield pools
    finally:
        await pools.stop()


@contextmanager
def busy_machine(processes):
    burning = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)
    ]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


async def test_a_stopped_instance_is_replaced_and_its_requests_are_answered(tmp_path):
    async with pools_of(2) as pools:
        log = tmp_path / "log"
        flights = [pools.fly(job("work", text=str(n), seconds=0.5, log=str(log))) for n in range(4)]
        await until(lambda: len(lines(log)) == 2)
        old = pools.state().pids[0]
        os.kill(old, signal.SIGSTOP)
        replies = await asyncio.gather(*(flight.future for flight in flights))
        assert [bytes(reply.body) for reply in replies] == [b"done"] * 4
        await until(lambda: pools.is_ready)
        assert pools.state().restarts == 1
        assert old not in pools.state().pids.values()


async def test_an_idle_instance_that_is_stopped_is_replaced_too():
    async with pools_of(2) as pools:
        old = dict(pools.state().pids)
        for pid in old.values():
            os.kill(pid, signal.SIGSTOP)
        await until(lambda: pools.state().restarts == 2 and pools.is_ready)
        assert not set(old.values()) & set(pools.state().pids.values())


async def test_a_process_that_gives_no_sign_is_replaced_and_its_request_quarantined():
    async with pools_of(2, template=InstanceOrder(number=0, silence_s=0.5)) as pools:
        blocking = pools.fly(job("block", seconds=60))
        assert bytes((await ask(pools, "echo", text="meanwhile")).body).startswith(b"meanwhile")
        with pytest.raises(Quarantined):
            await blocking.future
        await until(lambda: pools.is_ready)
        assert pools.state().restarts == 2


async def test_no_instance_is_accused_on_a_starved_machine(tmp_path):
    with busy_machine(10):
        async with pools_of(2, template=InstanceOrder(number=0, silence_s=3.0)) as pools:
            log = str(tmp_path / "log")
            ends = time.monotonic() + 4.0
            while time.monotonic() < ends:
                await asyncio.gather(
                    *(ask(pools, "work", text=".", seconds=0.1, log=log) for _ in range(4))
                )
            assert pools.state().restarts == 0


async def test_nobody_is_accused_when_all_processes_were_stopped_and_go_on(tmp_path):
    script = tmp_path / "front.py"
    script.write_text(FRONT)
    front = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **keeping().environment},
    )
    everybody = [front.pid, *map(int, (await front.stdout.readline()).split())]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    await until(lambda: all(is_stopped(pid) for pid in everybody))
    await asyncio.sleep(1.5)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    restarts, _ = await front.communicate(b"go on\n")
    assert restarts.split() == [b"0"]


async def test_a_stopped_fork_parent_is_made_to_go_on():
    async with pools_of(2) as pools:
        parent = pools.state().fork_parent_pid
        os.kill(parent, signal.SIGSTOP)
        os.kill(pools.state().pids[1], signal.SIGKILL)
        await until(lambda: pools.state().restarts == 1 and pools.is_ready)
        assert pools.state().fork_parent_pid == parent


async def test_a_deadly_request_is_refused_after_two_instances_and_others_go_on():
    async with pools_of(2) as pools:
        with pytest.raises(Quarantined) as first:
            await ask(pools, "die")
        with pytest.raises(Quarantined, match=first.value.fields[0]):
            await ask(pools, "die")
        assert bytes((await ask(pools, "echo", text="well")).body).startswith(b"well")
        await until(lambda: pools.is_ready)
        assert pools.state().restarts == 2


async def test_a_deadly_request_is_a_new_question_in_a_new_version():
    async with pools_of(2) as pools:
        with pytest.raises(Quarantined) as first:
            await ask(pools, "die")
        renewed = job("die")
        renewed.service.version = "v2"
        with pytest.raises(Quarantined) as second:
            await pools.fly(renewed).future
        assert first.value.fields != second.value.fields
        await until(lambda: pools.is_ready)
        assert pools.state().restarts == 4


async def test_where_quarantine_is_off_each_asker_loses_two_instances():
    async with pools_of(2, queueing=QueueOptions(quarantine_s=0.0)) as pools:
        for number in (1, 2):
            with pytest.raises(Exception, match="please try again"):
                await ask(pools, "die")
            await until(lambda n=number: pools.state().restarts == 2 * n)


async def test_who_stands_behind_a_deadly_request_is_not_lost_with_it():
    async with pools_of(1) as pools:
        deadly = pools.fly(job("die"))
        behind = pools.fly(job("echo", text="behind"))
        assert bytes((await behind.future).body).startswith(b"behind")
        assert behind.attempts == 0
        with pytest.raises(Quarantined):
            await deadly.future


async def test_instances_are_recycled_by_requests_one_at_a_time_and_none_is_lost(tmp_path):
    recycling = RecyclingLimits(requests=30)
    async with pools_of(2, recycling=recycling) as pools:
        old, fewest = set(pools.state().pids.values()), 2
        log = str(tmp_path / "log")
        ends = time.monotonic() + 60
        while old & set(pools.state().pids.values()):
            assert time.monotonic() < ends
            asked = [ask(pools, "echo", text=str(n)) for n in range(8)]
            replies = await asyncio.gather(
                *asked, ask(pools, "work", text="slow", seconds=0.05, log=log)
            )
            assert [bytes(r.body)[:1] for r in replies] == [b"%d" % n for n in range(8)] + [b"d"]
            fewest = min(fewest, pools.state().ready)
        assert fewest == 2
        assert pools.state().restarts == 0
        assert pools.state().renewed >= 2


async def test_instances_are_recycled_by_the_memory_they_hold(monkeypatch):
    monkeypatch.setattr(keeper, "_WEIGH_S", 0.05)
    recycling = RecyclingLimits(memory_bytes=1 << 20)
    async with pools_of(2, recycling=recycling) as pools:
        old = set(pools.state().pids.values())
        await until(lambda: not old & set(pools.state().pids.values()))
        assert bytes((await ask(pools, "echo", text="fit")).body).startswith(b"fit")
        assert pools.state().restarts == 0


async def test_a_request_that_hangs_after_its_deadline_twice_is_refused():
    queueing = QueueOptions(hang_s=0.2)
    async with pools_of(2, queueing=queueing) as pools:
        for number in (1, 2):
            with pytest.raises(DeadlineExceeded):
                await ask(pools, "hang", seconds=60, usage_s=0.1)
            await until(lambda n=number: pools.state().restarts == n)
        with pytest.raises(Quarantined):
            await ask(pools, "hang", seconds=60, usage_s=0.1)
        assert pools.state().refused == 1
