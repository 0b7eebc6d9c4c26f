"""Focal statistics of every shape against a plain loop; covers the kernels, shapes and sorting networks.

Covers engine.function_rules.focal, engine.functions.focal_kernels, engine.functions.focal_statistics and engine.functions.neighbourhoods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import FocalRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.functions.focal_statistics import STATISTICS, exchanges_for, focal
from engine.functions.neighbourhoods import Neighbourhood, rectangle, ring, wedge
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RNG = np.random.default_rng(53)
WHOLE = RNG.integers(-20, 20, (1, 23, 31)).astype(np.int16)
FLOATS = RNG.normal(100, 5, (1, 23, 31)).astype(np.float32)
KINDS = {"int16": PixelType.S16, "float32": PixelType.F32}
WEIGHTS = (0.5, 1.0, 0.0, 2.0, 4.0, 1.5, 0.25, 1.0, 3.0, 0.5, 0.5, 0.5)
SHAPES = {
    "rectangle": FocalRule(width=5, height=4),
    "circle": FocalRule(neighborhood_type=2, radius=2.5),
    "annulus": FocalRule(neighborhood_type=3, inner_radius=1.5, outer_radius=3),
    "wedge": FocalRule(neighborhood_type=4, radius=3, start_angle=45, end_angle=180),
    "irregular": FocalRule(
        neighborhood_type=5, width=4, height=3, neighborhood_values=(1, 0, 1, 1) * 3
    ),
}


def _ran(rule: FocalRule, data: NDArray[np.generic], valid: NDArray[np.bool_]) -> PixelBlock:
    asked = RenderingRule(function="Focal", arguments=rule, output_pixel_type=PixelType.F64)
    bound = FUNCTIONS["Focal"].bind(BandsInfo(KINDS[data.dtype.name], 1), asked)
    return bound.apply(PixelBlock(data, valid))


def _inside(rule: FocalRule) -> list[tuple[int, int, float]]:
    """Offsets down and right, and weights, as the documentation has them."""
    if rule.neighborhood_type == 1:
        rows, cols = (range(-(side // 2), side - side // 2) for side in (rule.height, rule.width))
        return [(y, x, 1.0) for y in rows for x in cols]
    if rule.neighborhood_type in (5, 6):
        values = np.reshape(rule.neighborhood_values, (rule.height, rule.width))
        return [
            (y - rule.height // 2, x - rule.width // 2, float(value))
            for (y, x), value in np.ndenumerate(values)
            if value
        ]
    found = []
    for y in range(-4, 5):
        for x in range(-4, 5):
            distance, angle = np.hypot(y, x), np.degrees(np.arctan2(-y, x)) % 360
            low, high = {
                2: (0.0, rule.radius),
                3: (rule.inner_radius, rule.outer_radius),
                4: (0.0, rule.radius),
            }[rule.neighborhood_type]
            is_turned = rule.start_angle <= angle <= rule.end_angle or distance == 0
            if low <= distance <= high and (rule.neighborhood_type != 4 or is_turned):
                found.append((y, x, 1.0))
    return found


def _frequent(values: NDArray[np.float64], pick: Callable[[NDArray[np.intp]], int]) -> float:
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts == pick(counts)].min())


MEANINGS: dict[str, Callable[[NDArray[np.float64]], float]] = {
    "majority": lambda x: _frequent(x, max),
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
    "min": np.min,
    "minority": lambda x: _frequent(x, min),
    "range": np.ptp,
    "std": np.std,
    "sum": np.sum,
    "variety": lambda x: len(np.unique(x)),
    "percentile": lambda x: np.percentile(x, 90),
}


@pytest.mark.parametrize("number", range(1, 12))
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("data", [WHOLE, FLOATS], ids=["int16", "float32"])
def test_statistics_are_those_of_the_valid_neighbours(
    number: int, shape: str, data: NDArray[np.generic]
) -> None:
    meaning = list(MEANINGS.values())[number - 1]
    rule = FocalRule(
        **{name: getattr(SHAPES[shape], name) for name in SHAPES[shape].__struct_fields__}
        | {"statistic_type": number}
    )
    valid = RNG.random((1, 23, 31)) > 0.3
    valid[0, :, 20:] = True
    got = _ran(rule, data, valid)
    for row, col in np.argwhere(valid[0])[::3]:
        values = []
        for down, right, _ in _inside(rule):
            y, x = row + down, col + right
            if 0 <= y < 23 and 0 <= x < 31 and valid[0, y, x]:
                values.append(float(data[0, y, x]))
        assert got.valid[0, row, col] == bool(values)
        if values:
            want = float(meaning(np.array(values)))
            assert got.data[0, row, col] == pytest.approx(want, rel=2e-6, abs=2e-4)
    assert not got.valid[~valid].any()


@pytest.mark.parametrize("number", [3, 8, 9])
def test_weights_weigh(number: int) -> None:
    rule = FocalRule(
        neighborhood_type=6,
        statistic_type=number,
        neighborhood_values=(4, 3, *WEIGHTS),
    )
    valid = RNG.random((1, 23, 31)) > 0.2
    got = _ran(rule, FLOATS, valid)
    for row, col in np.argwhere(valid[0])[::5]:
        values, weights = [], []
        for (r, c), weight in np.ndenumerate(np.reshape(WEIGHTS, (3, 4))):
            y, x = row + r - 1, col + c - 2
            if 0 <= y < 23 and 0 <= x < 31 and valid[0, y, x]:
                values.append(float(FLOATS[0, y, x]))
                weights.append(weight)
        mean = np.average(values, weights=weights)
        spread = np.sqrt(np.average((np.array(values) - mean) ** 2, weights=weights))
        want = {3: mean, 8: spread, 9: np.dot(values, weights)}[number]
        assert got.data[0, row, col] == pytest.approx(want, rel=1e-5, abs=2e-3)


def test_a_neighbour_without_data_may_leave_no_result() -> None:
    valid = np.ones((1, 23, 31), np.bool_)
    valid[0, 10, 10] = False
    got = _ran(FocalRule(no_data_policy=1), FLOATS, valid)
    want = valid.copy()
    want[0, 9:12, 9:12] = False
    np.testing.assert_array_equal(got.valid, want)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("shape", [rectangle(7, 5), ring(1, 3)], ids=["rectangle", "ring"])
def test_a_pixel_is_the_same_in_any_cut(statistic: str, shape: Neighbourhood) -> None:
    valid = RNG.random((23, 31)) > 0.05
    whole = focal(FLOATS[0], valid, shape, statistic)
    cut = np.s_[3:21, 5:30]
    part = focal(
        np.ascontiguousarray(FLOATS[0][cut]),
        np.ascontiguousarray(valid[cut]),
        shape,
        statistic,
    )
    inner = np.s_[3:-3, 3:-3]
    shown = part.valid[inner]
    np.testing.assert_array_equal(part.values[inner][shown], whole.values[cut][inner][shown])
    np.testing.assert_array_equal(shown, whole.valid[cut][inner])


@pytest.mark.parametrize("statistic", STATISTICS)
def test_one_pixel_and_nothing_at_all(statistic: str) -> None:
    one = np.full((1, 1), 7.0, np.float32)
    found = focal(one, np.ones((1, 1), np.bool_), rectangle(3, 3), statistic)
    want = {"range": 0.0, "std": 0.0, "variety": 1.0}.get(statistic, 7.0)
    assert found.valid.all()
    assert found.values[0, 0] == want
    assert not focal(one, np.zeros((1, 1), np.bool_), rectangle(3, 3), statistic).valid.any()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9, 16, 25, 31, 49, 100])
def test_exchanges_sort(count: int) -> None:
    """A network that sorts all rows of 0 and 1 at random, and permutations, sorts (Knuth 5.3.4, principle Z)."""
    values = RNG.integers(0, 2, (count, 4000))
    values[:, :500] = RNG.permuted(np.tile(np.arange(count)[:, np.newaxis], 500), axis=0)
    every, middle = values.copy(), values.copy()
    places = ((count - 1) // 2, count // 2)
    for found, wanted in ((every, tuple(range(count))), (middle, places)):
        for low, high in exchanges_for(count, wanted):
            found[[low, high]] = np.sort(found[[low, high]], axis=0)
    np.testing.assert_array_equal(every, np.sort(values, axis=0))
    np.testing.assert_array_equal(middle[list(places)], np.sort(values, axis=0)[list(places)])


def test_shapes_are_those_of_the_documentation() -> None:
    assert ring(0, 1).weights.tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert ring(1, 1.5).weights.tolist() == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert wedge(1, 0, 90).weights.tolist() == [[0, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert wedge(2, 315, 45).weights[2].tolist() == [0, 0, 1, 1, 1]
    assert wedge(2, 0, 360).weights.tolist() == ring(0, 2).weights.tolist()


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (FocalRule(statistic_type=12), "StatisticType"),
        (FocalRule(neighborhood_type=7), "NeighborhoodType"),
        (FocalRule(width=0), "Width"),
        (FocalRule(height=100), "Height"),
        (FocalRule(neighborhood_type=2, radius=0.5), "Radius"),
        (FocalRule(neighborhood_type=3, inner_radius=4), "InnerRadius"),
        (FocalRule(neighborhood_type=4, start_angle=float("nan")), "StartAngle"),
        (FocalRule(neighborhood_type=5, neighborhood_values=(1, 1)), "NeighborhoodValues"),
        (FocalRule(neighborhood_type=5, neighborhood_values=(0,) * 9), "NeighborhoodValues"),
        (FocalRule(neighborhood_type=6, neighborhood_values=(2,) * 9, statistic_type=4), "Statis"),
        (FocalRule(percentile=101), "Percentile"),
        (FocalRule(no_data_policy=2), "NoDataPolicy"),
    ],
)
def test_what_cannot_be_is_named(rule: FocalRule, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran(rule, WHOLE, np.ones((1, 23, 31), np.bool_))
