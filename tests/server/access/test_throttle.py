"""How often passwords may be tried."""

from __future__ import annotations

import pytest

from engine.errors import TooManyAttempts
from server.access.throttle import ErrandThrottle, Throttle


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def _tries(throttle, account, address, most=1000):
    """Try until it is refused; return how many were let through."""
    for count in range(most):
        try:
            throttle.begin(account, address)
        except TooManyAttempts:
            return count
    return most


def test_an_account_is_locked_and_opens_with_time():
    clock = Clock()
    throttle = Throttle(clock)
    assert _tries(throttle, "anna", "10.0.0.1") == 10
    with pytest.raises(TooManyAttempts) as refused:
        throttle.begin("anna", "10.0.0.2")
    wait = refused.value.fields[0]
    assert 29 <= wait <= 30
    clock.now += wait
    throttle.begin("anna", "10.0.0.2")
    assert _tries(throttle, "anna", "10.0.0.2") == 0
    clock.now += 100_000
    assert _tries(throttle, "anna", "10.0.0.3") == 10


def test_an_address_is_locked_over_all_accounts():
    throttle = Throttle(Clock())
    assert sum(_tries(throttle, f"user{n}", "10.0.0.1", 3) for n in range(20)) == 20
    throttle.begin("user1", "10.0.0.2")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
    ],
)
def test_neighbours_of_one_subscriber_are_one(one, other, is_same):
    throttle = Throttle(Clock())
    for number in range(20):
        throttle.begin(f"user{number}", one)
    assert (_tries(throttle, "somebody", other, 1) == 0) is is_same


def test_right_passwords_are_not_counted():
    throttle = Throttle(Clock())
    for number in range(100):
        throttle.begin(f"user{number % 50}", "10.0.0.1")
        throttle.succeeded(f"user{number % 50}", "10.0.0.1")


def test_a_user_is_not_locked_out_from_elsewhere():
    throttle = Throttle(Clock())
    throttle.begin("anna", "10.0.0.1")
    throttle.succeeded("anna", "10.0.0.1")
    for number in range(5):
        _tries(throttle, "anna", f"10.9.0.{number}")
    assert _tries(throttle, "anna", "10.0.0.9") == 0
    assert _tries(throttle, "anna", "10.0.0.1") == 10


def test_what_is_remembered_is_bounded():
    throttle = Throttle(Clock())
    for number in range(30_000):
        throttle.begin(f"user{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(throttle._buckets) <= 10_000


def test_errands_of_an_address_are_counted_unless_they_were_honest():
    clock = Clock()
    throttle = ErrandThrottle(clock)
    for _ in range(100):
        throttle.begin("10.0.0.1")
        throttle.succeeded("10.0.0.1")
    for _ in range(30):
        throttle.begin("10.0.0.1")
    with pytest.raises(TooManyAttempts):
        throttle.begin("10.0.0.1")
    throttle.begin("10.0.0.2")
    clock.now += 2
    throttle.begin("10.0.0.1")
