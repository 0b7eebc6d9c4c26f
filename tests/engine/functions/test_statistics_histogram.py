"""Statistics and histograms that a rule brings stand for what is known of the service."""

from __future__ import annotations

import numpy as np
import pytest

from engine.band_statistics import BandStatistics, Histogram
from engine.errors import InvalidParameter
from engine.function_rules import StatisticsHistogramRule, StretchRule
from engine.function_tree import FunctionTree, function_tree
from engine.functions.base import BandsInfo
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

_INFO = BandsInfo(PixelType.U16, 2, (BandStatistics(min=0, max=9, mean=4, std=1, count=9),) * 2)


def _tree(arguments: StatisticsHistogramRule, *outer: StretchRule) -> FunctionTree:
    rule = RenderingRule(function="StatisticsHistogram", arguments=arguments)
    for each in outer:
        rule = RenderingRule(function="Stretch", arguments=each, inputs=(rule,))
    return function_tree(rule, lambda _: _INFO)


def _run(tree: FunctionTree, data: np.ndarray) -> PixelBlock:
    block = PixelBlock(data, np.ones((1, *data.shape[1:]), np.bool_))
    return tree.run([block], lambda: GroundCells(np.ones((1, 1)), np.ones((1, 1))))


def test_pixels_stay_and_what_follows_takes_the_new_statistics() -> None:
    arguments = StatisticsHistogramRule(statistics=((100, 300, 150, 20), (0, 1000, 5, 2)))
    data = np.array([[[100, 200, 300]], [[0, 500, 1000]]], np.uint16)
    plain = _tree(arguments)
    np.testing.assert_array_equal(_run(plain, data).data, data)
    assert [each.max for each in plain.output.statistics] == [300, 1000]
    stretched = _run(_tree(arguments, StretchRule(stretch_type=5)), data)
    assert stretched.data[:, 0].tolist() == [[0, 128, 255], [0, 128, 255]]


def test_one_entry_is_for_all_bands_and_histograms_are_handed_on() -> None:
    histogram = Histogram(min=-0.5, max=3.5, counts=(4, 0, 0, 4))
    arguments = StatisticsHistogramRule(statistics=((0, 3, 1.5, 1),), histograms=(histogram,))
    assert _tree(arguments).output.histograms == (histogram, histogram)
    data = np.array([[[0, 3]], [[0, 3]]], np.uint16)
    got = _run(_tree(arguments, StretchRule(stretch_type=4)), data)
    assert got.data[:, 0].tolist() == [[128, 255], [128, 255]]


def test_what_is_not_given_stays() -> None:
    assert _tree(StatisticsHistogramRule()).output.statistics == _INFO.statistics


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (StatisticsHistogramRule(statistics=((2, 1, 1, 1),)), "Statistics"),
        (StatisticsHistogramRule(statistics=((0, 1, 1, 1),) * 3), "1 or 2, one per band"),
        (
            StatisticsHistogramRule(histograms=(Histogram(min=2, max=1, counts=(1,)),)),
            "Histograms",
        ),
        (StatisticsHistogramRule(histograms=(Histogram(min=0, max=1, counts=()),)), "Histograms"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments: StatisticsHistogramRule, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        _tree(arguments)
