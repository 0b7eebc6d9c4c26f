"""Stretches that follow a histogram, against scipy, numpy and the definitions written out."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from engine.function_rules import StretchRule
from engine.function_tree import function_tree
from engine.functions.band_stretch import BandStretch
from engine.functions.base import BandsInfo
from engine.functions.picture import bind_picture, to_rgbv
from engine.functions.stretch import stretches_of
from engine.functions.stretch_curves import mean_gamma, sigmoid, statistics_from
from engine.functions.view_statistics import histograms_of, statistics_of
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import Histogram
from tests.engine.functions.test_picture import service

_TYPES = [PixelType.U8, PixelType.U16, PixelType.S16, PixelType.F32]


def _skewed(kind: PixelType) -> PixelBlock:
    """Many dark pixels and few bright ones."""
    samples = np.random.default_rng(5).gamma(2.0, 18.0, (1, 90, 110))
    data = np.minimum(
        samples * (1 if kind is PixelType.U8 else 9), 255 if kind is PixelType.U8 else 9e9
    )
    return PixelBlock(data.astype(kind.dtype_name), np.ones((1, 90, 110), np.bool_))


def _info(block: PixelBlock, kind: PixelType) -> BandsInfo:
    return BandsInfo(kind, block.bands, statistics_of(block), histograms_of(block))


def _ran(arguments: StretchRule, block: PixelBlock, kind: PixelType) -> np.ndarray:
    rule = RenderingRule(function="Stretch", arguments=arguments, output_pixel_type=PixelType.F64)
    info = _info(block, kind)
    one = GroundCells(np.ones((1, 1)), np.ones((1, 1)))
    got = function_tree(rule, lambda _: info).run([block], lambda: one)
    assert got.valid.all()
    return np.asarray(got.data[0])


@pytest.mark.parametrize("kind", _TYPES)
def test_equalization_gives_each_value_the_share_of_those_not_above_it(kind: PixelType) -> None:
    block = _skewed(kind)
    got = _ran(StretchRule(stretch_type=4), block, kind)
    ranks = stats.rankdata(block.data[0], method="max").reshape(got.shape) / got.size
    # Floats: within a bin of the histogram samples count as evenly spread.
    assert np.abs(got - ranks * 255).max() < (1e-6 if kind is not PixelType.F32 else 1.0)
    counts, _ = np.histogram(got, bins=8, range=(0, 255))
    assert counts.min() > 0.8 * counts.mean()


@pytest.mark.parametrize("kind", _TYPES)
def test_gaussian_gives_a_normal_distribution_cut_at_three_deviations(kind: PixelType) -> None:
    block = _skewed(kind)
    got = _ran(StretchRule(stretch_type=7), block, kind)
    values, place, counts = np.unique(block.data[0], return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    scores = np.array([NormalDist().inv_cdf(share) for share in middle])
    wanted = (np.clip(scores / 6 + 0.5, 0, 1) * 255)[place].reshape(got.shape)
    tail = np.abs(wanted - 127.5) < 110
    assert np.abs(got - wanted)[tail].max() < (1e-6 if kind is not PixelType.F32 else 3.0)
    assert values.size > 100
    assert got.mean() == pytest.approx(127.5, abs=2)
    assert got.std() == pytest.approx(255 / 6, rel=0.05)


def test_specification_gives_the_histogram_that_is_asked_for() -> None:
    block = _skewed(PixelType.U16)
    wanted = np.random.default_rng(6).normal(180, 20, 400_000)
    counts, edges = np.histogram(np.clip(wanted, 0, 255), bins=256, range=(0, 255))
    target = Histogram(min=float(edges[0]), max=float(edges[-1]), counts=tuple(counts.tolist()))
    got = _ran(StretchRule(stretch_type=8, histograms=(target,)), block, PixelType.U16)
    shares = (5, 25, 50, 75, 95)
    assert np.percentile(got, shares) == pytest.approx(np.percentile(wanted, shares), abs=1.0)


def test_specification_leaves_out_empty_bins_of_the_target() -> None:
    block = PixelBlock(np.array([[[1, 2, 3, 4]]], np.uint8), np.ones((1, 1, 4), np.bool_))
    target = Histogram(min=-0.5, max=255.5, counts=(*(0,) * 100, 2, *(0,) * 99, 2, *(0,) * 55))
    got = _ran(StretchRule(stretch_type=8, histograms=(target,)), block, PixelType.U8)
    assert np.rint(got * 256 / 255 - 0.5).astype(int).tolist()[0] == [100, 100, 200, 200]


@pytest.mark.parametrize("level", range(1, 7))
def test_sigmoids_rise_from_end_to_end_and_are_steepest_at_the_mean(level: int) -> None:
    at = np.linspace(0, 1, 1025)
    curve = np.array(sigmoid(level, 0.3))
    slope = 2 + 2 * level
    logistic = np.tanh((at - 0.3) * slope / 2)
    wanted = (logistic - logistic[0]) / (logistic[-1] - logistic[0])
    np.testing.assert_allclose(curve, wanted, atol=1e-12)
    assert at[np.argmax(np.diff(curve))] == pytest.approx(0.3, abs=0.01)


def test_higher_levels_are_stronger() -> None:
    block = _skewed(PixelType.U16)
    spread = [
        _ran(StretchRule(stretch_type=9, sigmoid_strength_level=level), block, PixelType.U16).std()
        for level in range(1, 7)
    ]
    assert spread == sorted(spread)


@pytest.mark.parametrize("kind", [3, 4, 5, 6, 7, 9])
def test_without_a_histogram_statistics_decide_and_without_those_the_type(kind: int) -> None:
    block = _skewed(PixelType.U16)
    known = statistics_of(block)
    (bare,) = stretches_of(StretchRule(stretch_type=kind), BandsInfo(PixelType.U16, 1))
    assert (bare.lo, bare.hi, bare.shape) == (0, 65535, ())
    (found,) = stretches_of(StretchRule(stretch_type=kind), BandsInfo(PixelType.U16, 1, known))
    reach = {3: 2.0, 7: 3.0}.get(kind)
    if reach is None:
        assert (found.lo, found.hi) == (known[0].min, known[0].max)
    else:
        assert found.hi == pytest.approx(known[0].mean + reach * known[0].std)


@pytest.mark.parametrize("kind", [4, 6, 7])
def test_histograms_of_the_request_stand_over_those_of_the_service(kind: int) -> None:
    block = _skewed(PixelType.U16)
    rule = StretchRule(
        stretch_type=kind, min_percent=2, max_percent=3, histograms=histograms_of(block)
    )
    other = BandsInfo(
        PixelType.U16, 1, statistics_of(block), (Histogram(min=5, max=9, counts=(1, 2)),)
    )
    plain = StretchRule(stretch_type=kind, min_percent=2, max_percent=3)
    assert stretches_of(rule, other) == stretches_of(plain, _info(block, PixelType.U16))


def test_a_histogram_alone_tells_the_statistics() -> None:
    samples = np.random.default_rng(1).integers(3, 90, 5000)
    counts = np.bincount(samples)
    found = statistics_from(
        Histogram(min=-0.5, max=counts.size - 0.5, counts=tuple(counts.tolist()))
    )
    assert found.mean == pytest.approx(samples.mean())
    assert found.std == pytest.approx(samples.std())
    assert found.count == 5000
    assert statistics_from(Histogram(min=1, max=2, counts=(0,))).count == 0


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8])
def test_a_computed_gamma_brings_the_mean_to_the_middle(share: float) -> None:
    assert share ** (1 / mean_gamma(share)) == pytest.approx(0.5)
    assert mean_gamma(0.0) == mean_gamma(1.0) == 1.0


def test_computed_gammas_lighten_dark_bands_and_stand_over_given_ones() -> None:
    block = _skewed(PixelType.U16)
    info = _info(block, PixelType.U16)
    rule = StretchRule(stretch_type=5, compute_gamma=True, gamma=(0.1,))
    (stretch,) = stretches_of(rule, info)
    assert stretch.gamma > 1
    plain = _ran(StretchRule(stretch_type=5), block, PixelType.U16)
    assert _ran(rule, block, PixelType.U16).mean() > plain.mean() + 20


@pytest.mark.parametrize("pixel_type", _TYPES)
@pytest.mark.parametrize("kind", [0, 3, 4, 5, 6, 7, 8, 9])
def test_pictures_and_trees_stretch_alike(kind: int, pixel_type: PixelType) -> None:
    block = _skewed(pixel_type)
    target = (Histogram(min=0, max=255, counts=(1, 5, 1)),) if kind == 8 else ()
    arguments = StretchRule(stretch_type=kind, gamma=(1.3,), histograms=target, min_percent=1)
    info = _info(block, pixel_type)
    picture = bind_picture(
        service(pixel_type, 1, statistics=info.statistics),
        info.histograms,
        rule=RenderingRule(function="Stretch", arguments=arguments),
    )
    shown = to_rgbv(block, picture).rgba()[:, :, 0].astype(float)
    assert np.abs(shown - _ran(arguments, block, pixel_type)).max() <= 0.75


@pytest.mark.parametrize("pixel_type", _TYPES)
@pytest.mark.parametrize(("kind", "gamma"), [(5, 2.2), (5, 0.4), (9, 1.0), (7, 1.6)])
def test_tables_of_curves_hold_what_arithmetic_gives(
    pixel_type: PixelType, kind: int, gamma: float
) -> None:
    """Covers engine.functions.band_stretch."""
    block = _skewed(pixel_type)
    rule = StretchRule(stretch_type=kind, gamma=(gamma,))
    info = _info(block, pixel_type)
    (stretch,) = stretches_of(rule, info)
    wanted = np.rint(stretch.values(block.data[0].astype(float)))
    one = GroundCells(np.ones((1, 1)), np.ones((1, 1)))
    tree = function_tree(RenderingRule(function="Stretch", arguments=rule), lambda _: info)
    got = tree.run([block], lambda: one).data[0]
    assert got.dtype == np.uint8
    off = np.abs(got - wanted)
    # Floats are taken to one of 65536 steps.
    assert off.max() <= (1 if pixel_type.is_float else 0)
    assert (off > 0).mean() < 0.02


def test_one_value_is_the_middle_whatever_the_stretch() -> None:
    block = PixelBlock(np.full((1, 2, 2), 7, np.uint8), np.ones((1, 2, 2), np.bool_))
    for kind in (4, 5, 7, 9):
        (found,) = stretches_of(StretchRule(stretch_type=kind), _info(block, PixelType.U8))
        assert found == BandStretch(6.5, 7.5)
