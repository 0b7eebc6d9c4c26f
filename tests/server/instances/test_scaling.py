"""How many seats a pool should have, by made-up times and loads."""

from hypothesis import given
from hypothesis import strategies as st

from server.instances.scaling import Load, Scale, Scaler

SCALE = Scale(minimum=1, maximum=4, idle_s=60.0)


def load(seats, *, ready=None, flying=0, waiting=0, wait_s=0.0, asked=0.0):
    return Load(
        seats=seats,
        ready=seats if ready is None else ready,
        flying=flying,
        waiting=waiting,
        longest_wait_s=wait_s,
        last_asked=asked,
    )


def test_a_request_that_waits_long_gets_another_seat():
    assert Scaler(SCALE).seats(0.0, load(1, flying=2, waiting=1, wait_s=0.05)) == 1
    assert Scaler(SCALE).seats(0.0, load(1, flying=2, waiting=1, wait_s=0.1)) == 2


def test_a_short_burst_gets_no_other_seat_but_a_crowd_that_stays_does():
    scaler = Scaler(SCALE)
    assert scaler.seats(0.00, load(1, flying=2, waiting=20, wait_s=0.02)) == 1
    assert scaler.seats(0.05, load(1, flying=1)) == 1
    assert scaler.seats(0.10, load(1, flying=2, waiting=20, wait_s=0.02)) == 1
    assert scaler.seats(0.15, load(1, flying=2, waiting=20, wait_s=0.02)) == 1
    assert scaler.seats(0.20, load(1, flying=2, waiting=20, wait_s=0.02)) == 2


def test_while_one_seat_is_on_its_way_no_other_is_begun():
    pressed = load(2, ready=1, flying=2, waiting=9, wait_s=5.0)
    assert Scaler(SCALE).seats(0.0, pressed) == 2


def test_the_maximum_is_never_passed():
    assert Scaler(SCALE).seats(0.0, load(4, flying=8, waiting=99, wait_s=9.0)) == 4


def test_the_first_request_starts_the_first_seat():
    asleep = Scaler(Scale(minimum=0, maximum=2))
    assert asleep.seats(0.0, load(0)) == 0
    assert asleep.seats(0.0, load(0, waiting=1)) == 1


def test_seats_that_were_not_needed_go_one_after_the_other_and_the_minimum_stays():
    scaler = Scaler(SCALE)
    scaler.seats(0.0, load(3, flying=5))
    scaler.seats(30.0, load(3, flying=2))
    assert scaler.seats(59.0, load(3)) == 3
    assert scaler.seats(61.0, load(3)) == 2
    assert scaler.seats(61.0, load(2)) == 2
    assert scaler.seats(91.0, load(2)) == 1
    assert scaler.seats(9e9, load(1)) == 1


def test_requests_between_two_looks_keep_the_last_seat():
    scaler = Scaler(Scale(minimum=0, maximum=2, idle_s=1.0))
    scaler.seats(0.0, load(1))
    assert scaler.seats(2.0, load(1, asked=1.5)) == 1
    assert scaler.seats(2.6, load(1, asked=1.5)) == 0


def test_a_changed_scale_moves_the_pool_into_its_bounds():
    scaler = Scaler(SCALE)
    scaler.scale = Scale(minimum=3, maximum=3)
    assert scaler.seats(0.0, load(1)) == 3
    assert scaler.seats(0.0, load(5, flying=9)) == 3


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20), st.floats(0, 9), st.floats(0, 99)))
)
def test_a_pool_stays_within_its_bounds_whatever_comes(looks):
    scaler, seats, now = Scaler(SCALE), 1, 0.0
    for flying, waiting, wait_s, passed in looks:
        now += passed
        seats = scaler.seats(now, load(seats, flying=flying, waiting=waiting, wait_s=wait_s))
        assert 1 <= seats <= 4
