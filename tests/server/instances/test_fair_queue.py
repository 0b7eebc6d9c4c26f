"""Fairness: nobody starves, shares are equal by price, a flood costs the others nothing."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.instances.fair_queue import FairQueue
from tests.server.instances.flights import flight

ASKED = st.lists(
    st.builds(
        flight,
        service=st.sampled_from("abc"),
        client=st.sampled_from("xyz"),
        seconds=st.floats(0.001, 10.0),
        small=st.booleans(),
    ),
    max_size=60,
)


def emptied(queue):
    taken = []
    while (one := queue.first()) is not None:
        queue.take(one)
        taken.append(one)
    return taken


def filled(flights):
    queue = FairQueue()
    for one in flights:
        queue.push(one)
    return queue


@given(ASKED)
def test_all_that_waits_is_taken_once_and_each_client_in_order(asked):
    queue = filled(asked)
    assert len(queue) == len(asked)
    assert set(queue) == set(asked)
    taken = emptied(queue)
    assert len(queue) == 0
    assert sorted(one.id for one in taken) == sorted(one.id for one in asked)
    for lane in (True, False):
        for who in {(one.service, one.client) for one in asked}:
            ids = [
                one.id for one in taken if (one.service, one.client) == who and one.is_small is lane
            ]
            assert ids == sorted(ids)


@given(ASKED)
def test_who_waits_all_the_time_has_had_as_much_as_any_other_within_one_request(asked):
    queue = filled(asked)
    given_s = Counter()
    most_s = max((one.price_s for one in asked), default=0.0)
    left = Counter(one.service for one in asked)
    while (one := queue.first()) is not None:
        queue.take(one)
        given_s[one.service] += one.price_s
        left[one.service] -= 1
        # All services came at once; those with something left have waited all the time.
        backlogged = [given_s[name] for name, count in left.items() if count]
        if len(backlogged) > 1:
            assert max(backlogged) - min(backlogged) <= most_s + 1e-9


@given(ASKED)
def test_clients_of_a_service_share_alike_within_one_request(asked):
    for one in asked:
        one.service = "a"
    queue = filled(asked)
    given_s, left = Counter(), Counter(one.client for one in asked)
    most_s = max((one.price_s for one in asked), default=0.0)
    while (one := queue.first()) is not None:
        queue.take(one)
        given_s[one.client] += one.price_s
        left[one.client] -= 1
        backlogged = [given_s[name] for name, count in left.items() if count]
        if len(backlogged) > 1:
            assert max(backlogged) - min(backlogged) <= most_s + 1e-9


@given(ASKED, st.data())
def test_what_is_forgotten_is_not_taken_and_leaves_no_trace(asked, data):
    queue = filled(asked)
    leaving = data.draw(st.sets(st.sampled_from(asked))) if asked else set()
    for one in leaving:
        assert queue.forget(one)
        assert not queue.forget(one)
    assert set(emptied(queue)) == set(asked) - leaving
    assert queue.work_before(flight()) == 0.0


def test_a_newcomer_takes_the_next_turn_whatever_waits():
    queue = filled([flight(client="flood") for _ in range(1000)])
    for _ in range(10):
        queue.take(queue.first())
    new = flight(client="new")
    queue.push(new)
    queue.take(queue.first())
    assert queue.first() is new or new not in set(queue)


def test_a_client_with_dear_requests_gets_as_many_seconds_and_so_fewer_turns():
    dear = [flight(client="export", seconds=1.0, small=False) for _ in range(10)]
    cheap = [flight(client="map", seconds=0.01) for _ in range(200)]
    taken = emptied(filled(dear + cheap))[:102]
    assert Counter(one.client for one in taken)["map"] in (99, 100, 101)


def test_many_clients_of_one_service_take_nothing_from_another_service():
    queue = filled([flight(service="a", client=str(number)) for number in range(100)])
    for _ in range(50):
        queue.push(flight(service="b"))
    taken = emptied(queue)[:100]
    assert Counter(one.service for one in taken) == {"a": 50, "b": 50}


def test_one_who_asks_one_thing_at_a_time_is_not_always_new():
    queue = filled([flight(client="map", seconds=0.01) for _ in range(400)])
    queue.push(flight(client="export", seconds=1.0, small=False))
    turns = Counter()
    for _ in range(250):
        one = queue.first()
        queue.take(one)
        turns[one.client] += 1
        if one.client == "export":
            queue.push(flight(client="export", seconds=1.0, small=False))
    assert turns["export"] in (2, 3)


def test_what_was_lost_goes_first_and_is_not_charged_again():
    queue = filled([flight(client="x"), flight(client="y")])
    lost = flight(client="x", seconds=100.0)
    queue.push_first(lost)
    assert len(queue) == 3
    assert queue.first() is lost
    queue.take(lost)
    assert [one.client for one in emptied(queue)] == ["x", "y"]


def test_where_there_is_no_room_the_longest_loses_its_newest():
    flood = [flight(service="a", client="flood") for _ in range(5)]
    others = [flight(service="a", client="x"), flight(service="b", client="y")]
    queue = filled(flood + others)
    assert queue.newest_of_longest(flight(service="b", client="y")) is flood[-1]
    assert queue.newest_of_longest(flight(service="a", client="x")) is flood[-1]
    assert queue.newest_of_longest(flight(service="c", client="new")) is flood[-1]
    newcomer = flight(service="a", client="flood")
    assert queue.newest_of_longest(newcomer) is newcomer


def test_who_may_go_instead_is_of_the_same_service_and_size():
    own = [flight(client="x") for _ in range(3)]
    others = [flight(client="y"), flight(client="z")]
    strangers = [flight(service="b"), flight(client="x", small=False)]
    queue = filled(own + others + strangers)
    found = list(queue.following(own[0], 16))
    assert found[:3] == own
    assert set(found) == {*own, *others}
    assert len(list(queue.following(own[0], 4))) == 4


def test_who_went_before_its_time_pays_and_newcomers_do_not():
    x, y = [flight(client="x") for _ in range(6)], [flight(client="y") for _ in range(6)]
    queue = filled(x + y)
    for early in y[:3]:
        queue.take(early)
    new = flight(client="new")
    queue.push(new)
    order = [one.client for one in emptied(queue)]
    assert order.index("new") <= 1
    assert order[:4].count("y") == 0


def test_an_empty_queue_has_no_longest():
    newcomer = flight()
    assert FairQueue().newest_of_longest(newcomer) is newcomer


def test_work_before_a_newcomer_is_its_share_and_not_the_flood():
    queue = filled([flight(client="flood", seconds=1.0) for _ in range(100)])
    assert queue.work_before(flight(client="flood", seconds=1.0)) == pytest.approx(100.0)
    assert queue.work_before(flight(client="new", seconds=1.0)) <= 2.0
    assert queue.work_before(flight(service="other", seconds=1.0)) <= 2.0


def test_clients_that_went_are_forgotten():
    queue = FairQueue()
    queue.push(flight(client="stays", seconds=1e9))
    for number in range(5000):
        one = flight(client=str(number), seconds=0.001)
        queue.push(one)
        queue.forget(one)
    assert len(queue._services.flows["a"].clients.flows) < 200


def test_clear_forgets_all():
    queue = filled([flight(), flight(small=False)])
    queue.push_first(flight())
    queue.clear()
    assert len(queue) == 0
    assert list(queue) == []
    assert queue.first() is None
