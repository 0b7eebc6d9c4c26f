"""Which instance a request goes to."""

from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Overloaded
from engine.extent import Extent
from engine.request import Encoding, ImageRequest, QueryRequest, StripRequest, TileAddress, View
from server.instances.dispatch import (
    DEPTH,
    DEPTH_AT_HOME,
    Dispatcher,
    Flight,
    cell_of,
    is_light,
    is_small,
)
from server.instances.job import Job


def flight(number=0, cell=None, *, light=True, small=True, begun=0.0):
    return Flight(
        id=number,
        head=b"",
        future=None,
        cell=cell,
        is_light=light,
        is_small=light and small,
        limit_s=1,
        deadline=1,
        wait_until=1,
        begun=begun,
        sent=begun,
    )


def dispatcher(seats=2, max_queue=10):
    made = Dispatcher(seats, max_queue)
    for seat in made.seats:
        seat.is_ready = True
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
    assert made.next_for(seat) is None
    seat.in_flight.clear()
    assert made.next_for(seat).id == 2


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
    assert made.next_for(made.seats[1]).id == 2
    assert made.next_for(made.seats[1]).id == 1


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
        taken.append(made.next_for(made.seats[1]).id)
    assert 0 in taken


def test_a_full_queue_refuses():
    made = dispatcher(1, max_queue=3)
    for number in range(DEPTH + 3):
        put(made, flight(number))
    with pytest.raises(Overloaded):
        made.place(flight(99))


def test_an_instance_that_is_not_ready_gets_nothing():
    made = Dispatcher(2, 10)
    made.seats[1].is_ready = True
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


def test_only_small_pictures_are_light():
    def image(width, height):
        return ImageRequest(view=View(width=width, height=height), encoding=Encoding(format="png"))

    assert is_light(image(1024, 1024))
    assert not is_light(image(1025, 1024))
    assert not is_light(QueryRequest())
    assert is_small(image(512, 512))
    assert not is_small(image(513, 512))
    assert is_small(tile_job(3, 1, 1).request)
