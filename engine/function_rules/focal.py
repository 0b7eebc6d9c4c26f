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
    second_names: ClassVar[Mapping[str, str]] = {
        "kernel_columns": "Columns",
        "kernel_rows": "Rows",
    }
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


class FocalRule(FunctionRule, tag="Focal", frozen=True, kw_only=True):
    """Arguments of the Focal function; lengths are pixels of the output.

    Attributes
    ----------
    statistic_type : int
        1 majority, 2 maximum, 3 mean, 4 median, 5 minimum, 6 minority, 7 range, 8 standard deviation, 9 sum,
        10 variety, 11 percentile. The order of Esri's names; its numbers are not published, so clients do
        better with words.
    neighborhood_type : int
        1 rectangle, 2 circle, 3 annulus, 4 wedge, 5 irregular, 6 weight; as above.
    width, height : int
        Of a rectangle, and of the values of an irregular or weighted neighbourhood.
    inner_radius, outer_radius : float
        Of an annulus, both included.
    radius : float
        Of a circle or wedge.
    start_angle, end_angle : float
        Of a wedge, degrees counter-clockwise from east.
    neighborhood_values : tuple of float
        Row by row, with or without width and height before them; not 0 = inside, of a weighted one weights.
    no_data_policy : int
        0 neighbours without data do not count, 1 one without data leaves no result.
    percentile : float
        0 to 100.
    """

    statistic_type: int = 3
    neighborhood_type: int = 1
    width: int = 3
    height: int = 3
    inner_radius: float = 1.0
    outer_radius: float = 3.0
    radius: float = 3.0
    start_angle: float = 0.0
    end_angle: float = 90.0
    neighborhood_values: tuple[float, ...] = ()
    no_data_policy: int = 0
    percentile: float = 90.0

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "statistic_type": {
            "majority": 1,
            "maximum": 2,
            "max": 2,
            "mean": 3,
            "median": 4,
            "minimum": 5,
            "min": 5,
            "minority": 6,
            "range": 7,
            "std": 8,
            "stddev": 8,
            "standarddeviation": 8,
            "sum": 9,
            "variety": 10,
            "percentile": 11,
        },
        "neighborhood_type": {
            "rectangle": 1,
            "circle": 2,
            "annulus": 3,
            "wedge": 4,
            "irregular": 5,
            "weight": 6,
        },
        "no_data_policy": {"data": 0, "ignore": 0, "nodata": 1},
    }
