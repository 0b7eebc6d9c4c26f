"""Trees of raster functions: what they read, what melts into one pass, and that they give what steps would.

Covers engine.functions.pointwise too.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter, RequestTooLarge
from engine.function_rules import (
    ArithmeticRule,
    ConvolutionRule,
    GainOffsetRule,
    LocalRule,
    NdviRule,
    StatisticsHistogramRule,
    StretchRule,
)
from engine.function_rules.local_names import LOCAL_NAMES
from engine.function_tree import FunctionTree, function_tree
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import (
    ConstantInput,
    ItemInput,
    MosaicInput,
    MosaicRule,
    RenderingRule,
    RuleInput,
)

INFO = BandsInfo(PixelType.U16, 4)
RNG = np.random.default_rng(3)
BLOCK = PixelBlock(
    RNG.integers(0, 2000, (4, 30, 40)).astype(np.uint16), RNG.random((1, 30, 40)) > 0.1
)
NDVI = RenderingRule(
    function="NDVI", arguments=NdviRule(visible_band=2, infrared_band=3, scientific_output=True)
)


def _ground() -> GroundCells:
    return GroundCells(np.ones((1, 1)), np.ones((1, 1)))


def _tree(rule: RenderingRule) -> FunctionTree:
    return function_tree(rule, lambda _: INFO)


def _run(rule: RenderingRule, block: PixelBlock = BLOCK) -> PixelBlock:
    tree = _tree(rule)
    blocks = [PixelBlock(block.data[list(leaf.bands)], block.valid) for leaf in tree.leaves]
    return tree.run(blocks, _ground)


def _ndvi() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    red, near = BLOCK.data[2].astype(float), BLOCK.data[3].astype(float)
    with np.errstate(all="ignore"):
        return np.asarray((near - red) / (near + red))


def test_a_function_reads_the_bands_that_it_needs_alone() -> None:
    tree = _tree(NDVI)
    assert [leaf.bands for leaf in tree.leaves] == [(2, 3)]
    assert (tree.output.pixel_type, tree.output.bands, tree.halo_px) == (PixelType.F32, 1, 0)
    got = _run(NDVI)
    good = BLOCK.valid[0] & np.isfinite(_ndvi())
    np.testing.assert_array_equal(got.valid[0], good)
    np.testing.assert_allclose(got.data[0][good], _ndvi()[good], rtol=1e-6)


def test_pointwise_functions_in_a_row_are_one_pass() -> None:
    rule = RenderingRule(
        function="NDVI",
        arguments=NdviRule(visible_band=0, infrared_band=0),
        inputs=(RenderingRule(inputs=(NDVI,), output_pixel_type=PixelType.F64),),
    )
    assert len(_tree(rule)._nodes) == 1


def test_whole_numbers_between_functions_are_rounded_and_cut_off() -> None:
    inner = RenderingRule(inputs=(NDVI,), output_pixel_type=PixelType.U8)
    outer = RenderingRule(
        function="NDVI",
        arguments=NdviRule(visible_band=0, infrared_band=0, scientific_output=True),
        inputs=(inner,),
    )
    whole = np.clip(np.rint(_ndvi()), 0, 255)
    got = _run(outer)
    # A value less itself over twice itself: 0 where it is 1, nothing where it is 0.
    np.testing.assert_array_equal(got.valid[0], BLOCK.valid[0] & (whole == 1))


def test_neighbourhood_functions_take_whole_blocks_and_padding_adds_up() -> None:
    smooth = RenderingRule(
        function="Convolution", arguments=ConvolutionRule(kind=10), inputs=(NDVI,)
    )
    twice = RenderingRule(
        function="Convolution", arguments=ConvolutionRule(kind=12), inputs=(smooth,)
    )
    tree = _tree(twice)
    assert tree.halo_px == 1 + 2
    assert len(tree._nodes) == 3
    made = FUNCTIONS["Convolution"].bind(BandsInfo(PixelType.F32, 1), smooth)
    np.testing.assert_array_equal(_run(smooth).data, made.apply(_run(NDVI)).data)


def test_equal_parts_are_worked_out_once_and_each_leaf_is_read_once() -> None:
    smooth = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=10))
    again = RenderingRule(function="Convolution", arguments=ConvolutionRule(kind=10))
    rule = RenderingRule(
        function="Stretch",
        arguments=StretchRule(),
        inputs=(
            RenderingRule(function="GainOffset", arguments=GainOffsetRule(), inputs=(smooth,)),
        ),
    )
    assert smooth == again
    assert len(_tree(rule).leaves) == 1


def test_leaves_that_differ_are_read_apart() -> None:
    other = MosaicInput(mosaic=MosaicRule(where="Year = 2020"))
    trees = [
        _tree(RenderingRule(function="GainOffset", arguments=GainOffsetRule(), inputs=(leaf,)))
        for leaf in (MosaicInput(), other, ItemInput(item=3))
    ]
    assert [tree.leaves[0].source for tree in trees] == [MosaicInput(), other, ItemInput(item=3)]


def test_a_number_alone_has_the_size_of_the_view() -> None:
    rule = RenderingRule(inputs=(ConstantInput(value=7.0),), output_pixel_type=PixelType.U8)
    got = _run(rule)
    assert got.data.shape == (1, 30, 40)
    assert (got.data == 7).all()
    assert got.valid.all()


def test_the_raster_as_it_is_is_a_tree_too() -> None:
    got = _run(RenderingRule(inputs=(MosaicInput(),)))
    np.testing.assert_array_equal(got.data, BLOCK.data)
    cast = _run(RenderingRule(inputs=(MosaicInput(),), output_pixel_type=PixelType.U8))
    np.testing.assert_array_equal(cast.data, np.minimum(BLOCK.data, 255).astype(np.uint8))


def test_what_a_function_cannot_take_is_named() -> None:
    with pytest.raises(InvalidParameter, match="InfraredBandID"):
        _tree(RenderingRule(function="NDVI", arguments=NdviRule(infrared_band=9)))
    two = RenderingRule(
        function="GainOffset",
        arguments=GainOffsetRule(),
        inputs=(MosaicInput(), ConstantInput(value=1.0)),
    )
    with pytest.raises(InvalidParameter, match="2 rasters"):
        _tree(two)
    wrong = RenderingRule(function="Convolution", arguments=ArithmeticRule())
    with pytest.raises(InvalidParameter, match="arguments"):
        _tree(wrong)


def test_functions_that_hand_bands_on_still_cast_them() -> None:
    same = RenderingRule(
        function="StatisticsHistogram",
        arguments=StatisticsHistogramRule(statistics=((0, 1, 0.5, 0.1),)),
        output_pixel_type=PixelType.U8,
    )
    clamped = np.minimum(BLOCK.data, 255)
    got = _run(same)
    assert got.data.dtype == np.uint8
    np.testing.assert_array_equal(got.data, clamped)
    twice = GainOffsetRule(gains=(2.0,))
    outer = RenderingRule(
        function="GainOffset",
        arguments=twice,
        inputs=(same,),
        output_pixel_type=PixelType.U16,
    )
    np.testing.assert_array_equal(_run(outer).data, clamped * 2)


def _many(name: str, inner: RuleInput, count: int = 200) -> RenderingRule:
    numbers = tuple(ConstantInput(value=1.0 + n / 1000) for n in range(count))
    return RenderingRule(
        function="Local", arguments=LocalRule(operation=LOCAL_NAMES[name]), inputs=(inner, *numbers)
    )


def test_long_rows_of_operations_run_in_several_passes() -> None:
    rule: RuleInput = MosaicInput()
    for _ in range(5):
        rule = _many("times", rule)
    assert isinstance(rule, RenderingRule)
    block = PixelBlock(np.full((1, 3, 4), 2.0, np.float64), np.ones((1, 3, 4), np.bool_))
    tree = function_tree(rule, lambda _: BandsInfo(PixelType.F64, 1))
    got = tree.run([block], lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))))
    want = 2.0 * np.prod(1.0 + np.arange(200) / 1000) ** 5
    np.testing.assert_allclose(got.data, want, rtol=1e-9)


def test_rules_that_would_take_minutes_to_compile_are_refused() -> None:
    rule: RuleInput = MosaicInput()
    for _ in range(12):
        rule = _many("divide", rule)
    assert isinstance(rule, RenderingRule)
    with pytest.raises(RequestTooLarge, match="operations"):
        function_tree(rule, lambda _: BandsInfo(PixelType.F64, 1))


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(1.0, PixelType.U8), (-1.0, PixelType.S16), (70_000.0, PixelType.S32), (0.1, PixelType.F64)],
)
def test_whole_numbers_leave_whole_rasters_so(number: float, wanted: PixelType) -> None:
    rule = RenderingRule(
        function="Local",
        arguments=LocalRule(operation=78),
        inputs=(MosaicInput(), MosaicInput(), ConstantInput(value=number)),
    )
    tree = function_tree(rule, lambda _: BandsInfo(PixelType.U8, 1))
    assert tree.output.pixel_type is wanted
    data = np.array([[[0, 7]]], np.uint8)
    found = tree.run([PixelBlock(data, np.ones(data.shape, np.bool_))], _ground)
    assert found.data[0, 0].tolist() == [number, 7.0]


@pytest.mark.parametrize("own", [PixelType.S32, PixelType.U32])
def test_sums_of_32_bits_keep_all_digits(own: PixelType) -> None:
    rule = RenderingRule(
        function="Local",
        arguments=LocalRule(operation=1),
        inputs=(MosaicInput(), ConstantInput(value=1.0)),
    )
    tree = function_tree(rule, lambda _: BandsInfo(own, 1))
    data = np.full((1, 1, 2), 2_000_000_002, own.dtype_name)
    found = tree.run([PixelBlock(data, np.ones(data.shape, np.bool_))], _ground)
    assert found.data[0, 0].tolist() == [2_000_000_003.0] * 2
