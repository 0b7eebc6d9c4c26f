"""The Local function: an operation pixel by pixel on one raster, two or many.

References
----------
ArcGIS REST API, raster function objects: Local (Operation, ProcessAsMultiband, PercentileValue,
PercentileInterpolationType). The operators of ArcGIS API for Python's rasters are this function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample
from engine.function_rules import LocalRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of
from engine.functions.composite_band import common_type
from engine.functions.local_operations import LOCAL_OPERATIONS, MEDIAN, result_type
from engine.functions.pointwise import PointwiseFunction
from engine.functions.sorted_statistics import SortedStatistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.function_rules import CellStatisticsRule
    from engine.functions.local_operations import LocalOperation
    from engine.request_parts import RenderingRule

_INTERPOLATIONS = ("AUTO_DETECT", "NEAREST", "LINEAR")


class Local(EachPixel, OfSeveral["PointwiseFunction | SortedStatistic"]):
    """The raster function; rasters have the same count of bands, or one."""

    def bind_inputs(
        self, infos: Sequence[BandsInfo], rule: RenderingRule
    ) -> PointwiseFunction | SortedStatistic:
        """Check the operation against the rasters.

        Raises
        ------
        InvalidParameter
        """
        return bind_local(infos, rule, arguments_of(rule, LocalRule))


def bind_local(
    infos: Sequence[BandsInfo], rule: RenderingRule, arguments: LocalRule | CellStatisticsRule
) -> PointwiseFunction | SortedStatistic:
    """Return an operation on rasters ready for use.

    Raises
    ------
    InvalidParameter
    """
    operation = LOCAL_OPERATIONS.get(arguments.operation)
    if operation is None:
        raise InvalidParameter("Operation", arguments.operation, "Esri's number of an operation")
    is_list = not arguments.process_as_multiband and operation.most > 3
    bands = 1 if is_list else common_bands(infos)
    count = sum(info.bands for info in infos) if is_list else len(infos)
    if not operation.least <= count <= operation.most:
        accepted = f"{operation.least}" + (f" to {operation.most}" if operation.most > 3 else "")
        raise InvalidParameter("Rasters", f"{count} for {operation.name}", f"{accepted} rasters")
    common = common_type(infos)
    output = BandsInfo(rule.output_pixel_type or result_type(operation, common), bands)
    if operation.build is None:
        return _sorted(operation, output, arguments)
    expressions = []
    for band in range(bands):
        if is_list:
            samples = [
                Sample(place, own) for place, info in enumerate(infos) for own in range(info.bands)
            ]
        else:
            samples = [Sample(n, band if info.bands > 1 else 0) for n, info in enumerate(infos)]
        expressions.append(operation.build(samples))
    return PointwiseFunction(output, tuple(expressions))


def common_bands(infos: Sequence[BandsInfo]) -> int:
    """Return the count of bands of the result of rasters that go together band by band.

    Raises
    ------
    InvalidParameter
        They have neither the same count nor one.
    """
    counts = {info.bands for info in infos} - {1}
    if len(counts) > 1:
        found = " and ".join(str(info.bands) for info in infos)
        raise InvalidParameter(
            "Rasters", f"{found} bands", "rasters of the same count of bands, or 1"
        )
    return counts.pop() if counts else 1


def _sorted(
    operation: LocalOperation, output: BandsInfo, arguments: LocalRule | CellStatisticsRule
) -> SortedStatistic:
    word = arguments.percentile_interpolation_type.upper()
    if word not in _INTERPOLATIONS:
        accepted = ", ".join(_INTERPOLATIONS)
        raise InvalidParameter("PercentileInterpolationType", word, f"one of {accepted}")
    if not 0 <= arguments.percentile_value <= 100:
        raise InvalidParameter("PercentileValue", arguments.percentile_value, "0 to 100")
    share = 0.5 if operation.name == MEDIAN else arguments.percentile_value / 100
    # Of whole numbers one that is there, of floating point what lies between.
    is_linear = word == "LINEAR" or (word == "AUTO_DETECT" and output.pixel_type.is_float)
    return SortedStatistic(
        output,
        operation.name,
        share,
        is_linear,
        operation.ignores_no_data,
        arguments.process_as_multiband,
    )
