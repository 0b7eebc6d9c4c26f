"""The StatisticsHistogram function: pixels as they are, with other statistics and histograms for what follows.

References
----------
ArcGIS Pro, raster functions: Statistics And Histogram.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from engine.band_statistics import BandStatistics
from engine.errors import InvalidParameter
from engine.expressions.tree import Sample
from engine.function_rules import StatisticsHistogramRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

T = TypeVar("T")


class StatisticsHistogram(EachPixel):
    """The raster function; what it does not name stays as it was."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Put what is given in the place of what is known.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, StatisticsHistogramRule)
        for each in arguments.histograms:
            if not each.min <= each.max or not each.counts or min(each.counts) < 0:
                accepted = "a min that is not above the max, and counts of 0 or more"
                raise InvalidParameter("Histograms", (each.min, each.max), accepted)
        output = replace(
            info,
            pixel_type=rule.output_pixel_type or info.pixel_type,
            statistics=_statistics(arguments, info) or info.statistics,
            histograms=_one_a_band("Histograms", arguments.histograms, info) or info.histograms,
        )
        return PointwiseFunction(output, tuple(Sample(0, band) for band in range(info.bands)))


def _statistics(arguments: StatisticsHistogramRule, info: BandsInfo) -> tuple[BandStatistics, ...]:
    found = []
    for low, high, mean, std in arguments.statistics:
        if not low <= high:
            raise InvalidParameter("Statistics", (low, high), "a min that is not above the max")
        found.append(BandStatistics(min=low, max=high, mean=mean, std=std, count=1))
    return _one_a_band("Statistics", tuple(found), info)


def _one_a_band(name: str, given: tuple[T, ...], info: BandsInfo) -> tuple[T, ...]:
    if len(given) not in (0, 1, info.bands):
        raise InvalidParameter(name, f"{len(given)} entries", f"1 or {info.bands}, one per band")
    return given * info.bands if len(given) == 1 else given
