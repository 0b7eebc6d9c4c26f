"""Stretch: the cuts of each type, gamma, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import StretchRule
from engine.functions.band_stretch import BandStretch
from engine.functions.base import BandsInfo
from engine.functions.stretch import Stretch, percent_cut, stretches_of
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import BandStatistics, Histogram

STATISTICS = BandStatistics(min=10, max=1010, mean=300, std=100, count=1000)
INFO = BandsInfo(
    PixelType.U16, 1, (STATISTICS,), (Histogram(min=10, max=1010, counts=(10,) * 100),)
)


def cut(rule: StretchRule, info: BandsInfo = INFO) -> tuple[float, float]:
    (stretch,) = stretches_of(rule, info)
    return stretch.lo, stretch.hi


def test_no_stretch_spans_the_type() -> None:
    assert cut(StretchRule(stretch_type=0)) == (0, 65535)


def test_min_max_spans_the_statistics() -> None:
    assert cut(StretchRule(stretch_type=5)) == (10, 1010)


@pytest.mark.parametrize(("n", "wanted"), [(2.0, (100, 500)), (5.0, (10, 800)), (9.0, (10, 1010))])
def test_standard_deviations_end_at_the_statistics(n: float, wanted: tuple[float, float]) -> None:
    assert cut(StretchRule(stretch_type=3, standard_deviations=n)) == wanted


def test_percent_clip_cuts_both_tails() -> None:
    rule = StretchRule(stretch_type=6, min_percent=2, max_percent=5)
    assert cut(rule) == pytest.approx((30, 960))


def test_percent_clip_without_a_histogram_is_min_max() -> None:
    rule = StretchRule(stretch_type=6, min_percent=2, max_percent=5)
    assert cut(rule, BandsInfo(PixelType.U16, 1, (STATISTICS,))) == (10, 1010)


@pytest.mark.parametrize("kind", [3, 5, 6])
def test_without_statistics_the_type_decides(kind: int) -> None:
    rule = StretchRule(stretch_type=kind)
    assert cut(rule, BandsInfo(PixelType.S16, 1)) == (-32768, 32767)
    assert cut(rule, BandsInfo(PixelType.F32, 1)) == (0, 255)


def test_statistics_of_the_request_stand_over_those_of_the_service() -> None:
    rule = StretchRule(stretch_type=5, statistics=((1, 2, 1.5, 0.1), (3, 4, 3.5, 0.1)))
    info = BandsInfo(PixelType.U16, 3, (STATISTICS,) * 3)
    cuts = [(stretch.lo, stretch.hi) for stretch in stretches_of(rule, info)]
    assert cuts == [(1, 2), (3, 4), (10, 1010)]


def test_a_single_statistic_and_gamma_count_for_all_bands() -> None:
    rule = StretchRule(stretch_type=5, statistics=((1, 2, 1.5, 0.1),), gamma=(0.5,))
    stretches = stretches_of(rule, BandsInfo(PixelType.U16, 2, (STATISTICS,) * 2))
    assert {(s.lo, s.hi, s.gamma) for s in stretches} == {(1, 2, 0.5)}


def test_a_constant_band_becomes_middle_grey() -> None:
    same = BandStatistics(min=7, max=7, mean=7, std=0)
    (stretch,) = stretches_of(StretchRule(stretch_type=5), BandsInfo(PixelType.U16, 1, (same,)))
    assert stretch.values(np.array([7.0])).tolist() == [127.5]


def test_a_cut_inside_one_bin_still_parts_that_value_from_the_rest() -> None:
    counts = Histogram(min=-0.5, max=255.5, counts=(999, 1, *(0,) * 254))
    statistics = BandStatistics(min=0, max=1, mean=0.001, std=0.03)
    rule = StretchRule(stretch_type=6, min_percent=2, max_percent=2)
    low, high = cut(rule, BandsInfo(PixelType.U8, 1, (statistics,), (counts,)))
    assert low == 0
    assert 0 < high < 1


@pytest.mark.parametrize("low", [0.0, 0.5, 2.0, 50.0])
@pytest.mark.parametrize("high", [0.0, 1.0, 30.0])
def test_percent_cuts_agree_with_percentiles_of_the_samples(low: float, high: float) -> None:
    samples = np.random.default_rng(4).gamma(3.0, 100.0, 200_000)
    counts, edges = np.histogram(samples, 4000)
    histogram = Histogram(min=edges[0], max=edges[-1], counts=tuple(counts.tolist()))
    wanted = np.percentile(samples, [low, 100 - high])
    assert percent_cut(histogram, low, high) == pytest.approx(wanted, abs=2 * (edges[1] - edges[0]))


def test_an_empty_histogram_gives_its_ends() -> None:
    assert percent_cut(Histogram(min=3, max=9, counts=(0, 0)), 2, 2) == (3, 9)


def test_values_are_linear_between_the_cuts_and_clamped_beyond() -> None:
    stretch = BandStretch(100, 200, 10, 20)
    assert stretch.values(np.array([0.0, 100, 150, 200, 999])).tolist() == [10, 10, 15, 20, 20]


@pytest.mark.parametrize("gamma", [0.3, 0.5, 1.0, 1.2, 1.9, 2.0, 2.2, 5.0])
def test_gamma_follows_the_formula_of_the_reference(gamma: float) -> None:
    stretch = BandStretch(0, 1000, gamma=gamma)
    for value in (0, 1, 40, 500, 999, 1000):
        share = value / 1000
        factor = 1.0
        if gamma > 2:
            factor = 1 - (1 / 255) ** (share * (6.5 + (gamma - 2) ** 2.5))
        elif gamma > 1:
            factor = 1 - (1 / 255) ** (share * (6.5 + 100 * (2 - gamma) ** 4))
        wanted = factor * 255 * math.pow(share, 1 / gamma)
        assert stretch.values(np.array([float(value)]))[0] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (StretchRule(stretch_type=2), "StretchType"),
        (StretchRule(stretch_type=10), "StretchType"),
        (StretchRule(stretch_type=6, min_percent=60, max_percent=40), "MinPercent"),
        (StretchRule(stretch_type=6, min_percent=-1), "MinPercent"),
        (StretchRule(stretch_type=6, min_percent=float("nan")), "MinPercent"),
        (StretchRule(gamma=(1.0, 0.0)), "Gamma"),
        (StretchRule(gamma=(float("inf"),)), "Gamma"),
        (StretchRule(stretch_type=3, standard_deviations=0), "NumberOfStandardDeviations"),
        (StretchRule(out_min=9, out_max=3), "Min, Max"),
        (StretchRule(out_min=float("nan")), "Min, Max"),
        (StretchRule(stretch_type=9, sigmoid_strength_level=7), "SigmoidStrengthLevel"),
        (StretchRule(stretch_type=9, sigmoid_strength_level=0), "SigmoidStrengthLevel"),
        (StretchRule(stretch_type=8), "Histograms"),
        (StretchRule(histograms=(Histogram(min=2, max=1, counts=(1,)),)), "Histograms"),
        (StretchRule(histograms=(Histogram(min=0, max=math.nan, counts=(1,)),)), "Histograms"),
        (StretchRule(histograms=(Histogram(min=0, max=1, counts=(-1,)),)), "Histograms"),
    ],
)
def test_arguments_that_cannot_be_are_refused_by_name(rule: StretchRule, name: str) -> None:
    with pytest.raises(InvalidParameter, match=name):
        stretches_of(rule, INFO)


def test_as_a_function_it_returns_the_asked_type() -> None:
    rule = RenderingRule(
        function="Stretch",
        arguments=StretchRule(stretch_type=5, out_min=0, out_max=1),
        output_pixel_type=PixelType.F32,
    )
    bound = Stretch().bind(INFO, rule)
    block = PixelBlock(np.array([[[10, 510, 1010, 5000]]], np.uint16), np.ones((1, 1, 4), np.bool_))
    assert bound.output.pixel_type is PixelType.F32
    assert bound.apply(block).data.tolist() == [[[0, 0.5, 1, 1]]]


def test_dynamic_range_takes_the_cut_from_the_block() -> None:
    rule = RenderingRule(
        function="Stretch", arguments=StretchRule(stretch_type=5, dynamic_range=True)
    )
    bound = Stretch().bind(INFO, rule)
    block = PixelBlock(np.array([[[600, 650, 700]]], np.uint16), np.ones((1, 1, 3), np.bool_))
    assert bound.apply(block).data.tolist() == [[[0, 128, 255]]]
