"""Pools with real processes: seats that come and go, services that move, orders that change.

Drives server.instances.keeper, server.instances.seat_life, server.instances.pool_state and
server.instances.pool_options as they stand in the product.
"""

import asyncio
import os
import signal
import time
from contextlib import asynccontextmanager

import msgspec
import pytest

from engine.budget import InstanceMemory
from engine.errors import Overloaded
from server.instances.instance import InstanceOrder
from server.instances.pool_options import PoolsOptions
from server.instances.pools import Pools
from server.instances.scaling import Scale
from tests.server.instances.test_pool import is_gone, job, keeping, lines, until


@asynccontextmanager
async def pools_of(instances=2, placed=None):
    pools = Pools(keeping(), PoolsOptions(instances=instances))
    pools.place(placed or {})
    await pools.start()
    try:
        yield pools
    finally:
        await pools.stop()


def pool(pools, name=""):
    return {each.name: each for each in pools.state().pools}.get(name)


def pid_of(reply):
    return int(dict(reply.headers)["X-Pid"])


async def ask(pools, *args, **kwargs):
    return await pools.fly(job(*args, **kwargs)).future


@asynccontextmanager
async def steady_load(pools, clients=6, **fields):
    """Ask from several sides until the block ends; whatever fails, fails the test."""
    counts = [0]
    is_over = asyncio.Event()

    async def client():
        while not is_over.is_set():
            await ask(pools, "echo", text="x", **fields)
            counts[0] += 1

    clients = [asyncio.create_task(client()) for _ in range(clients)]
    try:
        yield counts
    finally:
        is_over.set()
        await asyncio.gather(*clients)


async def test_the_shared_pool_grows_and_shrinks_without_losing_a_request():
    async with pools_of(2) as pools, steady_load(pools) as counts:
        for instances in (3, 1, 2):
            pools.configure(PoolsOptions(instances=instances))
            await until(
                lambda size=instances: pool(pools).seats == pool(pools).ready == size,
            )
            before = counts[0]
            await until(lambda past=before: counts[0] > past + 20)
        assert sorted(pools.state().pids) == [0, 1]
        assert pools.state().restarts == 0


async def test_processes_of_seats_that_went_end():
    async with pools_of(3) as pools:
        before = set(pools.state().pids.values())
        pools.configure(PoolsOptions(instances=1))
        await until(lambda: len(pools.state().pids) == 1)
        gone = before - set(pools.state().pids.values())
        await until(lambda: all(is_gone(pid) for pid in gone))


async def test_a_stopped_instance_whose_seat_went_is_killed():
    async with pools_of(2) as pools:
        pid = pools.state().pids[1]
        os.kill(pid, signal.SIGSTOP)
        pools.configure(PoolsOptions(instances=1))
        await until(lambda: is_gone(pid))


async def test_a_draining_seat_ends_what_it_has(tmp_path):
    async with pools_of(2) as pools:
        log = tmp_path / "log"
        flights = [pools.fly(job("work", text=str(n), seconds=1, log=str(log))) for n in range(2)]
        await until(lambda: len(lines(log)) == 2)
        pools.configure(PoolsOptions(instances=1))
        await until(lambda: pool(pools).draining == 1)
        assert bytes((await ask(pools, "echo", text="on")).body).startswith(b"on")
        replies = await asyncio.gather(*(flight.future for flight in flights))
        assert [bytes(reply.body) for reply in replies] == [b"done"] * 2
        await until(lambda: pool(pools).seats == 1)
        assert pools.state().restarts == 0


async def test_a_draining_instance_that_dies_gives_its_work_to_another(tmp_path):
    async with pools_of(2) as pools:
        log = tmp_path / "log"
        flights = [pools.fly(job("work", text=str(n), seconds=1, log=str(log))) for n in range(2)]
        await until(lambda: len(lines(log)) == 2)
        latest = pools.state().pids[1]
        pools.configure(PoolsOptions(instances=1))
        await until(lambda: pool(pools).draining == 1)
        os.kill(latest, signal.SIGKILL)
        replies = await asyncio.gather(*(flight.future for flight in flights))
        assert [bytes(reply.body) for reply in replies] == [b"done"] * 2
        assert pool(pools).seats == 1


async def test_instances_with_another_order_are_made_anew_one_by_one():
    async with pools_of(2) as pools, steady_load(pools):
        before = set(pools.state().pids.values())
        template = InstanceOrder(number=0, memory=InstanceMemory(scratch_bytes=1 << 20))
        pools.configure(PoolsOptions(instances=2, template=template))
        most = 0

        def renewed():
            nonlocal most
            state = pools.state()
            most = max(most, state.instances)
            return not before & set(state.pids.values()) and state.instances == 2

        await until(renewed)
        assert most == 3
        assert pools.state().restarts == 0
        assert pools.is_ready


async def test_a_service_moves_to_its_own_pool_and_back_without_losing_a_request(tmp_path):
    async with pools_of(1) as pools, steady_load(pools, service="a"):
        shared = set(pools.state().pids.values())
        slow = pools.fly(job("work", service="a", text="s", seconds=1, log=str(tmp_path / "log")))
        pools.place({"a": Scale(minimum=1, maximum=2)})
        await until(lambda: pool(pools, "a") is not None and pool(pools, "a").ready)
        assert not slow.future.done()
        await until(lambda: pool(pools, "a").busy)
        assert pid_of(await ask(pools, "echo", service="a")) not in shared
        assert pid_of(await ask(pools, "echo", service="b")) in shared
        assert bytes((await slow.future).body) == b"done"
        pools.place({})
        assert pid_of(await ask(pools, "echo", service="a")) in shared
        await until(lambda: pool(pools, "a") is None)
        assert pools.state().instances == 1
        assert pools.state().restarts == 0


async def test_requests_go_to_the_shared_pool_until_their_own_is_ready():
    async with pools_of(1) as pools:
        shared = set(pools.state().pids.values())
        pools.place({"a": Scale(minimum=1, maximum=1)})
        assert pid_of(await ask(pools, "echo", service="a")) in shared


async def test_a_service_that_is_taken_back_at_once_leaves_nothing_behind():
    async with pools_of(1) as pools:
        for _ in range(3):
            pools.place({"a": Scale(minimum=2, maximum=2)})
            pools.place({})
        await until(lambda: pools.state().instances == 1)
        assert bytes((await ask(pools, "echo", text="x", service="a")).body).startswith(b"x")
        pools.place({"a": Scale(minimum=1, maximum=1)})
        await until(lambda: pool(pools, "a") is not None and pool(pools, "a").ready == 1)


async def test_a_pool_of_minimum_nothing_starts_at_the_first_request_and_goes_when_idle():
    async with pools_of(1, {"a": Scale(minimum=0, maximum=2, idle_s=0.3)}) as pools:
        shared = set(pools.state().pids.values())
        assert pool(pools, "a").seats == 0
        assert pid_of(await ask(pools, "echo", service="a")) not in shared
        assert pool(pools, "a").seats == 1
        await until(lambda: pool(pools, "a").seats == 0)
        assert pid_of(await ask(pools, "echo", service="a")) not in shared


async def test_a_dedicated_pool_grows_under_load_to_its_maximum_and_shrinks_when_idle(tmp_path):
    async with pools_of(1, {"a": Scale(minimum=1, maximum=3, idle_s=0.5)}) as pools:
        log = str(tmp_path / "log")
        flights = [
            pools.fly(job("work", service="a", text=str(n), seconds=0.3, log=log))
            for n in range(24)
        ]
        await until(lambda: pool(pools, "a").ready == 3)
        replies = await asyncio.gather(*(flight.future for flight in flights))
        assert [bytes(reply.body) for reply in replies] == [b"done"] * 24
        await until(lambda: pool(pools, "a").seats == 1)
        assert pool(pools).seats == 1


async def test_the_minimum_of_dedicated_pools_is_there_at_the_start():
    async with pools_of(1, {"a": Scale(minimum=2, maximum=2)}) as pools:
        assert pool(pools, "a").ready == 2
        assert sorted(pools.state().pids) == [0, 1, 2]


async def test_fork_parent_and_instances_killed_at_once_all_pools_come_back():
    async with pools_of(1, {"a": Scale(minimum=1, maximum=1)}) as pools:
        before = set(pools.state().pids.values())
        for pid in (pools.state().fork_parent_pid, *before):
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not before & set(pools.state().pids.values()) and pools.is_ready)
        await until(lambda: pool(pools, "a").ready == 1)
        assert pid_of(await ask(pools, "echo", service="a")) in pool(pools, "a").pids.values()


async def test_limits_of_queues_change_in_all_pools(tmp_path):
    async with pools_of(1, {"a": Scale(minimum=1, maximum=1)}) as pools:
        changed = PoolsOptions(instances=1)
        queueing = msgspec.structs.replace(changed.queueing, wait_timeout_s=0.2)
        pools.configure(msgspec.structs.replace(changed, queueing=queueing))
        busy = pools.fly(job("work", service="a", text="s", seconds=20, log=str(tmp_path / "log")))
        started = time.monotonic()
        with pytest.raises(Overloaded):
            await ask(pools, "echo", service="a")
        assert time.monotonic() - started < 10
        pools.abandon(busy)
