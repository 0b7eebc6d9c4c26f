"""Which band has the largest, smallest or median value, against numpy pixel by pixel.

Covers engine.function_rules.local.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ArgStatisticsRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, CombiningFunction
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RNG = np.random.default_rng(5)
# Few values, so that there are ties; two rasters of three and two bands.
BLOCKS = [
    PixelBlock(RNG.integers(0, 6, (3, 9, 13)).astype(np.uint8), RNG.random((1, 9, 13)) > 0.1),
    PixelBlock(RNG.integers(0, 6, (2, 9, 13)).astype(np.float32), RNG.random((2, 9, 13)) > 0.1),
]
INFOS = [BandsInfo(PixelType.U8, 3), BandsInfo(PixelType.F32, 2)]


def _ran(
    arguments: ArgStatisticsRule,
    blocks: Sequence[PixelBlock] = BLOCKS,
    infos: Sequence[BandsInfo] = INFOS,
) -> PixelBlock:
    function = FUNCTIONS["ArgStatistics"]
    assert isinstance(function, CombiningFunction)
    rule = RenderingRule(function="ArgStatistics", arguments=arguments)
    made = function.bind_inputs(infos, rule)
    got = made.combine(blocks)
    assert got.data.dtype.name == made.output.pixel_type.dtype_name
    return got


def _run_length(values: list[float], low: float, high: float) -> int:
    text = "".join("x" if low <= value <= high else " " for value in values)
    return max(map(len, text.split()), default=0)


def _place(values: list[float], wanted: float, undefined: int | None) -> int:
    return undefined if undefined is not None and values.count(wanted) > 1 else values.index(wanted)


WANTED: dict[int, Callable[[list[float], int | None], int]] = {
    0: lambda v, undefined: _place(v, max(v), undefined),
    1: lambda v, undefined: _place(v, min(v), undefined),
    2: lambda v, undefined: _place(v, sorted(v)[(len(v) - 1) // 2], undefined),
    3: lambda v, _: _run_length(v, 2, 4),
}


@pytest.mark.parametrize("undefined", [None, 77, -1])
@pytest.mark.parametrize("kind", WANTED)
def test_results_are_those_of_plain_lists(kind: int, undefined: int | None) -> None:
    arguments = ArgStatisticsRule(
        arg_statistics_type=kind, undefined_class=undefined, min_value=2, max_value=4
    )
    got = _ran(arguments)
    data = np.concatenate([block.data for block in BLOCKS])
    valid = np.concatenate([np.broadcast_to(b.valid, b.data.shape) for b in BLOCKS]).all(axis=0)
    np.testing.assert_array_equal(got.valid[0], valid)
    for row, col in zip(*np.nonzero(valid), strict=True):
        values = [float(value) for value in data[:, row, col]]
        assert got.data[0, row, col] == WANTED[kind](values, undefined)


@pytest.mark.parametrize(("kind", "wanted"), [(0, 2), (1, 5), (2, 4)])
def test_the_example_of_esris_documentation(kind: int, wanted: int) -> None:
    values = np.array([33, 54, 189, 145, 34, 28], np.uint8).reshape(6, 1, 1)
    blocks = [
        PixelBlock(values[:2], np.ones((1, 1, 1), np.bool_)),
        PixelBlock(values[2:], np.ones((1, 1, 1), np.bool_)),
    ]
    infos = [BandsInfo(PixelType.U8, 2), BandsInfo(PixelType.U8, 4)]
    assert _ran(ArgStatisticsRule(arg_statistics_type=kind), blocks, infos).data[0, 0, 0] == wanted


@pytest.mark.parametrize("kind", [0, 2])
def test_not_a_number_is_no_data(kind: int) -> None:
    data = np.array([1, np.nan], np.float32).reshape(2, 1, 1)
    block = PixelBlock(data, np.ones((1, 1, 1), np.bool_))
    got = _ran(ArgStatisticsRule(arg_statistics_type=kind), [block], [BandsInfo(PixelType.F32, 2)])
    assert not got.valid.any()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (ArgStatisticsRule(arg_statistics_type=4), "ArgStatisticsType"),
        (ArgStatisticsRule(arg_statistics_type=3, max_value=4), "MinValue"),
        (ArgStatisticsRule(arg_statistics_type=3, min_value=4), "MaxValue"),
        (ArgStatisticsRule(arg_statistics_type=3, min_value=4, max_value=3), "MinValue"),
        (ArgStatisticsRule(undefined_class=2**40), "UndefinedClass"),
    ],
)
def test_bad_arguments_are_named(arguments: ArgStatisticsRule, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _ran(arguments)


def test_too_many_bands_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="Rasters"):
        FUNCTIONS["ArgStatistics"].bind(
            BandsInfo(PixelType.U8, 300), RenderingRule(function="ArgStatistics")
        )
