"""Voronoi cells and cells by order are a partition of what is covered, and lie in their footprints."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from engine.build.seamlines.carve import voronoi_cells
from engine.build.seamlines.members import Member

# Squares and oblongs of all sizes that overlap at random.
_BOXES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(3, 25), st.integers(3, 25)),
    min_size=1,
    max_size=9,
)


def _member(number: int, shape: shapely.Geometry, rank: int = 0, fixed: object = None) -> Member:
    return Member(id=number, rank=(0.0, rank), shape=shape, low_ps=0.1, fixed=fixed)


def _check_partition(members: list[Member], cells: dict[int, shapely.Geometry]) -> None:
    covered = shapely.union_all([member.shape for member in members])
    found = [cell for cell in cells.values() if cell is not None]
    assert shapely.union_all(found).symmetric_difference(covered).area < 1e-6
    assert sum(cell.area for cell in found) == pytest.approx(covered.area, abs=1e-6)
    for member in members:
        if cells[member.id] is not None:
            assert cells[member.id].difference(member.shape).area < 1e-6


@given(boxes=_BOXES, ranks=st.lists(st.integers(0, 1), min_size=9, max_size=9))
def test_cells_are_a_partition_of_what_is_covered(
    boxes: list[tuple[int, int, int, int]], ranks: list[int]
) -> None:
    members = [
        _member(number, shapely.box(x, y, x + width, y + height), ranks[number - 1])
        for number, (x, y, width, height) in enumerate(boxes, 1)
    ]
    _check_partition(members, dict(voronoi_cells(members)))


def test_the_border_of_two_alike_is_the_middle_of_their_overlap() -> None:
    members = [_member(1, shapely.box(0, 0, 10, 10)), _member(2, shapely.box(8, 0, 18, 10))]
    cells = dict(voronoi_cells(members))
    assert cells[1].equals(shapely.box(0, 0, 9, 10))
    assert cells[2].equals(shapely.box(9, 0, 18, 10))


def test_between_a_large_and_a_small_one_the_border_runs_through_the_overlap() -> None:
    members = [_member(1, shapely.box(0, 0, 40, 40)), _member(2, shapely.box(38, 10, 58, 30))]
    cells = dict(voronoi_cells(members))
    border = cells[1].intersection(cells[2])
    inside = shapely.box(38, 10, 40, 30).buffer(-0.1)
    assert border.intersection(inside).length > 15


def test_finer_items_and_lower_ones_in_z_leave_the_rest_to_others() -> None:
    members = [_member(1, shapely.box(0, 0, 30, 30), 1), _member(2, shapely.box(5, 5, 15, 15), 0)]
    cells = dict(voronoi_cells(members))
    assert cells[2].equals(members[1].shape)
    assert cells[1].equals(members[0].shape.difference(members[1].shape))


def test_of_two_in_one_place_the_first_wins_all() -> None:
    shape = shapely.box(0, 0, 5, 5)
    cells = dict(voronoi_cells([_member(3, shape), _member(4, shape)]))
    assert cells[3].equals(shape)
    assert cells[4] is None


def test_what_is_drawn_by_hand_is_gone_around() -> None:
    drawn = shapely.box(0, 0, 4, 10)
    members = [
        _member(1, shapely.box(0, 0, 10, 10), fixed=drawn),
        _member(2, shapely.box(2, 0, 18, 10)),
    ]
    cells = dict(voronoi_cells(members))
    assert 1 not in cells
    assert cells[2].equals(shapely.box(4, 0, 18, 10))


def test_neighbours_share_their_border_point_for_point() -> None:
    rng = np.random.default_rng(3)
    members = [
        _member(n, shapely.box(x, y, x + 10, y + 9))
        for n, (x, y) in enumerate(rng.random((12, 2)) * 20, 1)
    ]
    cells = dict(voronoi_cells(members))
    overlap = sum(
        cells[a].intersection(cells[b]).area
        for a in cells
        for b in cells
        if a < b and cells[a] is not None and cells[b] is not None
    )
    assert overlap < 1e-9
