"""Colours of values and ramps; covers engine.functions.colormap_to_rgb and engine.function_rules.colours."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ColormapRule, ColormapToRgbRule, FunctionArguments, RampPart
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import BandStatistics


def _ran(rule: RenderingRule, data: np.ndarray, info: BandsInfo) -> tuple[PixelBlock, BandsInfo]:
    tree = function_tree(rule, lambda _: info)
    block = PixelBlock(data, np.ones((1, *data.shape[1:]), np.bool_))
    one = GroundCells(np.ones((1, 1)), np.ones((1, 1)))
    return tree.run([block], lambda: one), tree.output


def _rule(arguments: FunctionArguments) -> RenderingRule:
    return RenderingRule(function=str(arguments.__struct_config__.tag), arguments=arguments)


def test_values_without_a_colour_are_no_data() -> None:
    data = np.array([[[1, 2, 5, 9]]], np.int16)
    colours = ((1, 255, 0, 0), (5, 0, 255, 0))
    got, output = _ran(_rule(ColormapRule(colormap=colours)), data, BandsInfo(PixelType.S16, 1))
    assert got.valid[0, 0].tolist() == [True, False, True, False]
    assert got.data[0, 0, [0, 2]].tolist() == [1, 5]
    assert (output.pixel_type, output.colormap) == (PixelType.U8, colours)


def test_floating_point_is_rounded_to_its_value() -> None:
    data = np.array([[[0.6, 1.4, 1.6]]], np.float32)
    rule = _rule(ColormapRule(colormap=((1, 9, 9, 9), (2, 8, 8, 8))))
    got, _ = _ran(rule, data, BandsInfo(PixelType.F32, 1))
    assert got.data[0, 0].tolist() == [1, 1, 2]
    assert got.valid.all()


def test_a_ramp_goes_over_the_range_of_the_values() -> None:
    data = np.array([[[0.0, 10.0, 20.0, 25.0]]], np.float32)
    info = BandsInfo(
        PixelType.F32, 1, statistics=(BandStatistics(min=0.0, max=20.0, mean=9.0, std=1.0),)
    )
    got, output = _ran(_rule(ColormapRule(colorramp_name="Black to White")), data, info)
    assert got.data[0, 0].tolist() == [0, 128, 255, 255]
    assert output.colormap[128] == (128, 128, 128, 128)


def test_colours_become_three_bands() -> None:
    data = np.array([[[1, 5, 7]]], np.uint8)
    coloured = _rule(ColormapRule(colormap=((1, 10, 20, 30), (5, 40, 50, 60))))
    rule = RenderingRule(
        function="ColormapToRGB", arguments=ColormapToRgbRule(), inputs=(coloured,)
    )
    got, output = _ran(rule, data, BandsInfo(PixelType.U8, 1))
    assert output.bands == 3
    assert got.data[:, 0, 0].tolist() == [10, 20, 30]
    assert got.data[:, 0, 1].tolist() == [40, 50, 60]
    assert not np.broadcast_to(got.valid, got.data.shape)[:, 0, 2].any()


def test_a_ramp_of_parts_goes_over_the_values_too() -> None:
    data = np.array([[[0, 64, 128, 255]]], np.uint8)
    parts = tuple(
        RampPart(from_color=one, to_color=other, algorithm="hsv")
        for one, other in (((255, 0, 0, 255), (0, 255, 0, 255)), ((0, 255, 0), (0, 0, 255)))
    )
    got, output = _ran(_rule(ColormapRule(color_ramp=parts)), data, BandsInfo(PixelType.U8, 1))
    assert got.data[0, 0].tolist() == [0, 64, 128, 255]
    ends = [output.colormap[value][1:] for value in (0, 255)]
    assert ends == [(255, 0, 0), (0, 0, 255)]
    assert output.colormap[64][1:] == pytest.approx((255, 255, 0), abs=3)


@pytest.mark.parametrize("name", ["NDVI", "NDVI2", "NDVI3"])
def test_colours_of_ndvi_as_bytes_end_at_200(name: str) -> None:
    data = np.array([[[0, 100, 200, 255]]], np.uint8)
    got, _ = _ran(_rule(ColormapRule(colormap_name=name)), data, BandsInfo(PixelType.U8, 1))
    assert got.data[0, 0].tolist() == [0, 128, 255, 255]


def test_random_colours_are_always_the_same_and_come_again_after_256_values() -> None:
    rule = _rule(ColormapRule(colormap_name="Random"))
    data = np.array([[[3, 259, 65535, 7]]], np.uint16)
    got, output = _ran(rule, data, BandsInfo(PixelType.U16, 1))
    assert got.data[0, 0].tolist() == [3, 3, 255, 7]
    assert got.valid.all()
    negative = np.array([[[-1, -256, -300]]], np.int16)
    got, _ = _ran(rule, negative, BandsInfo(PixelType.S16, 1))
    assert got.data[0, 0].tolist() == [255, 0, 212]
    _, again = _ran(rule, data, BandsInfo(PixelType.U16, 1))
    assert again.colormap == output.colormap
    assert len({row[1:] for row in output.colormap}) > 250


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (ColormapRule(), "ColormapName"),
        (ColormapRule(colormap_name="Nice"), "black to white"),
        (ColormapRule(colorramp_name="Nice"), "ColorrampName"),
        (ColormapRule(color_ramp=(RampPart(from_color=(1, 2), to_color=(1, 2, 3)),)), "ColorRamp"),
        (
            ColormapRule(
                color_ramp=(RampPart(from_color=(1, 2, 3), to_color=(1, 2, 3), algorithm="x"),)
            ),
            "lab, lch, hsv",
        ),
        (ColormapRule(colormap=((1, 2, 3),)), "red, green, blue"),
        (ColormapRule(colormap=((1, 2, 3, 256),)), "0 to 255"),
        (ColormapRule(colormap=((0.5, 2, 3, 4),)), "whole numbers"),
        (ColormapRule(colormap=((0, 2, 3, 4), (1_000_000, 2, 3, 4))), "a range of"),
        (ColormapToRgbRule(), "without a colormap"),
    ],
)
def test_what_cannot_be_is_named(rule: FunctionArguments, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran(_rule(rule), np.zeros((1, 1, 1), np.uint8), BandsInfo(PixelType.U8, 1))
