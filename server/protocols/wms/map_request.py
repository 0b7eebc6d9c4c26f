"""The parameters of GetMap, into the request that exportImage would be for the same picture.

Beside those of WMS there are ArcGIS' own: MOSAICRULE, RENDERINGRULE, BANDIDS and INTERPOLATION.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter, RequestTooLarge
from engine.request import ImageRequest
from engine.request_parts import MosaicRule, View
from server.protocols.arcgis.rules import interpolation, mosaic_rule
from server.protocols.wms.coordinate_systems import bbox, map_crs
from server.protocols.wms.dimensions import asked_slices
from server.protocols.wms.map_formats import map_encoding
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.styles import check_layers, drawing
from server.protocols.wms.time_dimension import at_times, times_of

if TYPE_CHECKING:
    from engine.request_parts import TimeRange
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.wms.operations.base import Question


def map_request(question: Question) -> ImageRequest:
    """Read all parameters of GetMap.

    Raises
    ------
    RequestError
        Names the parameter, the value and what would be accepted.
    """
    parameters, summary = question.parameters, question.summary
    if parameters.text("LAYERS") or not parameters.text("SLD_BODY"):
        check_layers(question, "LAYERS")
    drawn = drawing(question)
    rule, time = selection(question)
    return ImageRequest(
        view=map_view(question),
        encoding=map_encoding(parameters, summary),
        interpolation=interpolation(parameters),
        band_ids=drawn.band_ids,
        mosaic=rule,
        rendering=drawn.rule,
        time=time,
    )


def selection(question: Question) -> tuple[MosaicRule | None, TimeRange | None]:
    """Read MOSAICRULE, TIME and other dimensions: which rasters take part, in which order.

    Raises
    ------
    RequestError
    """
    parameters, summary = question.parameters, question.summary
    rule = mosaic_rule(parameters)
    if not summary.variables:
        return at_times(rule, times_of(parameters, summary.time), summary.time)
    entries, time = asked_slices(parameters, summary)
    if not entries:
        return rule, time
    if rule is not None and (rule.dimensions or rule.slice_id is not None):
        raise WmsRefusal("", "MOSAICRULE", "slices", "no slices beside those of other parameters")
    return msgspec.structs.replace(rule or MosaicRule(), dimensions=entries), time


def map_view(question: Question) -> View:
    """Read CRS, BBOX, WIDTH and HEIGHT: the box is stretched to the size, whatever its pixels become."""
    parameters = question.parameters
    crs = map_crs(parameters, question.version)
    width, height = map_size(question)
    return View(
        extent=bbox(parameters, crs),
        extent_crs=crs.key,
        width=width,
        height=height,
        out_crs=crs.key,
    )


def map_size(question: Question) -> tuple[int, int]:
    """Read WIDTH and HEIGHT.

    Raises
    ------
    RequestTooLarge
        Beyond the limits of the service.
    """
    limits = question.summary.properties
    return (
        _side(question.parameters, "WIDTH", limits.max_image_width),
        _side(question.parameters, "HEIGHT", limits.max_image_height),
    )


def _side(parameters: Parameters, name: str, limit: int) -> int:
    number = parameters.integer(name)
    if number is None or number < 1:
        raise InvalidParameter(name, parameters.text(name), f"a whole number from 1 to {limit}")
    if number > limit:
        raise RequestTooLarge(f"{name} of the map", number, limit)
    return number
