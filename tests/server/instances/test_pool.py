"""The pool with real processes: kills, cancellations, deadlines, queues.

Drives server.instances.keeper, server.instances.forker, server.instances.link,
server.instances.fork_parent and server.instances.instance as they stand in the product.
"""

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from config.definition import ServiceProperties
from engine.errors import (
    ConfigError,
    DeadlineExceeded,
    InstanceLost,
    InternalError,
    InvalidParameter,
    Overloaded,
)
from server.instances.fork_parents import ForkParentOptions
from server.instances.job import Job
from server.instances.pool_options import PoolsOptions, QueueOptions
from server.instances.pools import Pools

HERE = Path(__file__).parent


class Question(msgspec.Struct, frozen=True):
    kind: str
    text: str = ""
    seconds: float = 0.0
    count: int = 0
    log: str = ""


def job(kind, *, service="folder/name", usage_s=30.0, wait_s=30.0, options=None, **fields):
    properties = ServiceProperties(usage_timeout_s=usage_s, wait_timeout_s=wait_s)
    published = SimpleNamespace(
        name=service, version="v1", path="/none", summary=SimpleNamespace(properties=properties)
    )
    return Job(
        service=published,
        request=Question(kind, **fields),
        operation="test",
        options=options or {},
    )


def keeping(**environment):
    paths = os.pathsep.join([str(HERE), str(HERE.parents[2])])
    return ForkParentOptions(
        work="trivial_work",
        environment={"PYTHONPATH": paths, **environment},
    )


@asynccontextmanager
async def pool_of(instances=2, **queueing):
    options = PoolsOptions(instances=instances, queueing=QueueOptions(**queueing))
    pool = Pools(keeping(), options)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def ask(pool, *args, **kwargs):
    return await pool.fly(job(*args, **kwargs)).future


async def until(condition, timeout_s=10.0):
    ends = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < ends, "nothing happened"
        await asyncio.sleep(0.01)


def is_gone(pid):
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return True


def lines(path):
    return path.read_text().split() if path.exists() else []


async def test_an_answer_comes_back_with_its_head():
    async with pool_of(1) as pool:
        reply = await ask(pool, "echo", text="hello", options={"f": "json"})
        assert bytes(reply.body) == b"hello folder/name {'f': 'json'}"
        assert reply.media_type == "text/plain"
        assert reply.stages["work"] == 1.0
        assert 0 <= reply.stages["queue"] < reply.stages["total"]
        await until(lambda: pool.state().counts[0].block_cache_bytes == 42)


async def test_bodies_of_all_sizes_arrive_whole():
    async with pool_of(1) as pool:
        counts = [0, 256, 255 * 1024, 256 * 1024, 257 * 1024, 5_000_192]
        replies = await asyncio.gather(*(ask(pool, "big", count=n) for n in counts))
        for count, reply in zip(counts, replies, strict=True):
            assert bytes(reply.body) == bytes(range(256)) * (count // 256)


async def test_large_work_lets_small_work_have_the_cores_first():
    async with pool_of(1) as pool:
        # What it takes is not known at first, so that it counts as large; then it is seen to be small.
        found = [int((await ask(pool, "nice")).body) for _ in range(30)]
    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert [found[0] - before, found[-1] - before] == [15, 5]


async def test_errors_cross_the_border_with_their_fields():
    async with pool_of(1) as pool:
        with pytest.raises(InvalidParameter, match="Invalid value 'x,y' for parameter 'size'"):
            await ask(pool, "refuse", text="x,y")


async def test_a_fault_of_the_code_tells_a_reference_and_no_detail():
    async with pool_of(1) as pool:
        with pytest.raises(InternalError) as caught:
            await ask(pool, "crash")
        assert "secret" not in str(caught.value)
        assert bytes((await ask(pool, "echo", text="on")).body).startswith(b"on")


async def test_a_request_whose_instance_is_killed_is_tried_once_more(tmp_path):
    async with pool_of(2) as pool:
        reply = await ask(pool, "die_once", log=str(tmp_path / "died"))
        assert bytes(reply.body) == b"second try"
        await until(lambda: pool.is_ready)
        assert pool.state().restarts == 1


async def test_a_request_that_kills_every_instance_fails_and_the_pool_recovers():
    async with pool_of(2) as pool:
        with pytest.raises(InstanceLost):
            await ask(pool, "die")
        assert bytes((await ask(pool, "echo", text="again")).body).startswith(b"again")
        await until(lambda: pool.is_ready)


async def test_all_instances_killed_at_once_are_replaced(tmp_path):
    async with pool_of(2) as pool:
        old = set(pool.state().pids.values())
        log = tmp_path / "log"
        flights = [pool.fly(job("work", text=str(n), seconds=0.3, log=str(log))) for n in range(4)]
        await until(lambda: len(lines(log)) == 2)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        replies = await asyncio.gather(*(flight.future for flight in flights))
        assert [bytes(reply.body) for reply in replies] == [b"done"] * 4
        assert pool.is_ready
        assert not old & set(pool.state().pids.values())
        assert pool.state().in_flight == 0


async def test_the_fork_parent_killed_is_replaced_while_its_instances_work_on(tmp_path):
    async with pool_of(2) as pool:
        old, pids = pool.state().fork_parent_pid, pool.state().pids
        log = tmp_path / "log"
        flights = [pool.fly(job("work", text=str(n), seconds=0.5, log=str(log))) for n in range(4)]
        await until(lambda: len(lines(log)) == 2)
        os.kill(old, signal.SIGKILL)
        replies = await asyncio.gather(*(flight.future for flight in flights))
        assert [bytes(reply.body) for reply in replies] == [b"done"] * 4
        await until(lambda: pool.state().fork_parent_pid not in (None, old))
        assert pool.state().restarts == 0
        assert pool.state().pids == pids
        # An instance whose parent has gone is replaced by one of the new parent.
        os.kill(pids[0], signal.SIGKILL)
        await until(lambda: pool.state().restarts == 1 and pool.is_ready)
        assert bytes((await ask(pool, "echo", text="back")).body).startswith(b"back")


async def test_an_instance_lost_while_there_is_no_fork_parent_is_replaced_by_the_next():
    async with pool_of(2) as pool:
        pids = pool.state().pids
        os.kill(pool.state().fork_parent_pid, signal.SIGKILL)
        os.kill(pids[0], signal.SIGKILL)
        assert bytes((await ask(pool, "echo", text="meanwhile")).body).startswith(b"meanwhile")
        await until(lambda: pool.state().restarts == 1 and pool.is_ready)
        assert pool.state().pids[1] == pids[1]


async def test_work_past_its_deadline_stops(tmp_path):
    async with pool_of(1) as pool:
        log = tmp_path / "log"
        with pytest.raises(DeadlineExceeded, match=r"limit of 0.2 s"):
            await ask(pool, "work", text="slow", seconds=20, log=str(log), usage_s=0.2)
        await until(lambda: lines(log) == ["slow", "DeadlineExceeded"])
        assert bytes((await ask(pool, "echo", text="fit")).body).startswith(b"fit")
        assert pool.state().restarts == 0


async def test_an_instance_that_ignores_its_deadline_is_replaced():
    async with pool_of(1, hang_s=0.3) as pool:
        with pytest.raises(DeadlineExceeded):
            await ask(pool, "hang", seconds=60, usage_s=0.2)
        assert bytes((await ask(pool, "echo", text="new")).body).startswith(b"new")
        assert pool.state().restarts == 1


async def test_abandoned_work_stops(tmp_path):
    async with pool_of(1) as pool:
        log = tmp_path / "log"
        flight = pool.fly(job("work", text="left", seconds=20, log=str(log)))
        await until(lambda: lines(log) == ["left"])
        pool.abandon(flight)
        await until(lambda: lines(log) == ["left", "Cancelled"])
        assert flight.future.cancelled()


async def test_an_abandoned_request_in_the_queue_is_never_begun(tmp_path):
    async with pool_of(1) as pool:
        log = tmp_path / "log"
        first = pool.fly(job("work", text="first", seconds=0.3, log=str(log)))
        second = pool.fly(job("work", text="second", log=str(log)))
        pool.abandon(second)
        await first.future
        await ask(pool, "work", text="third", log=str(log))
        assert lines(log) == ["first", "third"]


async def test_waiting_ends_at_the_wait_timeout(tmp_path):
    async with pool_of(1) as pool:
        log = str(tmp_path / "log")
        busy = pool.fly(job("work", text="busy", seconds=20, log=log))
        started = time.monotonic()
        with pytest.raises(Overloaded):
            await ask(pool, "echo", wait_s=0.3)
        assert time.monotonic() - started >= 0.3
        pool.abandon(busy)


async def test_a_full_queue_refuses_at_once(tmp_path):
    async with pool_of(1, max_queue=2) as pool:
        log = str(tmp_path / "log")
        busy = pool.fly(job("work", text="busy", seconds=20, log=log))
        waiting = [pool.fly(job("echo")) for _ in range(2)]
        with pytest.raises(Overloaded):
            pool.fly(job("echo"))
        pool.abandon(busy)
        await asyncio.gather(*(flight.future for flight in waiting))


@pytest.mark.parametrize("stage", ["preload", "make"])
async def test_an_engine_that_cannot_load_fails_the_start(stage):
    pool = Pools(keeping(TRIVIAL_FAILS=stage), PoolsOptions(instances=1))
    with pytest.raises(ConfigError):
        await pool.start()
    await pool.stop()


async def test_stopping_ends_every_process():
    async with pool_of(2) as pool:
        state = pool.state()
        pids = [state.fork_parent_pid, *state.pids.values()]
    await until(lambda: all(is_gone(pid) for pid in pids))
    with pytest.raises(Overloaded):
        pool.fly(job("echo"))


@pytest.mark.parametrize("stopped", [None, 0, 1])
async def test_fork_parent_and_instances_end_with_a_killed_front(tmp_path, stopped):
    script = tmp_path / "front.py"
    script.write_text(
        "import asyncio, sys\n"
        "from server.instances.fork_parents import ForkParentOptions\n"
        "from server.instances.pool_options import PoolsOptions\n"
        "from server.instances.pools import Pools\n"
        "async def main():\n"
        "    pool = Pools(ForkParentOptions(work='trivial_work'), PoolsOptions(instances=1))\n"
        "    await pool.start()\n"
        "    state = pool.state()\n"
        "    sys.stdout.write(f'{state.fork_parent_pid} {state.pids[0]}\\n')\n"
        "    sys.stdout.flush()\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, **keeping().environment}
    front = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, env=environment
    )
    pids = [int(text) for text in (await front.stdout.readline()).split()]
    if stopped is not None:
        os.kill(pids[stopped], signal.SIGSTOP)
    front.kill()
    await front.wait()
    await until(lambda: all(is_gone(pid) for pid in pids))


async def test_folders_where_the_operator_stands_are_not_imported(tmp_path, monkeypatch):
    for name in ("server", "config", "engine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")
    monkeypatch.chdir(tmp_path)
    async with pool_of(1) as pool:
        assert bytes((await ask(pool, "echo", text="here")).body).startswith(b"here")
