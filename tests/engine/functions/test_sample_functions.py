"""Functions that change samples one by one, against formulas written out.

Covers engine.functions.mask, engine.functions.contrast_brightness, engine.functions.unit_conversion and
engine.functions.threshold.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import (
    ContrastBrightnessRule,
    FunctionArguments,
    MaskRule,
    ThresholdRule,
    UnitConversionRule,
)
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.functions.threshold import otsu
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import Histogram


def _ran(arguments: FunctionArguments, block: PixelBlock, info: BandsInfo) -> PixelBlock:
    name = str(arguments.__struct_config__.tag)
    return (
        FUNCTIONS[name].bind(info, RenderingRule(function=name, arguments=arguments)).apply(block)
    )


def _bytes(*rows: list[int]) -> tuple[PixelBlock, BandsInfo]:
    data = np.array(rows, np.uint8)[:, np.newaxis, :]
    block = PixelBlock(data, np.ones((1, 1, data.shape[2]), np.bool_))
    return block, BandsInfo(PixelType.U8, len(rows))


def _valid(block: PixelBlock) -> list[list[bool]]:
    return [list(map(bool, row)) for row in np.broadcast_to(block.valid, block.data.shape)[:, 0]]


def test_masked_values_are_no_data_band_by_band_or_in_all() -> None:
    block, info = _bytes([0, 5, 255, 0], [9, 0, 0, 0])
    got = _ran(MaskRule(no_data_values=("0 255", "0")), block, info)
    assert _valid(got) == [[False, True, False, False], [True, False, False, False]]
    np.testing.assert_array_equal(got.data, block.data)
    every = _ran(MaskRule(no_data_values=("0 255", "0"), no_data_interpretation=1), block, info)
    assert _valid(every) == [[True, True, False, False]] * 2
    both = _ran(MaskRule(no_data_values=("0",)), block, info)
    assert _valid(both) == [[False, True, True, False], [True, False, False, False]]


def test_values_outside_of_included_ranges_are_no_data() -> None:
    block, info = _bytes([0, 5, 10, 11], [9, 0, 0, 0])
    got = _ran(MaskRule(included_ranges=(5, 10, 0, 255)), block, info)
    assert _valid(got) == [[False, True, True, False], [True] * 4]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (MaskRule(no_data_values=("a",)), "NoDataValues"),
        (MaskRule(no_data_values=("1", "2", "3")), "1 text or 2"),
        (MaskRule(included_ranges=(1,)), "IncludedRanges"),
        (MaskRule(included_ranges=(9, 1)), "IncludedRanges"),
        (MaskRule(no_data_interpretation=3), "NoDataInterpretation"),
        (ContrastBrightnessRule(contrast_offset=101), "ContrastOffset"),
        (UnitConversionRule(from_unit=2), "FromUnit"),
        (UnitConversionRule(from_unit=9, to_unit=100), "a unit of length"),
        (ThresholdRule(threshold_type=2), "ThresholdType"),
        (ThresholdRule(), "statistics"),
    ],
)
def test_what_cannot_be_is_named(rule: FunctionArguments, says: str) -> None:
    block, info = _bytes([0, 1], [2, 3])
    with pytest.raises(InvalidParameter, match=says):
        _ran(rule, block, info)


@pytest.mark.parametrize(("contrast", "brightness"), [(0, 0), (30, 10), (-40, -20), (99, 0)])
def test_contrast_and_brightness_are_esris_formula(contrast: float, brightness: float) -> None:
    block, info = _bytes(list(range(256)))
    rule = ContrastBrightnessRule(contrast_offset=contrast, brightness_offset=brightness)
    got = _ran(rule, block, info).data[0, 0]
    level = 200.0 * np.arange(256) - 25500 + 510 * brightness
    if contrast > 0:
        want = level / (2 * (100 - contrast)) + 128
    else:
        want = level * (100 + contrast) / 20000 + 128
    np.testing.assert_array_equal(got, np.rint(np.clip(want, 0, 255)))


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "want"),
    [
        (1.0, 5, 9, 1609.344),
        (12.0, 1, 3, 1.0),
        (100.0, 200, 201, 212.0),
        (-40.0, 201, 200, -40.0),
        (0.0, 200, 202, 273.15),
        (36.0, 101, 100, 10.0),
        (1.0, 102, 101, 1.852),
    ],
)
def test_units_are_converted(value: float, from_unit: int, to_unit: int, want: float) -> None:
    block = PixelBlock(np.full((1, 1, 1), value, np.float32), np.ones((1, 1, 1), np.bool_))
    rule = UnitConversionRule(from_unit=from_unit, to_unit=to_unit)
    got = _ran(rule, block, BandsInfo(PixelType.F32, 1))
    assert got.data[0, 0, 0] == pytest.approx(want, rel=1e-5)


def test_otsus_threshold_parts_two_hills() -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([rng.normal(60, 8, 6000), rng.normal(170, 12, 3000)])
    counts, _ = np.histogram(values, 256, (0, 256))
    found = otsu(Histogram(min=0, max=256, counts=tuple(counts.tolist())))
    # Brute force over all thresholds, by the variance within the parts.
    within = {}
    for threshold in range(60, 170):
        low, high = values[values < threshold], values[values >= threshold]
        within[threshold] = low.size * low.var() + high.size * high.var()
    assert within[round(found)] == pytest.approx(min(within.values()), rel=1e-3)
    block, _ = _bytes([30, 100, 130, 200])
    info = BandsInfo(
        PixelType.U8, 1, histograms=(Histogram(min=0, max=256, counts=tuple(counts.tolist())),)
    )
    assert _ran(ThresholdRule(), block, info).data[0, 0].tolist() == [0, 0, 1, 1]
