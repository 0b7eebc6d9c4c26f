"""Statistics know whether anything was counted; engine.summary hands the records on."""

from __future__ import annotations

from engine import summary
from engine.band_statistics import BandStatistics, Histogram


def test_statistics_of_nothing_are_empty_and_those_of_zeros_are_not() -> None:
    assert BandStatistics(min=0, max=0, mean=0, std=0).is_empty
    assert not BandStatistics(min=0, max=0, mean=0, std=0, count=3).is_empty
    assert not BandStatistics(min=0, max=1, mean=0, std=0).is_empty


def test_the_head_of_a_service_uses_these_records() -> None:
    assert summary.BandStatistics is BandStatistics
    assert summary.Histogram is Histogram
