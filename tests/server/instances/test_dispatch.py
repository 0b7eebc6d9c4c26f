"""Which instance a request goes to."""

from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Overloaded
from engine.extent import Extent
from engine.request import ImageRequest, QueryRequest, StripRequest
from engine.request_parts import Encoding, TileAddress, View
from server.instances.dispatch import (
    DEPTH,
    DEPTH_AT_HOME,
    Dispatcher,
    Seat,
    cell_of,
)
from server.instances.job import Job
from tests.server.instances.flights import flight


def dispatcher(seats=2, max_queue=10, shed=None):
    made = Dispatcher(max_queue, shed or (lambda *_: None))
    for number in range(seats):
        made.add(Seat(number, is_ready=True))
    return made


def put(made, one):
    seat = made.place(one)
    if seat is not None:
        seat.in_flight[one.id] = one
    return seat


def tile_job(level, row, col, service="a"):
    request = ImageRequest(
        view=View(tile=TileAddress(level=level, row=row, col=col)), encoding=Encoding(format="png")
    )
    return Job(service=SimpleNamespace(name=service), request=request, operation="tile")


def test_a_cell_always_goes_to_the_same_idle_instance():
    for cell in range(50):
        seats = {put(dispatcher(4), flight(cell=cell)).number for _ in range(3)}
        assert len(seats) == 1


def test_cells_spread_evenly_over_instances():
    for seats in (2, 3, 4, 8):
        counts = Counter()
        for row in range(40):
            for col in range(50):
                cell = cell_of(tile_job(12, row * 4, col * 4))
                counts[put(dispatcher(seats), flight(cell=cell)).number] += 1
        assert min(counts.values()) > 0.8 * 2000 / seats
        assert max(counts.values()) < 1.2 * 2000 / seats


def test_one_more_instance_moves_only_its_own_cells():
    moved = set()
    for cell in range(0, 2000, 7):
        before = put(dispatcher(3), flight(cell=cell)).number
        after = put(dispatcher(4), flight(cell=cell)).number
        if before != after:
            moved.add(after)
    assert moved == {3}


def test_a_shorter_queue_wins_over_the_cell():
    made = dispatcher(2)
    first = put(made, flight(1, cell=5))
    second = put(made, flight(2, cell=5))
    assert {first.number, second.number} == {0, 1}


def crowded():
    made = dispatcher(2)
    for seat in made.seats:
        seat.is_crowded = True
    return made


def test_where_caches_are_full_a_tile_waits_behind_tiles_of_its_cell_but_not_behind_many():
    made = crowded()
    seats = [put(made, flight(number, cell=5)).number for number in range(5)]
    home = seats[0]
    assert seats == [home] * DEPTH_AT_HOME + [1 - home] * DEPTH


@pytest.mark.parametrize(
    "before", [flight(1, cell=5, small=False), flight(1, cell=5, begun=-1.0)], ids=["large", "old"]
)
def test_a_tile_does_not_wait_behind_what_may_take_long(before):
    made = crowded()
    seats = {put(made, one).number for one in (before, flight(2, cell=5))}
    assert seats == {0, 1}


def test_each_instance_holds_two_and_the_rest_waits():
    made = dispatcher(2)
    seats = [put(made, flight(number)) for number in range(5)]
    assert [seat is None for seat in seats] == [False] * 2 * DEPTH + [True]
    assert len(made.waiting) == 1


def test_nothing_stands_behind_a_large_request():
    made = dispatcher(1)
    assert put(made, flight(1, light=False)) is made.seats[0]
    assert put(made, flight(2)) is None


def test_a_large_request_waits_for_an_empty_seat_and_is_not_overtaken():
    made = dispatcher(1)
    (seat,) = made.seats
    put(made, flight(1))
    assert put(made, flight(2, light=False)) is None
    assert put(made, flight(3)) is None
    assert made.next_for(seat, 0.0) is None
    seat.in_flight.clear()
    assert made.next_for(seat, 0.0).id == 2


def test_a_free_instance_takes_its_own_cells_first():
    made = dispatcher(2)
    cells = {}
    for cell in range(20):
        cells.setdefault(put(dispatcher(2), flight(cell=cell)).number, cell)
    for seat in made.seats:
        seat.in_flight = {-1: flight(begun=-1.0), -2: flight(begun=-1.0)}
    put(made, flight(1, cell=cells[0]))
    put(made, flight(2, cell=cells[1]))
    made.seats[1].in_flight.clear()
    assert made.next_for(made.seats[1], 0.0).id == 2
    assert made.next_for(made.seats[1], 0.0).id == 1


def test_a_free_instance_takes_its_own_cells_from_other_clients_of_the_service_too():
    made = dispatcher(2)
    cells = {}
    for cell in range(20):
        cells.setdefault(put(dispatcher(2), flight(cell=cell)).number, cell)
    for seat in made.seats:
        seat.in_flight = {-1: flight(begun=-1.0), -2: flight(begun=-1.0)}
    put(made, flight(1, cell=cells[0], client="x"))
    put(made, flight(2, cell=cells[1], client="y"))
    put(made, flight(3, cell=cells[1], service="b"))
    made.seats[1].in_flight.clear()
    assert [made.next_for(made.seats[1], 0.0).id for _ in range(3)] == [2, 3, 1]


def test_the_oldest_is_not_overtaken_for_ever():
    made = dispatcher(2)
    cells = {}
    for cell in range(20):
        cells.setdefault(put(dispatcher(2), flight(cell=cell)).number, cell)
    for seat in made.seats:
        seat.in_flight = {-1: flight(begun=-1.0), -2: flight(begun=-1.0)}
    put(made, flight(0, cell=cells[0]))
    taken = []
    for number in range(1, 30):
        if len(made.waiting) < 9:
            put(made, flight(number, cell=cells[1]))
        made.seats[1].in_flight.clear()
        taken.append(made.next_for(made.seats[1], 0.0).id)
    assert 0 in taken


def test_a_full_queue_refuses():
    made = dispatcher(1, max_queue=3)
    for number in range(DEPTH + 3):
        put(made, flight(number))
    with pytest.raises(Overloaded):
        made.place(flight(99))


def test_an_instance_that_is_not_ready_gets_nothing():
    made = dispatcher(2)
    made.seats[0].is_ready = False
    assert {put(made, flight(n, cell=n)).number for n in range(DEPTH)} == {1}


@given(st.integers(0, 24), st.integers(0, 2**24 - 1), st.integers(0, 2**24 - 1))
def test_four_by_four_tiles_are_one_cell(level, row, col):
    corner = tile_job(level, row // 4 * 4, col // 4 * 4)
    assert cell_of(tile_job(level, row, col)) == cell_of(corner)


def test_cells_are_numbers_that_never_change():
    # Python's own hash differs from process to process; these must not.
    assert cell_of(tile_job(12, 1400, 2200, "folder/name")) == 248842198


def test_boxes_have_cells_and_questions_have_none():
    view = View(extent=Extent(0, 0, 10, 10), width=100, height=100)
    image = ImageRequest(view=view, encoding=Encoding(format="png"))
    service = SimpleNamespace(name="a")
    assert cell_of(Job(service=service, request=image, operation="x")) is not None
    assert cell_of(Job(service=service, request=QueryRequest(), operation="x")) is None
    strip = StripRequest(image=image, first_row=0, rows=1)
    assert cell_of(Job(service=service, request=strip, operation="x")) is None


def test_a_tile_does_not_stand_behind_a_larger_picture():
    made = dispatcher(1)
    assert put(made, flight(1, small=False)) is made.seats[0]
    assert put(made, flight(2)) is None


def large(number=None, **fields):
    return flight(number, light=False, service="exports", **fields)


def test_large_requests_use_all_instances_while_nobody_else_asks():
    made = dispatcher(2)
    put(made, flight(service="exports"))
    made.seats[0].in_flight.clear()
    made.seats[1].in_flight.clear()
    assert {put(made, large(begun=0.1)).number for _ in range(2)} == {0, 1}


def test_large_requests_leave_one_instance_to_small_ones_of_others():
    made = dispatcher(2)
    first = put(made, flight(1, service="tiles"))
    first.in_flight.clear()
    busy = put(made, large(2, begun=1.0))
    assert put(made, large(3, begun=1.0)) is None
    left = made.seats[1 - busy.number]
    assert made.next_for(left, 1.0) is None
    # A tile sits down there at once, though others wait.
    assert put(made, flight(4, service="tiles", begun=2.0)) is left
    left.in_flight.clear()
    # Another large one goes where the first was.
    busy.in_flight.clear()
    assert made.next_for(busy, 3.0).id == 3


def test_the_instance_that_was_left_is_used_when_the_others_ask_no_more():
    made = dispatcher(2)
    put(made, flight(1, service="tiles")).in_flight.clear()
    busy = put(made, large(2, begun=1.0))
    put(made, large(3, begun=1.0))
    assert made.next_for(made.seats[1 - busy.number], 59.0) is None
    assert made.next_for(made.seats[1 - busy.number], 61.0).id == 3


def test_two_who_ask_large_requests_alone_use_all_instances():
    made = dispatcher(2)
    seats = {put(made, flight(light=False, service=name)).number for name in "ab"}
    assert seats == {0, 1}


def test_the_only_living_instance_does_all():
    made = dispatcher(2)
    made.seats[1].is_ready = False
    put(made, flight(1, service="tiles")).in_flight.clear()
    assert put(made, large(2)) is made.seats[0]


def occupied(max_queue=10, seats=1, shed=None):
    made = dispatcher(seats, max_queue, shed)
    for seat in made.seats:
        seat.in_flight = {-1: flight(light=False)}
    return made


def test_who_would_wait_in_vain_is_refused_at_once_with_the_time_it_would_take():
    made = occupied()
    for _ in range(4):
        assert put(made, flight(seconds=10.0, wait_until=100.0)) is None
    with pytest.raises(Overloaded) as caught:
        made.place(flight(seconds=10.0, wait_until=30.0))
    # The one that is under way is estimated to take two milliseconds more.
    assert caught.value.fields == (41,)
    # Who has nothing waiting has its turn before all that.
    assert put(made, flight(seconds=1.0, service="b", wait_until=30.0)) is None


@pytest.mark.parametrize(("begun_at", "is_let_in"), [(0.0, False), (5.0, True)])
def test_what_is_under_way_counts_with_what_is_left_of_it(begun_at, is_let_in):
    made = dispatcher(1)
    made.seats[0].in_flight = {-1: flight(light=False, seconds=10.0)}
    newcomer = flight(light=False, begun=begun_at, wait_until=begun_at + 10.0)
    if is_let_in:
        assert made.place(newcomer) is None
    else:
        with pytest.raises(Overloaded):
            made.place(newcomer)


def test_a_full_queue_takes_the_newest_from_who_has_most():
    lost = []
    made = occupied(max_queue=3, shed=lambda *told: lost.append(told))
    flood = [flight(client="flood") for _ in range(3)]
    for one in flood:
        put(made, one)
    newcomer = flight(client="new")
    assert put(made, newcomer) is None
    assert lost == [(flood[-1], 1)]
    assert set(made.waiting) == {*flood[:2], newcomer}
    with pytest.raises(Overloaded):
        made.place(flight(client="flood"))


def test_parts_of_what_is_being_sent_are_neither_refused_nor_shed():
    lost = []
    made = occupied(max_queue=2, shed=lambda *told: lost.append(told))
    parts = [flight(client="export", is_begun=True, seconds=50.0) for _ in range(4)]
    for part in parts:
        assert put(made, part) is None
    with pytest.raises(Overloaded):
        made.place(flight(client="new"))
    assert lost == []
    assert set(made.waiting) == set(parts)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.sampled_from(["tile", "picture", "export"]), st.booleans()
        ),
        max_size=80,
    ),
    st.integers(1, 3),
)
def test_no_request_starves_and_no_seat_idles_for_ever(steps, seats):
    made = dispatcher(seats, max_queue=1000)
    now, pending = 0.0, set()
    for service, size, is_answered in steps:
        now += 0.01
        one = flight(
            service=service, light=size != "export", small=size == "tile", begun=now, deadline=1e9
        )
        one.wait_until = 1e9
        pending.add(one.id)
        put(made, one)
        if is_answered:
            answer_all(made, pending, now)
    for _ in range(len(pending) + 1):
        now += 20.0
        answer_all(made, pending, now)
    assert pending == set()
    assert len(made.waiting) == 0


def answer_all(made, pending, now):
    for seat in made.seats:
        pending -= set(seat.in_flight)
        seat.in_flight.clear()
    for seat in made.seats:
        while (one := made.next_for(seat, now)) is not None:
            seat.in_flight[one.id] = one
