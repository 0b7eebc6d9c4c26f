"""Contours against scipy and what lines are; covers engine.functions.contour_kernels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from engine.errors import InvalidParameter
from engine.function_rules import ContourRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.functions.contour import smoothed
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import BandStatistics

RNG = np.random.default_rng(47)
HILLS = ndimage.gaussian_filter(RNG.normal(0, 900, (90, 110)), 6)[np.newaxis].astype(np.float32)
ALL = np.ones(HILLS.shape, np.bool_)
STATISTICS = BandStatistics(min=-250.0, max=250.0, mean=0.0, std=60.0, count=9900)


def _ran(
    rule: ContourRule, data: np.ndarray = HILLS, valid: np.ndarray | None = None
) -> PixelBlock:
    asked = RenderingRule(function="Contour", arguments=rule)
    bound = FUNCTIONS["Contour"].bind(BandsInfo(PixelType.F32, 1, (STATISTICS,)), asked)
    return bound.apply(PixelBlock(data, ALL if valid is None else valid))


@pytest.mark.parametrize("sigma", [0.5, 2.5, 6.0])
def test_the_smooth_surface_is_scipys(sigma: float) -> None:
    got = _ran(ContourRule(contour_type=2, sigma_gaussian=sigma, z_factor=3.0)).data[0]
    radius = int(np.ceil(3 * sigma))
    want = 3 * ndimage.gaussian_filter(HILLS[0].astype(float), sigma, radius=radius)
    inner = np.s_[radius:-radius, radius:-radius]
    np.testing.assert_allclose(got[inner], want[inner], rtol=1e-5, atol=1e-4)


def test_pixels_without_data_weigh_nothing() -> None:
    valid = RNG.random(HILLS.shape) > 0.3
    holes = np.where(valid, HILLS, 0.0)[0].astype(float)
    weights = ndimage.gaussian_filter(valid[0].astype(float), 2.0, mode="constant", radius=6)
    sums = ndimage.gaussian_filter(holes, 2.0, mode="constant", radius=6)
    got = smoothed(holes, valid[0], 2.0)
    np.testing.assert_allclose(got[valid[0]], (sums / weights)[valid[0]], rtol=1e-9)


def test_fills_hold_the_height_of_the_line_below() -> None:
    got = _ran(ContourRule(contour_type=1, contour_interval=20.0, z_base=7.0, sigma_gaussian=0))
    want = np.floor((HILLS - 7.0) / 20.0) * 20.0 + 7.0
    np.testing.assert_allclose(got.data, want)
    assert got.valid.all()


def test_lines_run_between_fills() -> None:
    rule = ContourRule(contour_interval=20.0, nth_contour_line_in_bold=0, sigma_gaussian=1.0)
    got = _ran(rule)
    fill = _ran(ContourRule(contour_type=1, contour_interval=20.0, sigma_gaussian=1.0)).data[0]
    around = np.pad(fill, 1, mode="edge")
    least = np.min([around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]], 0)
    is_line = least < fill
    np.testing.assert_array_equal(got.valid[0], is_line)
    assert 0.02 < is_line.mean() < 0.5
    np.testing.assert_array_equal(got.data[0][is_line], fill[is_line])


def test_bold_lines_are_twice_as_wide() -> None:
    rule = ContourRule(contour_interval=20.0, nth_contour_line_in_bold=0)
    thin, bold = _ran(rule), _ran(ContourRule(contour_interval=20.0, nth_contour_line_in_bold=5))
    index = bold.valid & (bold.data % 100 == 0)
    more = bold.valid & ~thin.valid
    assert (thin.valid <= bold.valid).all()
    assert more.any()
    assert (bold.data[more] % 100 == 0).all()
    before = thin.valid & (thin.data % 100 == 0)
    assert 1.5 < index.sum() / before.sum() < 3


def test_a_number_of_contours_is_a_round_interval_of_the_services_range() -> None:
    got = _ran(ContourRule(contour_type=1, contour_interval=0, number_of_contours=24))
    # 500 / 24 is about 20.
    assert set(np.unique(np.diff(np.unique(got.data)))) == {20.0}


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_a_pixel_is_the_same_in_any_cut_that_has_its_padding(kind: int) -> None:
    rule = ContourRule(contour_type=kind, contour_interval=13.0)
    padding = FUNCTIONS["Contour"].padding(RenderingRule(function="Contour", arguments=rule))
    valid = RNG.random(HILLS.shape) > 0.05
    whole = _ran(rule, valid=valid)
    cut = np.s_[:, 20:80, 15:100]
    part = _ran(rule, np.ascontiguousarray(HILLS[cut]), np.ascontiguousarray(valid[cut]))
    inner = np.s_[:, padding:-padding, padding:-padding]
    np.testing.assert_array_equal(part.valid[inner], whole.valid[cut][inner])
    shown = part.valid[inner]
    np.testing.assert_array_equal(part.data[inner][shown], whole.data[cut][inner][shown])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (ContourRule(contour_type=3), "ContourType"),
        (ContourRule(contour_interval=-1.0), "ContourInterval"),
        (ContourRule(contour_interval=0.0), "NumberOfContours"),
        (ContourRule(sigma_gaussian=50.0), "SigmaGaussian"),
        (ContourRule(nth_contour_line_in_bold=-2), "NthContourLineInBold"),
        (ContourRule(z_base=float("nan")), "ZBase"),
        (ContourRule(z_factor=float("nan")), "ZFactor"),
    ],
)
def test_what_cannot_be_is_named(rule: ContourRule, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran(rule)
