"""When instances are replaced in good time."""

import pytest

from server.instances.recycling import RecyclingLimits, Wear

MB = 1 << 20
START = 1000.0


def test_without_limits_an_instance_stays_for_ever():
    worn = Wear(START, 1.0)
    worn.weigh(10**12)
    worn.weigh(10**12)
    assert worn.why(RecyclingLimits(), 1e9, 1e9) == ""


@pytest.mark.parametrize(("chance", "first"), [(0.0, 100), (0.5, 95), (1.0, 90)])
def test_requests_count_with_jitter(chance, first):
    worn, limits = Wear(START, chance), RecyclingLimits(requests=100)
    assert worn.why(limits, first - 1, START) == ""
    assert worn.why(limits, first, START) == f"{first} requests"


@pytest.mark.parametrize(("chance", "first_s"), [(0.0, 86400), (1.0, 77760)])
def test_age_counts_with_jitter(chance, first_s):
    worn, limits = Wear(START, chance), RecyclingLimits(age_s=86400)
    assert worn.why(limits, 0, START + first_s - 1) == ""
    assert worn.why(limits, 0, START + first_s + 1).startswith("an age of 2")


def test_memory_counts_when_two_looks_in_a_row_find_too_much():
    worn, limits = Wear(START, 0.0), RecyclingLimits(memory_bytes=100 * MB)
    for held, why in ((101, ""), (100, ""), (150, ""), (151, "151 MB of memory")):
        worn.weigh(held * MB)
        assert worn.why(limits, 0, START) == why
