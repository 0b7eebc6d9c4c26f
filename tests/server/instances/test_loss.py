"""Who is suspected when an instance is lost, and who has another try."""

import asyncio
import os

import pytest

from engine.errors import InstanceLost, Quarantined
from server.instances.control_page import ControlPage
from server.instances.frames import Task, encode_task
from server.instances.loss import after_loss
from server.instances.quarantine import Quarantine
from tests.server.instances.flights import flight as made_flight


@pytest.fixture
def page():
    made, descriptor = ControlPage.create()
    os.close(descriptor)
    yield made
    made.close()


def flight(number, question="q"):
    task = Task("service", "v1", "/none", "", {"n": question}, b"\xc0")
    made = made_flight(number, slot=number)
    made.head = encode_task(task)
    made.future = asyncio.get_running_loop().create_future()
    return made


async def test_what_only_stood_behind_goes_first_and_is_not_counted(page):
    working, behind = flight(1, "a"), flight(2, "b")
    page.work_on(1, 1)
    quarantine = Quarantine(600)
    assert after_loss([working, behind], page, quarantine) == [behind, working]
    assert (working.attempts, behind.attempts) == (1, 0)
    assert quarantine.check(behind.head) == 0


async def test_a_suspect_has_its_second_try_alone(page):
    working, behind = flight(1), flight(2)
    page.work_on(1, 1)
    after_loss([working, behind], page, Quarantine(600))
    assert not working.is_light
    assert not working.is_small
    assert behind.is_light


async def test_after_the_second_loss_it_fails_with_the_reference_of_its_quarantine(page):
    working, quarantine = flight(1), Quarantine(600)
    page.work_on(1, 1)
    after_loss([working], page, quarantine)
    assert after_loss([working], page, quarantine) == []
    reference = working.future.exception().fields[0]
    with pytest.raises(Quarantined, match=reference):
        quarantine.check(working.head)


async def test_without_quarantine_it_fails_with_a_reference_that_the_log_has(page, caplog):
    working, quarantine = flight(1), Quarantine(0)
    page.work_on(1, 1)
    after_loss([working], page, quarantine)
    after_loss([working], page, quarantine)
    error = working.future.exception()
    assert type(error) is InstanceLost
    assert error.fields[0] in caplog.text


async def test_one_that_nobody_waits_for_any_more_is_blamed_all_the_same(page):
    quarantine = Quarantine(600)
    page.work_on(1, 1)
    for _ in range(2):
        left = flight(1)
        left.future.cancel()
        after_loss([left], page, quarantine)
    with pytest.raises(Quarantined):
        quarantine.check(left.head)
