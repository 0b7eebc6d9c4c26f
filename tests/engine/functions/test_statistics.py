"""Statistics of neighbourhoods against scipy, with no data and at edges; covers engine.functions.focal_kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from engine.errors import InvalidParameter
from engine.function_rules import StatisticsRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, FrugalFunction
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

RNG = np.random.default_rng(23)
WHOLE = RNG.integers(-20, 20, (1, 25, 31)).astype(np.int16)
FLOATS = RNG.normal(100, 5, (1, 25, 31)).astype(np.float32)


def _ran(rule: StatisticsRule, block: PixelBlock) -> PixelBlock:
    kind = {"int16": PixelType.S16, "float32": PixelType.F32}[block.data.dtype.name]
    asked = RenderingRule(function="Statistics", arguments=rule)
    return FUNCTIONS["Statistics"].bind(BandsInfo(kind, block.bands), asked).apply(block)


def _most(values: Values, *, wants_most: bool) -> float:
    found, counts = np.unique(values, return_counts=True)
    wanted = counts.max() if wants_most else counts.min()
    return float(found[counts == wanted].min())


MEANINGS: dict[int, Callable[[Values], float]] = {
    1: np.min,
    2: np.max,
    3: np.mean,
    4: np.std,
    5: np.median,
    6: lambda x: _most(x, wants_most=True),
    7: lambda x: _most(x, wants_most=False),
}


@pytest.mark.parametrize("kind", MEANINGS)
@pytest.mark.parametrize("window", [(3, 3), (5, 1), (4, 7)])
@pytest.mark.parametrize("data", [WHOLE, FLOATS], ids=["int16", "float32"])
def test_statistics_are_those_of_the_valid_neighbours(
    kind: int, window: tuple[int, int], data: NDArray[np.generic]
) -> None:
    valid = RNG.random((1, 25, 31)) > 0.3
    rule = StatisticsRule(kind=kind, kernel_rows=window[0], kernel_columns=window[1])
    got = _ran(rule, PixelBlock(data, valid))
    holes = np.where(valid[0], data[0].astype(np.float64), np.nan)

    def meaning(values: Values) -> float:
        there = values[np.isfinite(values)]
        return float(MEANINGS[kind](there)) if there.size else np.nan

    want = ndimage.generic_filter(holes, meaning, size=window, mode="constant", cval=np.nan)
    if got.data.dtype.kind == "i":
        want = np.rint(want)
    good = valid[0]
    np.testing.assert_array_equal(got.valid[0], good)
    np.testing.assert_allclose(got.data[0][good], want[good], rtol=1e-5, atol=2e-4)


def test_holes_alone_are_filled_where_that_is_asked() -> None:
    valid = np.ones((1, 25, 31), np.bool_)
    valid[0, 10:12, 10:20] = False
    got = _ran(StatisticsRule(kind=3, fill_no_data_only=True), PixelBlock(FLOATS, valid))
    assert got.valid.all()
    np.testing.assert_array_equal(got.data[valid], FLOATS[valid])
    around = FLOATS[0, 9:12, 9:12][valid[0, 9:12, 9:12]]
    assert got.data[0, 10, 10] == pytest.approx(around.mean(), rel=1e-6)


@pytest.mark.parametrize("kind", MEANINGS)
def test_a_pixel_is_the_same_in_any_cut(kind: int) -> None:
    rule = StatisticsRule(kind=kind, kernel_rows=5, kernel_columns=7)
    valid = RNG.random((1, 25, 31)) > 0.1
    whole = _ran(rule, PixelBlock(FLOATS, valid))
    cut = np.s_[:, 4:20, 6:29]
    part = _ran(
        rule, PixelBlock(np.ascontiguousarray(FLOATS[cut]), np.ascontiguousarray(valid[cut]))
    )
    inner = np.s_[:, 3:-3, 3:-3]
    shown = part.valid[inner]
    np.testing.assert_array_equal(part.data[inner][shown], whole.data[cut][inner][shown])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (StatisticsRule(kind=9), "Type"),
        (StatisticsRule(kernel_rows=0), "KernelRows"),
        (StatisticsRule(kernel_columns=1000), "1 to 99"),
    ],
)
def test_what_cannot_be_is_named(rule: StatisticsRule, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran(rule, PixelBlock(WHOLE, np.ones((1, 25, 31), np.bool_)))


def test_sorting_counts_for_more_than_summing_and_has_an_end() -> None:
    function = FUNCTIONS["Statistics"]
    assert isinstance(function, FrugalFunction)

    def rule(kind: int, side: int) -> RenderingRule:
        arguments = StatisticsRule(kind=kind, kernel_rows=side, kernel_columns=side)
        return RenderingRule(function="Statistics", arguments=arguments)

    assert function.taps(rule(3, 31)) == 62
    assert function.taps(rule(5, 31)) > 20 * 31 * 31
    info = BandsInfo(PixelType.U8, 1)
    plain = FUNCTIONS["Statistics"]
    assert plain.bind(info, rule(5, 33)).output == info
    with pytest.raises(InvalidParameter, match="9801 pixels for median"):
        plain.bind(info, rule(5, 99))
    assert plain.bind(info, rule(3, 99)).output.pixel_type is PixelType.F32
