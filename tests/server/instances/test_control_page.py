"""The page that front and instance share."""

import os
import time
from dataclasses import replace

import pytest

from engine.errors import Cancelled, DeadlineExceeded
from server.instances.control_page import SLOTS, ControlPage, Counts


@pytest.fixture
def both_ends():
    front, descriptor = ControlPage.create()
    instance = ControlPage(descriptor)
    os.close(descriptor)
    yield front, instance
    front.close()
    instance.close()


def test_a_deadline_stops_its_own_slot_alone(both_ends):
    front, instance = both_ends
    now = time.monotonic()
    front.begin(0, now - 1, 2.5)
    front.begin(1, now + 60, 60)
    with pytest.raises(DeadlineExceeded, match=r"2\.5 s"):
        instance.work_on(0, 1).check()
    instance.work_on(1, 2).check()
    assert 59 < instance.work_on(1, 2).remaining_s() <= 60
    assert instance.work_on(0, 1).remaining_s() == 0


def test_cancelling_shows_in_a_budget_already_made(both_ends):
    front, instance = both_ends
    far = time.monotonic() + 60
    front.begin(SLOTS - 1, far, 60)
    budget = instance.work_on(SLOTS - 1, 1)
    budget.check()
    front.cancel(SLOTS - 1)
    with pytest.raises(Cancelled):
        budget.check()


def test_a_slot_used_again_is_not_cancelled(both_ends):
    front, instance = both_ends
    far = time.monotonic() + 60
    front.begin(3, far, 60)
    front.cancel(3)
    front.begin(3, far, 60)
    instance.work_on(3, 2).check()


def test_counts_cross(both_ends):
    front, instance = both_ends
    told = Counts(
        answered=3,
        busy_s=0.5,
        open_services=2,
        block_cache_bytes=2.0**40,
        block_hits=7,
        block_misses=8,
    )
    instance.tell(told)
    assert front.counts() == told
    instance.tell_open_services(1)
    assert front.counts() == replace(told, open_services=1.0)


def test_only_the_request_in_work_is_marked(both_ends):
    front, instance = both_ends
    for slot in (0, 1):
        front.begin(slot, time.monotonic() + 60, 60)
    instance.work_on(1, 2**40 + 7)
    assert front.was_begun(1, 2**40 + 7)
    assert not front.was_begun(0, 2**40 + 6)


def test_a_mark_of_an_earlier_request_in_the_slot_is_not_taken_for_the_new_one(both_ends):
    front, instance = both_ends
    instance.work_on(5, 11)
    front.begin(5, time.monotonic() + 60, 60)
    assert not front.was_begun(5, 12)


def test_heartbeats_cross_beside_the_counts(both_ends):
    front, instance = both_ends
    assert front.last_beat() == 0.0
    instance.beat(12.5)
    instance.tell(Counts(answered=3, block_misses=8))
    assert front.last_beat() == 12.5
    assert front.counts().block_misses == 8
