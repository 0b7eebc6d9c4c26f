"""Arguments of functions that look at each pixel's neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class StatisticsRule(FunctionRule, tag="Statistics", frozen=True, kw_only=True):
    """Arguments of the Statistics function.

    Attributes
    ----------
    kind : int
        1 least, 2 largest, 3 mean, 4 standard deviation, 5 median, 6 most frequent, 7 least frequent.
    kernel_columns, kernel_rows : int
        Of the neighbourhood; of even sizes the pixel after its middle lies on the pixel.
    fill_no_data_only : bool
        Pixels with data stay as they are.
    """

    kind: int = 3
    kernel_columns: int = 3
    kernel_rows: int = 3
    fill_no_data_only: bool = False

    esri_names: ClassVar[Mapping[str, str]] = {"kind": "Type"}
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "kind": {
            "min": 1,
            "minimum": 1,
            "max": 2,
            "maximum": 2,
            "mean": 3,
            "stddev": 4,
            "standarddeviation": 4,
            "median": 5,
            "majority": 6,
            "minority": 7,
        }
    }


class InterpolateIrregularDataRule(
    FunctionRule, tag="InterpolateIrregularData", frozen=True, kw_only=True
):
    """Arguments of the InterpolateIrregularData function: pixels with data are the points.

    Attributes
    ----------
    interpolation_method : int
        0 the nearest point, 2 linear between points, 4 weighed by inverse distances.
    radius : float
        Pixels up to which points count.
    """

    interpolation_method: int = 0
    radius: float = 3.0

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "interpolation_method": {
            "nearestneighbor": 0,
            "lineartinning": 2,
            "linear": 2,
            "inversedistanceweighted": 4,
            "idw": 4,
        }
    }
