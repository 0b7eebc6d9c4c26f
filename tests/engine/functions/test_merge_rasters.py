"""MergeRasters and Table: what is there first, and colours of classes. Covers engine.functions.table too."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import MergeRastersRule, TableRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, CombiningFunction
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

RNG = np.random.default_rng(3)


def _block(bands: int, dtype: str) -> PixelBlock:
    data = RNG.integers(0, 200, (bands, 9, 7)).astype(dtype)
    return PixelBlock(data, RNG.random((1, 9, 7)) > 0.5)


def test_each_pixel_is_the_first_that_has_data() -> None:
    blocks = [_block(2, "uint8"), _block(2, "int16"), _block(1, "uint8")]
    infos = [
        BandsInfo(PixelType.U8, 2),
        BandsInfo(PixelType.S16, 2),
        BandsInfo(PixelType.U8, 1),
    ]
    function = FUNCTIONS["MergeRasters"]
    assert isinstance(function, CombiningFunction)
    rule = RenderingRule(function="MergeRasters", arguments=MergeRastersRule())
    made = function.bind_inputs(infos, rule)
    assert made.output.pixel_type is PixelType.S16
    got = made.combine(blocks)
    for row, col in np.ndindex(9, 7):
        there = [block for block in blocks if block.valid[0, row, col]]
        assert got.valid[0, row, col] == bool(there)
        for band in range(2 if there else 0):
            first = there[0].data
            assert got.data[band, row, col] == first[min(band, len(first) - 1), row, col]


def test_rasters_of_other_counts_of_bands_do_not_go_together() -> None:
    function = FUNCTIONS["MergeRasters"]
    assert isinstance(function, CombiningFunction)
    rule = RenderingRule(function="MergeRasters", arguments=MergeRastersRule())
    with pytest.raises(InvalidParameter, match="Rasters"):
        function.bind_inputs([BandsInfo(PixelType.U8, 2), BandsInfo(PixelType.U8, 3)], rule)


@pytest.mark.parametrize("row", [(), (1, 2, 3), (1, 2, 3, 256), (0.5, 1, 2, 3), (1e300, 1, 2, 3)])
def test_a_table_of_what_are_no_colours_is_refused(row: tuple[float, ...]) -> None:
    rule = RenderingRule(function="Table", arguments=TableRule(colors=(row,)))
    with pytest.raises(InvalidParameter, match="Colors"):
        FUNCTIONS["Table"].bind(BandsInfo(PixelType.U8, 1), rule)


def test_a_table_gives_classes_their_colours() -> None:
    block = _block(1, "uint8")
    rule = RenderingRule(function="Table", arguments=TableRule(colors=((1, 10, 20, 30.0),)))
    made = FUNCTIONS["Table"].bind(BandsInfo(PixelType.U8, 1), rule)
    assert made.output.colormap == ((1, 10, 20, 30),)
    assert made.output.is_thematic
    np.testing.assert_array_equal(made.apply(block).data, block.data)
    own = BandsInfo(PixelType.U8, 1, colormap=((5, 1, 2, 3),))
    bare = FUNCTIONS["Table"].bind(own, RenderingRule(function="Table"))
    assert bare.output.colormap == own.colormap
