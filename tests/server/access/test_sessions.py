"""Sessions: names that nobody guesses, an end for each, a bound for all."""

from __future__ import annotations

from server.access.caller import Caller
from server.access.sessions import MOST_OF_ONE, Sessions


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_session_lives_until_it_ends():
    clock = _Clock()
    sessions = Sessions(60.0, clock=clock)
    name = sessions.begin("anna", "token-of-anna")
    assert sessions.get(name).token == "token-of-anna"
    assert sessions.get("") is None
    assert sessions.get(name[:-1]) is None
    clock.now = 60.0
    assert sessions.get(name) is None
    sessions.begin("anna")
    assert len(sessions) == 1


def test_an_ended_session_is_gone_and_ending_twice_does_no_harm():
    sessions = Sessions(60.0)
    caller = Caller("oidc:anna", "user")
    name, other = sessions.begin(caller.name, caller=caller), sessions.begin("bob")
    sessions.end(name)
    sessions.end(name)
    assert sessions.get(name) is None
    assert sessions.get(other) is not None


def test_names_are_long_and_not_kept():
    sessions = Sessions(60.0)
    names = {sessions.begin(f"user{number}") for number in range(100)}
    assert len(names) == 100
    assert min(map(len, names)) >= 43
    assert not any(name.encode() in repr(sessions._kept).encode() for name in names)


def test_beyond_the_bound_the_oldest_end_first():
    sessions = Sessions(60.0, most=3)
    first, *others = (sessions.begin(user) for user in "abcd")
    assert sessions.get(first) is None
    assert all(sessions.get(name) for name in others)


def test_who_signs_in_again_and_again_signs_nobody_else_out():
    sessions = Sessions(60.0, most=MOST_OF_ONE + 5)
    others = [sessions.begin("anna") for _ in range(3)]
    first, *rest = [sessions.begin("eve") for _ in range(1000)][-MOST_OF_ONE - 1 :]
    assert all(sessions.get(name) for name in others + rest)
    assert sessions.get(first) is None
    for name in others + rest:
        sessions.end(name)
    assert len(sessions) == 0
    assert not sessions._owned
