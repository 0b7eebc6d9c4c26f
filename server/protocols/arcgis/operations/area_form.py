"""What operations on the values of areas share: their inputs, and how statistics and histograms are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.request import AreaCountsRequest
from server.protocols.arcgis.esri_json import number
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import FormField, Question
from server.protocols.arcgis.operations.image_form import (
    GEOMETRY_FIELDS,
    MOSAIC_FIELD,
    RENDERING_FIELD,
    TIME_FIELD,
)
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.rules import mosaic_rule, time_range
from server.protocols.arcgis.spatial_reference import unless_own

if TYPE_CHECKING:
    from engine.summary import BandStatistics, Histogram

AREA_FIELDS = (
    FormField("geometry", "xmin,ymin,xmax,ymax or JSON; blank = all of it", start="$box"),
    *(field for field in GEOMETRY_FIELDS if field.name != "geometry"),
    MOSAIC_FIELD,
    RENDERING_FIELD,
    FormField("pixelSize", "x,y in units of the geometry; blank = as fine as is quick"),
    TIME_FIELD,
)
_AREAS = ("point", "polygon", "envelope")


def area_counts_request(question: Question) -> AreaCountsRequest:
    """Read geometry (absent = the whole service), mosaicRule, renderingRule, pixelSize and time.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    geometry = geometry_parameter(parameters, crs_name="inSR" if "inSR" in parameters else "sr")
    if geometry is not None and geometry.kind not in _AREAS:
        raise InvalidParameter("geometry", geometry.kind, "an envelope, a polygon or a point")
    return AreaCountsRequest(
        geometry=b"" if geometry is None else geometry.wkb,
        crs="" if geometry is None else unless_own(geometry.crs, question.summary),
        pixel_size=pixel_size(parameters),
        pixel_size_crs=pixel_size_crs(parameters),
        mosaic=mosaic_rule(parameters),
        rendering=rendering_rule(parameters, question.rule_scope),
        time=time_range(parameters),
    )


def histogram(found: Histogram) -> dict[str, Any]:
    """Return a histogram as clients read it."""
    return {
        "size": len(found.counts),
        "min": number(found.min),
        "max": number(found.max),
        "counts": found.counts,
    }


def statistics(found: BandStatistics) -> dict[str, Any]:
    """Return statistics as clients read them; null where no sample was counted."""
    named = (
        ("min", found.min),
        ("max", found.max),
        ("mean", found.mean),
        ("standardDeviation", found.std),
    )
    return {name: None if found.is_empty else number(value) for name, value in named}
