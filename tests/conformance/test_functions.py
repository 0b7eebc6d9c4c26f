"""Every raster function keeps shape and validity, and returns the type it declared."""

from __future__ import annotations

import numpy as np
import pytest

from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request import RenderingRule

KINDS = [PixelType.U8, PixelType.S16, PixelType.U16, PixelType.S32, PixelType.F32, PixelType.F64]


@pytest.mark.parametrize("shape", [(1, 1), (5, 8)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_output_has_the_declared_type_and_the_valid_pixels_of_the_input(
    name: str, kind: PixelType, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(1)
    data = random.integers(0, 100, (2, *shape)).astype(kind.dtype_name)
    block = PixelBlock(data, random.random((1, *shape)) > 0.5)
    bound = FUNCTIONS[name].bind(BandsInfo(kind, 2), RenderingRule(function="Stretch"))
    answer = bound.apply(block)
    assert answer.data.dtype == bound.output.pixel_type.dtype_name
    assert answer.data.shape == (bound.output.bands, *shape)
    assert (answer.valid == block.valid).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_invalid_input_gives_all_invalid_output(name: str) -> None:
    block = PixelBlock(np.full((1, 3, 3), np.nan, np.float32), np.zeros((1, 3, 3), np.bool_))
    bound = FUNCTIONS[name].bind(BandsInfo(PixelType.F32, 1), RenderingRule(function="Stretch"))
    assert not bound.apply(block).valid.any()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_padding_is_a_count_of_pixels(name: str) -> None:
    assert FUNCTIONS[name].padding >= 0
