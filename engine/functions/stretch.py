"""The Stretch function: a cut of each band's range, a gamma curve, an output range.

References
----------
ArcGIS REST API, raster function objects: Stretch (StretchType 0 none, 3 standard deviation, 4 histogram
equalization, 5 min-max, 6 percent clip, 7 gaussian, 8 histogram specification, 9 sigmoid;
NumberOfStandardDeviations, MinPercent, MaxPercent, Min, Max, Gamma, ComputeGamma, Statistics, Histograms,
DRA, SigmoidStrengthLevel).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.evaluate import expression_pass
from engine.expressions.tree import Sample
from engine.function_rules import StretchRule
from engine.functions.band_stretch import BandStretch, stretch_expression
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.functions.stretch_curves import (
    equalized,
    gaussian,
    mean_gamma,
    sigmoid,
    specified,
    statistics_from,
)
from engine.functions.view_statistics import histograms_of, statistics_of
from engine.pixel_type import PixelType
from engine.summary import BandStatistics

if TYPE_CHECKING:
    from engine.expressions.tree import Expression
    from engine.functions.stretch_curves import Curve
    from engine.pixels import PixelBlock
    from engine.request_parts import RenderingRule
    from engine.summary import Histogram

NONE = 0
STANDARD_DEVIATION = 3
EQUALIZATION = 4
MIN_MAX = 5
PERCENT_CLIP = 6
GAUSSIAN = 7
SPECIFICATION = 8
SIGMOID = 9
_KNOWN = {
    NONE: "none",
    STANDARD_DEVIATION: "standard deviation",
    EQUALIZATION: "histogram equalization",
    MIN_MAX: "min-max",
    PERCENT_CLIP: "percent clip",
    GAUSSIAN: "gaussian",
    SPECIFICATION: "histogram specification",
    SIGMOID: "sigmoid",
}
_BY_HISTOGRAM = (EQUALIZATION, GAUSSIAN, SPECIFICATION)
_WITH_HISTOGRAM = (PERCENT_CLIP, *_BY_HISTOGRAM)
_MOST_STRENGTH = 6


def percent_cut(
    histogram: Histogram, min_percent: float, max_percent: float
) -> tuple[float, float]:
    """Return the values below and above which the given percentages of the samples lie.

    Within a bin samples count as spread evenly. An empty histogram gives its own ends.
    """
    counts = np.asarray(histogram.counts, np.float64)
    edges = np.linspace(histogram.min, histogram.max, counts.size + 1)
    total = counts.sum()
    if total <= 0:
        return histogram.min, histogram.max
    below = np.concatenate(([0.0], np.cumsum(counts))) / total
    low, high = min_percent / 100, 1 - max_percent / 100
    first = int(np.searchsorted(below, low, side="right")) - 1
    last = int(np.searchsorted(below, high, side="left"))
    lo = edges[first] + (low - below[first]) / (below[first + 1] - below[first]) * (
        edges[first + 1] - edges[first]
    )
    hi = edges[last - 1] + (high - below[last - 1]) / (below[last] - below[last - 1]) * (
        edges[last] - edges[last - 1]
    )
    return float(lo), float(hi)


def _type_range(pixel_type: PixelType) -> tuple[float, float]:
    # Floats have no range of their own; 0 to 255 leaves 8-bit values as they are.
    return (0.0, 255.0) if pixel_type.is_float else pixel_type.limits


def _statistics(rule: StretchRule, info: BandsInfo, band: int) -> BandStatistics | None:
    """Return the request's own statistics of a band, else those of its histogram, else the service's."""
    given = rule.statistics
    if given and (len(given) == 1 or band < len(given)):
        low, high, mean, std = given[band if len(given) > 1 else 0]
        return BandStatistics(min=low, max=high, mean=mean, std=std)
    if rule.stretch_type != SPECIFICATION:
        histogram = _of_band(rule.histograms, band)
        if histogram is not None:
            return statistics_from(histogram)
    own = info.statistics[band] if band < len(info.statistics) else None
    return None if own is None or own.is_empty else own


def _of_band(histograms: tuple[Histogram, ...], band: int) -> Histogram | None:
    """Return the entry of a band of what a request brings, which may be one for all."""
    if len(histograms) == 1:
        return histograms[0]
    return histograms[band] if band < len(histograms) else None


def _histogram(rule: StretchRule, info: BandsInfo, band: int) -> Histogram | None:
    """Return the histogram of a band: the request's own, else the service's; None = not known."""
    found = None if rule.stretch_type == SPECIFICATION else _of_band(rule.histograms, band)
    if found is None and band < len(info.histograms):
        found = info.histograms[band]
    return found if found is not None and sum(found.counts) > 0 else None


def _cut(rule: StretchRule, info: BandsInfo, band: int) -> tuple[float, float]:
    statistics = _statistics(rule, info, band)
    if rule.stretch_type == NONE or statistics is None:
        return _type_range(info.pixel_type)
    histogram = _histogram(rule, info, band)
    if rule.stretch_type == STANDARD_DEVIATION:
        reach = rule.standard_deviations * statistics.std
        return max(statistics.min, statistics.mean - reach), min(
            statistics.max, statistics.mean + reach
        )
    if rule.stretch_type == PERCENT_CLIP and histogram is not None:
        low, high = percent_cut(histogram, rule.min_percent, rule.max_percent)
        # Bins reach half a step beyond the samples in them.
        low, high = max(low, statistics.min), min(high, statistics.max)
        if low < high:
            return low, high
    if rule.stretch_type == GAUSSIAN and histogram is None and statistics.std > 0:
        # As if the band had a normal distribution already.
        return statistics.mean - 3 * statistics.std, statistics.mean + 3 * statistics.std
    return statistics.min, statistics.max


def _band_stretch(rule: StretchRule, info: BandsInfo, band: int) -> BandStretch:
    low, high = _cut(rule, info, band)
    if not low < high:
        low, high = _around(low)
        return BandStretch(low, high, rule.out_min, rule.out_max, _gamma(rule, band))
    low, high, shape = _shape(rule, info, band, (low, high))
    gamma = _gamma(rule, band)
    if rule.compute_gamma:
        gamma = _mean_gamma(
            _statistics(rule, info, band), BandStretch(low, high, 0.0, 1.0, shape=shape)
        )
    return BandStretch(low, high, rule.out_min, rule.out_max, gamma, shape)


def _around(value: float) -> tuple[float, float]:
    """Return the ends of a cut that makes one value the middle of the output range."""
    half = max(0.5, abs(value) * 1e-9)
    return value - half, value + half


def _gamma(rule: StretchRule, band: int) -> float:
    gammas = rule.gamma
    if len(gammas) == 1:
        return gammas[0]
    return gammas[band] if band < len(gammas) else 1.0


def _mean_gamma(statistics: BandStatistics | None, stretch: BandStretch) -> float:
    """Return the gamma that brings the band's mean to the middle of the output."""
    if statistics is None:
        return 1.0
    return mean_gamma(float(stretch.values(np.array([statistics.mean]))[0]))


def _shape(
    rule: StretchRule, info: BandsInfo, band: int, cut: tuple[float, float]
) -> tuple[float, float, Curve]:
    """Return the ends of a band's curve and the curve; () = a straight line."""
    low, high = cut
    kind = rule.stretch_type
    statistics = _statistics(rule, info, band)
    if kind == SIGMOID and statistics is not None:
        middle = (statistics.mean - low) / (high - low)
        return low, high, sigmoid(rule.sigmoid_strength_level, middle)
    histogram = _histogram(rule, info, band)
    if kind not in _BY_HISTOGRAM or histogram is None:
        return low, high, ()
    whole = not info.pixel_type.is_float
    low, high = histogram.min, histogram.max
    if whole:
        low, high = math.ceil(low), max(math.floor(high), math.ceil(low) + 1)
    elif not low < high:
        low, high = _around(low)
    if kind == EQUALIZATION:
        return low, high, equalized(histogram, low, high, whole=whole)
    if kind == GAUSSIAN:
        return low, high, gaussian(histogram, low, high, whole=whole)
    target = _of_band(rule.histograms, band) or rule.histograms[-1]
    return low, high, specified(histogram, target, low, high, whole=whole)


def check_stretch(rule: StretchRule) -> None:
    """Refuse arguments that no stretch can have.

    Raises
    ------
    InvalidParameter
    """
    if rule.stretch_type not in _KNOWN:
        known = ", ".join(f"{number} ({word})" for number, word in _KNOWN.items())
        raise InvalidParameter("StretchType", rule.stretch_type, f"one of {known}")
    percents = (rule.min_percent, rule.max_percent)
    if not (min(percents) >= 0 and sum(percents) < 100):
        raise InvalidParameter(
            "MinPercent, MaxPercent",
            percents,
            "percentages of 0 or more that sum up to less than 100",
        )
    if not all(0 < gamma < math.inf for gamma in rule.gamma):
        raise InvalidParameter("Gamma", rule.gamma, "finite numbers above 0")
    if not 0 < rule.standard_deviations < math.inf:
        raise InvalidParameter(
            "NumberOfStandardDeviations", rule.standard_deviations, "a finite number above 0"
        )
    if not rule.out_min <= rule.out_max:
        raise InvalidParameter("Min, Max", (rule.out_min, rule.out_max), "Min not above Max")
    if not 1 <= rule.sigmoid_strength_level <= _MOST_STRENGTH:
        accepted = f"a whole number from 1 to {_MOST_STRENGTH}"
        raise InvalidParameter("SigmoidStrengthLevel", rule.sigmoid_strength_level, accepted)
    _check_histograms(rule)


def _check_histograms(rule: StretchRule) -> None:
    for each in rule.histograms:
        if not (math.isfinite(each.min) and math.isfinite(each.max) and each.min <= each.max):
            raise InvalidParameter(
                "Histograms", (each.min, each.max), "a min that is not above the max"
            )
        if not each.counts or min(each.counts) < 0:
            raise InvalidParameter("Histograms", "counts", "counts of 0 or more, at least one")
    if rule.stretch_type == SPECIFICATION and not any(sum(e.counts) for e in rule.histograms):
        accepted = "for StretchType 8 the histograms that the result shall have"
        raise InvalidParameter("Histograms", "none", accepted)


def stretches_of(rule: StretchRule, info: BandsInfo) -> tuple[BandStretch, ...]:
    """Return the stretch of each band.

    Raises
    ------
    InvalidParameter
    """
    check_stretch(rule)
    return tuple(_band_stretch(rule, info, band) for band in range(info.bands))


def view_stretches(
    rule: StretchRule, block: PixelBlock, pixel_type: PixelType
) -> tuple[BandStretch, ...]:
    """Return the stretch of each band by the statistics of these pixels alone (dynamic range)."""
    # Those that the request brings are of other pixels, but for the histogram that it wants to see.
    wanted = rule.histograms if rule.stretch_type == SPECIFICATION else ()
    rule = msgspec.structs.replace(rule, statistics=(), histograms=wanted)
    histograms = histograms_of(block) if rule.stretch_type in _WITH_HISTOGRAM else ()
    info = BandsInfo(pixel_type, block.bands, statistics_of(block), histograms)
    return stretches_of(rule, info)


@dataclass(frozen=True, slots=True)
class DynamicStretch:
    """Stretch with its cuts taken from each block."""

    output: BandsInfo
    input_type: PixelType
    rule: StretchRule

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the stretched samples in the output type; NaN is invalid in integer output."""
        stretches = view_stretches(self.rule, block, self.input_type)
        # Numbers are parameters of the pass: it is compiled once for all views.
        kinds = (self.input_type, self.output.pixel_type)
        return expression_pass(_expressions(stretches, kinds), kinds[1]).run([block])


class Stretch(EachPixel):
    """The raster function; output is U8 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction | DynamicStretch:
        """Settle the cut of each band.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, StretchRule)
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, info.bands, names=info.names)
        stretches = stretches_of(arguments, info)
        if arguments.dynamic_range:
            return DynamicStretch(output, info.pixel_type, arguments)
        kinds = (info.pixel_type, output.pixel_type)
        return PointwiseFunction(output, _expressions(stretches, kinds))


def _expressions(
    stretches: tuple[BandStretch, ...], kinds: tuple[PixelType, PixelType]
) -> tuple[Expression, ...]:
    return tuple(
        stretch_expression(Sample(0, band), stretch, kinds)
        for band, stretch in enumerate(stretches)
    )
