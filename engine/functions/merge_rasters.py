"""The MergeRasters function: each pixel of the first of several rasters that has data there.

References
----------
ArcGIS Pro, raster functions: Merge Rasters; rasters of one service lie on the same pixels here.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import TYPE_CHECKING, cast

from engine.expressions.tree import Sample, call
from engine.functions.base import BandsInfo, EachPixel, OfSeveral
from engine.functions.composite_band import common_type
from engine.functions.local import common_bands
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule


class MergeRasters(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; rasters have the same count of bands, or one."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Check that the rasters go together.

        Raises
        ------
        InvalidParameter
        """
        bands = common_bands(infos)
        merged = []
        for band in range(bands):
            first, *others = (
                Sample(n, band if info.bands > 1 else 0) for n, info in enumerate(infos)
            )
            merged.append(reduce(partial(call, "or_else"), others, cast("Expression", first)))
        output = BandsInfo(
            rule.output_pixel_type or common_type(infos),
            bands,
            is_thematic=all(info.is_thematic for info in infos),
        )
        return PointwiseFunction(output, tuple(merged))
