"""Curvature, AspectSlope and ShadedRelief against their formulas by numpy, written as the references have them.

Covers engine.function_rules.terrain, engine.functions.curvature, engine.functions.aspect_slope and engine.functions.shaded_relief.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import (
    AspectRule,
    AspectSlopeRule,
    CurvatureRule,
    FunctionArguments,
    HillshadeRule,
    RampPart,
    ShadedReliefRule,
    SlopeRule,
)
from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.functions.colour_ramps import part_colours
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import BandStatistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RNG = np.random.default_rng(41)
HILLS = (RNG.normal(0, 8, (40, 50)).cumsum(0).cumsum(1) / 10 + 500).astype(np.float32)
STATISTICS = BandStatistics(min=400.0, max=600.0, mean=500.0, std=20.0, count=2000)


def _ran(
    arguments: FunctionArguments,
    heights: NDArray[np.float32] = HILLS,
    size: tuple[float, float] = (10.0, 10.0),
    valid: NDArray[np.bool_] | None = None,
) -> PixelBlock:
    rule = RenderingRule(function=str(arguments.__struct_config__.tag), arguments=arguments)
    tree = function_tree(rule, lambda _: BandsInfo(PixelType.F32, 1, (STATISTICS,)))
    there = np.ones(heights.shape, np.bool_) if valid is None else valid
    ground = GroundCells(np.full((1, 1), size[0]), np.full((1, 1), size[1]), (1.0, 1.0))
    return tree.run([PixelBlock(heights[np.newaxis], there[np.newaxis])], lambda: ground)


def _curvature(heights: Floats, cell: float, kind: int) -> Floats:
    """As the ArcGIS API for JavaScript has it, of square pixels."""
    north, south = heights[:-2, 1:-1], heights[2:, 1:-1]
    west, east = heights[1:-1, :-2], heights[1:-1, 2:]
    centre = heights[1:-1, 1:-1]
    d = 200 / cell**2
    e, i = (west + east) / 2 - centre, (north + south) / 2 - centre
    if kind == 0:
        return -d * (e + i)
    p, q = (east - west) / 2, (north - south) / 2
    t = (heights[:-2, 2:] + heights[2:, :-2] - heights[:-2, :-2] - heights[2:, 2:]) / 4
    if kind == 2:
        return np.asarray(d * (e * p * p + i * q * q + t * p * q) / (p * p + q * q))
    return np.asarray(-d * (e * q * q + i * p * p - t * p * q) / (p * p + q * q))


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_curvatures_are_the_published_formulas(kind: int) -> None:
    got = _ran(CurvatureRule(curvature_type=kind, z_factor=2.0))
    want = _curvature(HILLS.astype(np.float64) * 2, 10.0, kind)
    np.testing.assert_allclose(got.data[0, 1:-1, 1:-1], want, rtol=2e-4, atol=2e-4)


def test_a_cylinder_bends_across_alone_on_pixels_that_are_not_square() -> None:
    """z = x²/100 on pixels of 10 × 20 m: the second derivative is 0.02, hundredths of it 2."""
    x = np.arange(9) * 10.0
    heights = np.broadcast_to(x**2 / 100, (7, 9)).astype(np.float32)
    for kind, want in ((0, -2.0), (1, 0.0), (2, 2.0)):
        got = _ran(CurvatureRule(curvature_type=kind), heights, (10.0, 20.0))
        np.testing.assert_allclose(got.data[0, 1:-1, 1:-1], want, atol=1e-4)
    along = np.ascontiguousarray(heights.T)
    got = _ran(CurvatureRule(), along, (20.0, 10.0))
    np.testing.assert_allclose(got.data[0, 1:-1, 1:-1], -2.0, atol=1e-4)


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_level_ground_has_no_curvature(kind: int) -> None:
    got = _ran(CurvatureRule(curvature_type=kind), np.full((5, 6), 321.5, np.float32))
    assert got.valid.all()
    assert (got.data == 0).all()


def test_pixels_beside_no_data_bend_as_if_it_went_on() -> None:
    valid = RNG.random(HILLS.shape) > 0.2
    got = _ran(CurvatureRule(), valid=valid)
    np.testing.assert_array_equal(got.valid[0], valid)
    filled = np.pad(HILLS.astype(np.float64), 1)
    there = np.pad(valid, 1)
    total = np.zeros(HILLS.shape)
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        rows, cols = np.s_[1 + dy : 41 + dy], np.s_[1 + dx : 51 + dx]
        total += np.where(there[rows, cols], filled[rows, cols] - HILLS, 0.0)
    np.testing.assert_allclose(got.data[0][valid], -total[valid], rtol=1e-4, atol=1e-3)


def test_plain_cells_are_those_of_the_map() -> None:
    plain = _ran(CurvatureRule(plain_cells=True))
    np.testing.assert_allclose(plain.data, _ran(CurvatureRule(), size=(1.0, 1.0)).data)


def test_aspect_and_slope_are_the_classes_of_brewer_and_marlow() -> None:
    """A plane in each direction and steepness; colours of Esri's aspect-slope style."""
    shown = {
        (0.03, 0.0): (153, 153, 153),
        (0.10, 0.0): (147, 166, 89),
        (0.30, 45.0): (77, 179, 77),
        (0.50, 90.0): (51, 204, 153),
        (0.10, 135.0): (89, 89, 166),
        (0.30, 180.0): (128, 89, 166),
        (0.50, 225.0): (255, 0, 0),
        (0.50, 270.0): (255, 149, 0),
        (0.50, 315.0): (255, 255, 0),
        (0.50, 350.0): (191, 255, 0),
    }
    y, x = np.mgrid[:5, :5] * 10.0
    for (rise, faces), colour in shown.items():
        # It falls in the direction that it faces; y grows to the south.
        east, south = np.sin(np.radians(faces)), -np.cos(np.radians(faces))
        heights = (1000 - rise * (east * x + south * y)).astype(np.float32)
        got = _ran(AspectSlopeRule(), heights)
        assert got.data[:, 2, 2].tolist() == list(colour), (rise, faces)


def test_aspect_slope_agrees_with_slope_and_aspect() -> None:
    got = _ran(AspectSlopeRule(z_factor=0.5))
    percent = _ran(SlopeRule(slope_type=2, z_factor=0.5)).data[0]
    aspect = _ran(AspectRule()).data[0]
    assert ((got.data == 153).all(axis=0) == (percent < 5)).mean() > 0.999
    is_yellow = (got.data[0] == 255) & (got.data[1] == 255) & (got.data[2] == 0)
    facing = (percent >= 40) & (aspect > 292.5) & (aspect <= 337.5)
    assert is_yellow.any()
    assert (is_yellow == facing).mean() > 0.999


@pytest.mark.parametrize("kind", [0, 1])
def test_shaded_relief_scales_the_value_of_colours(kind: int) -> None:
    ramp = (RampPart(from_color=(10, 200, 30), to_color=(250, 100, 0), algorithm="lch"),)
    colours = np.array(part_colours(ramp, 256))[:, 1:]
    got = _ran(ShadedReliefRule(color_ramp=ramp, hillshade_type=kind, azimuth=200.0))
    shade = _ran(HillshadeRule(hillshade_type=kind, azimuth=200.0)).data[0]
    place = np.clip(np.rint((HILLS.astype(float) - 400) / 200 * 255), 0, 255).astype(int)
    for row, col in ((3, 4), (20, 30), (38, 2)):
        colour = colours[place[row, col]]
        hue, saturation, value = colorsys.rgb_to_hsv(*(colour / 255))
        lit = colorsys.hsv_to_rgb(hue, saturation, value * shade[row, col] / 255)
        np.testing.assert_allclose(got.data[:, row, col], np.array(lit) * 255, atol=0.51)


def test_shaded_relief_takes_colours_by_value_and_has_a_ramp_of_its_own() -> None:
    heights = np.repeat([[7.0, 8.0, 9.0]], 3, axis=0).astype(np.float32)
    got = _ran(ShadedReliefRule(colormap=((7, 255, 0, 0), (8, 0, 255, 0)), altitude=90.0), heights)
    assert got.valid_all()[1].tolist() == [True, True, False]
    assert got.data[0, 1, 0] > 200
    assert got.data[1:, 1, 0].tolist() == [0, 0]
    assert len(np.unique(_ran(ShadedReliefRule()).data)) > 20


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (CurvatureRule(curvature_type=3), "CurvatureType"),
        (CurvatureRule(z_factor=float("inf")), "ZFactor"),
        (AspectSlopeRule(z_factor=float("nan")), "ZFactor"),
        (ShadedReliefRule(altitude=-1), "Altitude"),
        (ShadedReliefRule(colormap_name="no such ramp"), "ColormapName"),
    ],
)
def test_what_cannot_be_is_named(rule: FunctionArguments, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran(rule)
