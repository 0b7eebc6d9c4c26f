"""The CellStatistics function: statistics of several rasters at each pixel.

References
----------
ArcGIS API for Python, arcgis.raster.functions.gbl: cell_statistics; operations are those of Local.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.function_rules import CellStatisticsRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.local import bind_local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.functions.pointwise import PointwiseFunction
    from engine.functions.sorted_statistics import SortedStatistic
    from engine.request_parts import RenderingRule

STATISTICS = (38, 39, 40, 41, 42, 43, 47, 54, 55, 58, *range(66, 76), 93, 94)


class CellStatistics(EachPixel, OfSeveral["PointwiseFunction | SortedStatistic"]):
    """The raster function; rasters have the same count of bands, or one."""

    def bind_inputs(
        self, infos: Sequence[BandsInfo], rule: RenderingRule
    ) -> PointwiseFunction | SortedStatistic:
        """Check the operation against the rasters.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, CellStatisticsRule)
        if arguments.operation not in STATISTICS:
            accepted = ", ".join(map(str, STATISTICS))
            raise InvalidParameter("Operation", arguments.operation, f"one of {accepted}")
        return bind_local(infos, rule, arguments)
