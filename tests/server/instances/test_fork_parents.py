"""A fork parent that ends is followed by its spare, at once; and that by another."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.errors import ConfigError
from server.instances.fork_parents import ForkParents
from server.instances.process import Neighbour
from tests.server.instances.test_pool import keeping, until

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
