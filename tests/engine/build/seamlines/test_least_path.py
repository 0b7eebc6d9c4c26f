"""The least-cost path through an overlap against a maximum flow, and odd areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import maximum_flow

from engine.build.seamlines.least_path import border_cost, divide

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOW = 10_000_000


def _strip(rows: int = 40, cols: int = 24) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """An upright overlap between the first item on the west and the second on the east."""
    area = np.zeros((rows, cols), np.bool_)
    area[2 : rows - 2, 6 : cols - 6] = True
    sides = np.zeros(area.shape, np.uint8)
    sides[2 : rows - 2, :6], sides[2 : rows - 2, cols - 6 :] = 1, 2
    return area, sides


def _least_cut(
    area: NDArray[np.bool_], sides: NDArray[np.uint8], cost: NDArray[np.float64]
) -> float:
    number = np.where(area, np.cumsum(area).reshape(area.shape) - 1, -1)
    source, sink = int(area.sum()), int(area.sum()) + 1
    edges = []
    for row, col in np.argwhere(area).tolist():
        for other in ((row, col + 1), (row + 1, col)):
            if area[other]:
                flow = int(_FLOW * 0.5 * (cost[row, col] + cost[other]))
                edges.append((number[row, col], number[other], flow))
                edges.append((number[other], number[row, col], flow))
        for other in ((row, col + 1), (row + 1, col), (row, col - 1), (row - 1, col)):
            flow = int(_FLOW * 0.5 * (cost[row, col] + cost[other]))
            if sides[other] == 1:
                edges.append((source, number[row, col], flow))
            elif sides[other] == 2:
                edges.append((number[row, col], sink, flow))
    first, second, flows = (np.array(each) for each in zip(*edges, strict=True))
    graph = coo_matrix((flows.astype(np.int32), (first, second)), shape=(sink + 1, sink + 1))
    return float(maximum_flow(graph.tocsr(), source, sink).flow_value) / _FLOW


def _whole_cost(
    area: NDArray[np.bool_],
    sides: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    cost: NDArray[np.float64],
) -> float:
    """Return the cost of the border inside the area and along its edge."""
    around = ~area & (sides > 0)
    beyond = border_cost(around, sides, cost)
    return border_cost(area | around, np.where(area, labels, sides), cost) - beyond


@pytest.mark.parametrize("seed", range(4))
def test_the_path_costs_as_little_as_any_border_can(seed: int) -> None:
    rng = np.random.default_rng(seed)
    area, sides = _strip()
    cost = rng.random(area.shape) + 0.05
    # A bay in the edge and a corner where a third item is.
    area[10:16, 6:8] = False
    sides[10:16, 6:8] = 1
    area[2:5, 14:18] = False
    labels = divide(area, sides, cost)
    assert labels is not None
    assert set(np.unique(labels[area])) == {1, 2}
    assert not labels[~area].any()
    assert _whole_cost(area, sides, labels, cost) == pytest.approx(
        _least_cut(area, sides, cost), abs=1e-4
    )


def test_the_path_never_costs_more_than_the_middle() -> None:
    rng = np.random.default_rng(7)
    area, sides = _strip(60, 40)
    cost = rng.random(area.shape) ** 3 + 0.05
    labels = divide(area, sides, cost)
    middle = np.where(np.arange(40) < 20, 1, 2)[np.newaxis].repeat(60, axis=0).astype(np.uint8)
    assert labels is not None
    assert border_cost(area, labels, cost) < border_cost(area, middle, cost)


def test_jags_of_a_footprints_edge_do_not_count() -> None:
    area, sides = _strip()
    cost = np.ones(area.shape)
    sides[20, 5] = 2
    labels = divide(area, sides, cost)
    assert labels is not None
    assert set(np.unique(labels[area])) == {1, 2}


def test_an_overlap_that_one_item_surrounds_has_no_path() -> None:
    area, sides = _strip()
    sides[~area] = 1
    assert divide(area, sides, np.ones(area.shape)) is None


def test_an_overlap_between_more_than_two_changes_of_side_has_no_path() -> None:
    area = np.zeros((44, 44), np.bool_)
    area[2:-2, 2:-2] = True
    sides = np.zeros(area.shape, np.uint8)
    sides[:2], sides[-2:], sides[2:-2, :2], sides[2:-2, -2:] = 1, 1, 2, 2
    assert divide(area, sides, np.ones(area.shape)) is None


def test_a_single_pixel_goes_to_where_its_edge_costs_less() -> None:
    area = np.zeros((3, 3), np.bool_)
    area[1, 1] = True
    sides = np.array([[0, 1, 0], [1, 0, 2], [0, 2, 0]], np.uint8)
    for dear, owner in ((1, 1), (2, 2)):
        labels = divide(area, sides, np.where(sides == dear, 5.0, 1.0))
        assert labels is not None
        assert labels[1, 1] == owner


@pytest.mark.parametrize("seed", range(4))
def test_sides_that_meet_at_a_corner_of_the_overlap_are_divided_at_least_cost(seed: int) -> None:
    """Ragged footprints: no pixel of neither item lies between the two sides."""
    rng = np.random.default_rng(seed)
    area = np.zeros((30, 36), np.bool_)
    area[3:27, 3:33] = True
    # A spur of one pixel at the corner where both sides meet.
    area[2, 3] = True
    sides = np.zeros(area.shape, np.uint8)
    sides[:, :3], sides[27:] = 1, 1
    sides[:3, 3:], sides[:27, 33:] = 2, 2
    sides[area] = 0
    cost = rng.random(area.shape) + 0.05
    labels = divide(area, sides, cost)
    assert labels is not None
    assert set(np.unique(labels[area])) == {1, 2}
    assert _whole_cost(area, sides, labels, cost) == pytest.approx(
        _least_cut(area, sides, cost), abs=1e-4
    )
