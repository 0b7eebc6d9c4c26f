"""Hue, saturation and value against colorsys."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ColorspaceConversionRule
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.functions.colorspace_conversion import ColorspaceConversion
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

COLOURS = np.concatenate(
    [
        np.random.default_rng(7).integers(0, 256, (3, 500)),
        np.array(np.meshgrid([0, 128, 255], [0, 128, 255], [0, 128, 255])).reshape(3, -1),
    ],
    axis=1,
)[:, np.newaxis]


def _rule(kind: int, *inputs: RenderingRule) -> RenderingRule:
    return RenderingRule(
        function="ColorspaceConversion",
        arguments=ColorspaceConversionRule(conversion_type=kind),
        inputs=inputs,
    )


def _ran(rule: RenderingRule, data: np.ndarray, kind: PixelType) -> PixelBlock:
    block = PixelBlock(data.astype(kind.dtype_name), np.ones((1, *data.shape[1:]), np.bool_))
    tree = function_tree(rule, lambda _: BandsInfo(kind, data.shape[0]))
    return tree.run([block], lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))))


@pytest.mark.parametrize("kind", [PixelType.U8, PixelType.F32, PixelType.F64])
def test_hue_saturation_and_value_are_those_of_colorsys(kind: PixelType) -> None:
    got = _ran(_rule(0), COLOURS, kind)
    wanted = np.array([colorsys.rgb_to_hsv(*(c / 255)) for c in COLOURS[:, 0].T]).T * 255
    if kind is PixelType.U8:
        wanted = np.rint(wanted)
        assert got.data.dtype == np.uint8
    assert got.valid.all()
    tolerance = 1.0 if kind is PixelType.U8 else 1e-3
    off = np.abs(got.data[:, 0] - wanted)
    assert off.max() <= tolerance
    assert (off > 1e-3).mean() < 0.01


def test_colours_come_back() -> None:
    whole = RenderingRule(inputs=(_rule(0),), output_pixel_type=PixelType.F32)
    got = _ran(_rule(1, whole), COLOURS, PixelType.F32)
    np.testing.assert_allclose(got.data, COLOURS, atol=2e-3)
    bytes_back = _ran(_rule(1, _rule(0)), COLOURS, PixelType.U8).data.astype(int)
    assert np.abs(bytes_back - COLOURS).max() <= 4


def test_a_full_turn_of_hue_is_none() -> None:
    data = np.array([[[0, 255]], [[255, 255]], [[255, 255]]])
    assert _ran(_rule(1), data, PixelType.U8).data[:, 0].T.tolist() == [[255, 0, 0], [255, 0, 0]]


@pytest.mark.parametrize(
    ("bands", "kind", "told"), [(2, 0, "2 bands"), (3, 2, "ConversionType"), (3, -1, "RGB to HSV")]
)
def test_what_cannot_be_is_told(bands: int, kind: int, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        ColorspaceConversion().bind(BandsInfo(PixelType.U8, bands), _rule(kind))
