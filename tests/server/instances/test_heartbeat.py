"""What is made of ticks and of their absence."""

from hypothesis import given
from hypothesis import strategies as st

from server.instances.heartbeat import Pulse

STEP_S = 0.05


def test_ticks_end_every_silence():
    pulse = Pulse()
    assert [pulse.silent_s(float(tick), STEP_S) for tick in range(1, 500)] == [0.0] * 499


def test_silence_adds_up_until_a_late_tick():
    pulse = Pulse()
    pulse.silent_s(1.0, STEP_S)
    heard = [pulse.silent_s(1.0, STEP_S) for _ in range(200)]
    assert heard == sorted(heard)
    assert abs(heard[-1] - 200 * STEP_S) < 1e-9
    assert pulse.silent_s(2.0, STEP_S) == 0.0


def test_one_that_never_ticked_is_silent_from_its_first_look():
    pulse = Pulse()
    assert pulse.silent_s(0.0, STEP_S) == STEP_S


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_a_front_that_did_not_run_itself_counts_little_of_that_time(pauses):
    pulse = Pulse()
    pulse.silent_s(1.0, STEP_S)
    for pause in pauses:
        assert pulse.silent_s(1.0, pause) <= 0.1 * len(pauses) + 1e-9
