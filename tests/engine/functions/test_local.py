"""Operations of several rasters at each pixel, against numpy and scipy.

Covers engine.functions.local, engine.functions.local_operations, engine.functions.sorted_statistics,
engine.functions.cell_statistics and engine.functions.raster_calculator.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import (
    ArithmeticRule,
    CellStatisticsRule,
    FunctionArguments,
    LocalRule,
    RasterCalculatorRule,
)
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, CombiningFunction
from engine.functions.local_operations import LOCAL_OPERATIONS
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RNG = np.random.default_rng(17)
SHAPE = (12, 15)


def _block(dtype: str, low: int, high: int, bands: int = 1) -> PixelBlock:
    data = RNG.integers(low, high, (bands, *SHAPE)).astype(dtype)
    return PixelBlock(data, RNG.random((1, *SHAPE)) > 0.15)


WHOLE = [_block("int16", -4, 6) for _ in range(5)]
FLOATS = [
    PixelBlock(RNG.normal(0, 2, (1, *SHAPE)).astype(np.float32), RNG.random((1, *SHAPE)) > 0.15)
    for _ in range(4)
]


def _info(block: PixelBlock) -> BandsInfo:
    kinds = {"int16": PixelType.S16, "float32": PixelType.F32, "uint8": PixelType.U8}
    return BandsInfo(kinds[block.data.dtype.name], block.bands)


def _combined(name: str, arguments: FunctionArguments, blocks: Sequence[PixelBlock]) -> PixelBlock:
    function = FUNCTIONS[name]
    assert isinstance(function, CombiningFunction)
    rule = RenderingRule(function=name, arguments=arguments)
    made = function.bind_inputs([_info(block) for block in blocks], rule)
    got = made.combine(blocks)
    assert got.data.dtype.name == made.output.pixel_type.dtype_name
    assert got.data.shape == (made.output.bands, *SHAPE)
    return got


def _check(got: PixelBlock, want: Floats, good: NDArray[np.bool_]) -> None:
    good = good & np.isfinite(want)
    np.testing.assert_array_equal(got.valid[0], good)
    np.testing.assert_allclose(got.data[0][good], want[good], rtol=1e-5, atol=1e-6)


ONE: dict[int, Callable[[Floats], Floats]] = {
    4: np.sqrt,
    6: np.arccos,
    7: np.arcsin,
    8: np.arctan,
    9: np.arctanh,
    10: np.abs,
    18: lambda x: (x == 0).astype(float),
    21: np.cos,
    22: np.cosh,
    25: np.exp,
    26: lambda x: 10.0**x,
    27: np.exp2,
    30: np.trunc,
    32: lambda x: x,
    35: np.log,
    36: np.log10,
    37: np.log2,
    45: np.negative,
    48: np.floor,
    49: np.ceil,
    51: np.sin,
    52: np.sinh,
    53: np.square,
    56: np.tan,
    57: np.tanh,
    59: np.arccosh,
    60: np.arcsinh,
}
TWO: dict[int, Callable[[Floats, Floats], Floats]] = {
    1: np.add,
    2: np.subtract,
    3: np.multiply,
    5: np.power,
    23: np.divide,
    24: lambda x, y: (x == y).astype(float),
    28: lambda x, y: (x > y).astype(float),
    29: lambda x, y: (x >= y).astype(float),
    33: lambda x, y: (x < y).astype(float),
    34: lambda x, y: (x <= y).astype(float),
    46: lambda x, y: (x != y).astype(float),
    17: lambda x, y: ((x != 0) & (y != 0)).astype(float),
    19: lambda x, y: ((x != 0) | (y != 0)).astype(float),
    20: lambda x, y: ((x != 0) ^ (y != 0)).astype(float),
    44: np.fmod,
    61: np.arctan2,
    64: np.divide,
    65: lambda x, y: np.floor(x / y),
}
BITS: dict[int, Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]] = {
    11: np.bitwise_and,
    14: np.bitwise_or,
    16: np.bitwise_xor,
    12: lambda x, y: np.left_shift(x, np.maximum(y, 0)),
    15: lambda x, y: np.right_shift(x, np.maximum(y, 0)),
}


@pytest.mark.parametrize("number", sorted(ONE))
def test_operations_of_one_raster(number: int) -> None:
    for block in (WHOLE[0], FLOATS[0]):
        with np.errstate(all="ignore"):
            want = ONE[number](block.data[0].astype(float))
        got = _combined("Local", LocalRule(operation=number), [block])
        _check(got, want, block.valid[0])


@pytest.mark.parametrize("number", sorted(TWO))
def test_operations_of_two_rasters(number: int) -> None:
    for one, two in ((WHOLE[0], WHOLE[1]), (FLOATS[0], WHOLE[1])):
        with np.errstate(all="ignore"):
            want = TWO[number](one.data[0].astype(float), two.data[0].astype(float))
        got = _combined("Local", LocalRule(operation=number), [one, two])
        _check(got, want, one.valid[0] & two.valid[0])


@pytest.mark.parametrize("number", sorted(BITS))
def test_operations_of_bits(number: int) -> None:
    one, two = WHOLE[0], WHOLE[1]
    want = BITS[number](one.data[0].astype(np.int64), two.data[0].astype(np.int64))
    got = _combined("Local", LocalRule(operation=number), [one, two])
    _check(got, want.astype(float), one.valid[0] & two.valid[0])


def test_bits_turned_over() -> None:
    got = _combined("Local", LocalRule(operation=13), [WHOLE[0]])
    _check(got, -1.0 - WHOLE[0].data[0], WHOLE[0].valid[0])


def test_conditions_and_no_data() -> None:
    x, y, z = WHOLE[:3]
    a, b, c = (block.data[0].astype(float) for block in (x, y, z))
    always = np.ones(SHAPE, np.bool_)
    _check(_combined("Local", LocalRule(operation=31), [x]), (~x.valid[0]).astype(float), always)
    _check(
        _combined("Local", LocalRule(operation=50), [x, y]),
        b,
        x.valid[0] & y.valid[0] & (a == 0),
    )
    got = _combined("Local", LocalRule(operation=78), [x, y, z])
    _check(got, np.where(a != 0, b, c), x.valid[0] & np.where(a != 0, y.valid[0], z.valid[0]))
    got = _combined("Local", LocalRule(operation=78), [x, y])
    _check(got, b, x.valid[0] & y.valid[0] & (a != 0))
    picked = np.select([a == 1, a == 2], [b, c], np.nan)
    good = x.valid[0] & np.select([a == 1, a == 2], [y.valid[0], z.valid[0]], default=False)
    _check(_combined("Local", LocalRule(operation=84), [x, y, z]), picked, good)


def _statistic(name: str, values: Sequence[float]) -> float:
    if name in ("majority", "minority"):
        counts = Counter(values)
        wanted = (max if name == "majority" else min)(counts.values())
        found = [value for value, count in counts.items() if count == wanted]
        return found[0] if len(found) == 1 else np.nan
    return float(
        {
            "max": np.max,
            "min": np.min,
            "mean": np.mean,
            "median": np.median,
            "range": np.ptp,
            "std": np.std,
            "sum": np.sum,
            "variety": lambda x: len(set(x)),
            "percentile": lambda x: np.percentile(x, 90),
        }[name](values)
    )


STATISTICS = [number for number, each in LOCAL_OPERATIONS.items() if each.most > 3 and number >= 38]


@pytest.mark.parametrize("number", sorted(set(STATISTICS) - {84}))
def test_statistics_of_many_rasters(number: int) -> None:
    operation = LOCAL_OPERATIONS[number]
    for blocks in (WHOLE, FLOATS):
        want = np.full(SHAPE, np.nan)
        for at in np.ndindex(SHAPE):
            values = [float(b.data[0][at]) for b in blocks if b.valid[0][at]]
            if values and (operation.ignores_no_data or len(values) == len(blocks)):
                want[at] = _statistic(operation.name, values)
        arguments = LocalRule(operation=number, percentile_interpolation_type="LINEAR")
        got = _combined("Local", arguments, blocks)
        if not np.issubdtype(got.data.dtype, np.floating):
            want = np.rint(want)
        _check(got, want, np.ones(SHAPE, np.bool_))
        own = _combined(
            "CellStatistics",
            CellStatisticsRule(operation=number, percentile_interpolation_type="LINEAR"),
            blocks,
        )
        np.testing.assert_array_equal(own.data[own.valid], got.data[got.valid])


def test_the_median_of_whole_numbers_is_one_of_them() -> None:
    blocks = WHOLE[:4]
    got = _combined("Local", LocalRule(operation=69), blocks)
    values = np.stack([block.data[0] for block in blocks])
    valid = np.stack([block.valid[0] for block in blocks])
    held = ((values == got.data[0]) & valid).any(axis=0)
    assert held[got.valid[0]].all()


def test_bands_go_together_or_are_one_list() -> None:
    three, one = _block("int16", 0, 9, bands=3), WHOLE[0]
    got = _combined("Local", LocalRule(operation=1), [three, one])
    both = three.valid[0] & one.valid[0]
    np.testing.assert_array_equal(got.data[:, both], (three.data + one.data)[:, both])
    listed = LocalRule(operation=39, process_as_multiband=False)
    got = _combined("Local", listed, [three, one])
    want = np.maximum(three.data.max(axis=0), one.data[0])
    _check(got, want.astype(float), both)
    with pytest.raises(InvalidParameter, match="same count of bands"):
        _combined("Local", LocalRule(operation=1), [three, _block("int16", 0, 9, bands=2)])


@pytest.mark.parametrize(
    ("arguments", "count", "says"),
    [
        (LocalRule(operation=0), 1, "Operation"),
        (LocalRule(operation=1), 1, "Rasters"),
        (LocalRule(operation=4), 2, "Rasters"),
        (LocalRule(operation=93, percentile_value=101), 2, "PercentileValue"),
        (LocalRule(operation=93, percentile_interpolation_type="CUBIC"), 2, "NEAREST"),
        (CellStatisticsRule(operation=1), 2, "Operation"),
    ],
)
def test_what_cannot_be_is_named(arguments: FunctionArguments, count: int, says: str) -> None:
    name = str(arguments.__struct_config__.tag)
    with pytest.raises(InvalidParameter, match=says):
        _combined(name, arguments, WHOLE[:count])


def test_the_calculator_knows_rasters_by_their_names() -> None:
    arguments = RasterCalculatorRule(input_names=("a", "B"), expression="(A - b) * 2")
    got = _combined("RasterCalculator", arguments, WHOLE[:2])
    want = 2.0 * (WHOLE[0].data[0] - WHOLE[1].data[0])
    _check(got, want, WHOLE[0].valid[0] & WHOLE[1].valid[0])
    for names, says in ((("a",), "InputNames"), (("a", "A"), "different names")):
        with pytest.raises(InvalidParameter, match=says):
            _combined(
                "RasterCalculator",
                RasterCalculatorRule(input_names=names, expression="a"),
                WHOLE[:2],
            )


def test_arithmetic_of_two_rasters() -> None:
    for number, function in ((1, np.add), (2, np.subtract), (3, np.multiply), (4, np.divide)):
        one, two = WHOLE[0], FLOATS[1]
        with np.errstate(all="ignore"):
            want = function(one.data[0].astype(float), two.data[0].astype(float))
        got = _combined("Arithmetic", ArithmeticRule(operation=number), [one, two])
        _check(got, want, one.valid[0] & two.valid[0])
