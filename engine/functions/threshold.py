"""The Threshold function: 1 above the value that parts the histogram best, 0 below; band by band.

References
----------
Otsu, N. (1979), A threshold selection method from gray-level histograms, IEEE Transactions on Systems, Man, and
Cybernetics 9(1), 62–66. ArcGIS REST API, raster function objects: Threshold (ThresholdType).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ThresholdRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule
    from engine.summary import Histogram

_OTSU = 1


class Threshold(EachPixel):
    """The raster function; output is U8 unless the rule names a type."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Find the threshold of each band, by the histograms of the whole service.

        Raises
        ------
        InvalidParameter
            Also where there are no histograms.
        """
        arguments = arguments_of(rule, ThresholdRule)
        if arguments.threshold_type != _OTSU:
            raise InvalidParameter("ThresholdType", arguments.threshold_type, "1 (Otsu)")
        if len(info.histograms) != info.bands:
            raise InvalidParameter("Raster", "without histograms", "rasters with statistics")
        expressions = tuple(
            call("gt", Sample(0, band), otsu(histogram))
            for band, histogram in enumerate(info.histograms)
        )
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, info.bands, names=info.names)
        return PointwiseFunction(output, expressions)


def otsu(histogram: Histogram) -> float:
    """Return the value that parts a histogram so that the variance between the parts is largest."""
    counts = np.asarray(histogram.counts, np.float64)
    edges = np.linspace(histogram.min, histogram.max, counts.size + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * middles)
    with np.errstate(all="ignore"):
        gap = sums / below - (sums[-1] - sums) / above
        between = below * above * gap * gap
    between[~np.isfinite(between)] = -1.0
    best = np.flatnonzero(between == between.max())
    # Of several equally good ones, as in an empty valley, the middle.
    return float(edges[1:][best].mean())
