"""The page that front and instance share."""

import os
import time

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
    front.begin(0, 1, now - 1, 2.5)
    front.begin(1, 2, now + 60, 60)
    with pytest.raises(DeadlineExceeded, match=r"2\.5 s"):
        instance.budget(0).check()
    instance.budget(1).check()
    assert 59 < instance.budget(1).remaining_s() <= 60
    assert instance.budget(0).remaining_s() == 0


def test_cancelling_shows_in_a_budget_already_made(both_ends):
    front, instance = both_ends
    far = time.monotonic() + 60
    front.begin(SLOTS - 1, 1, far, 60)
    budget = instance.budget(SLOTS - 1)
    budget.check()
    front.cancel(SLOTS - 1)
    with pytest.raises(Cancelled):
        budget.check()


def test_a_slot_used_again_is_not_cancelled(both_ends):
    front, instance = both_ends
    far = time.monotonic() + 60
    front.begin(3, 1, far, 60)
    front.cancel(3)
    front.begin(3, 2, far, 60)
    instance.budget(3).check()


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
