"""getSamples: values at points, along lines or over areas, and the rasters they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter, RequestTooLarge
from engine.request import PointSamplesRequest
from server.protocols.arcgis.dimensions import all_slices
from server.protocols.arcgis.esri_json import encode, number
from server.protocols.arcgis.geometry import geometry_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import (
    ALL_SLICES_FIELD,
    GEOMETRY_FIELDS,
    INTERPOLATIONS,
    MOSAIC_FIELD,
    RENDERING_FIELD,
    SLICE_FIELD,
    TIME_FIELD,
)
from server.protocols.arcgis.pixel_size import pixel_size, pixel_size_crs
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range
from server.protocols.arcgis.sample_text import joined
from server.protocols.arcgis.spatial_reference import to_json, unless_own
from server.protocols.input_limits import MAX_SAMPLE_FIELDS, MAX_SAMPLES

if TYPE_CHECKING:
    from engine.results import PointSample, PointSamplesResult
    from server.instances.answer_context import AnswerContext

_ACCEPTED = "a point, multipoint, polyline, polygon or envelope"

INFO = OperationInfo(
    title="Get samples",
    hint="Pixel values at points, along a line or over an area, with the rasters they come from.",
    fields=(
        *GEOMETRY_FIELDS,
        FormField("sampleDistance", "in units of the geometry"),
        FormField("sampleCount", "of lines and areas, at most 1000"),
        MOSAIC_FIELD,
        RENDERING_FIELD,
        FormField("pixelSize", "x,y"),
        FormField("returnFirstValueOnly", choices=("", "true", "false")),
        FormField("interpolation", choices=INTERPOLATIONS),
        FormField("outFields", "names with commas, or *"),
        TIME_FIELD,
        SLICE_FIELD,
        ALL_SLICES_FIELD,
    ),
)


def parse(question: Question) -> Asked:
    """Ask for the samples.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    geometry = geometry_parameter(parameters, crs_name="inSR" if "inSR" in parameters else "sr")
    if geometry is None:
        raise InvalidParameter("geometry", "", _ACCEPTED)
    distance = parameters.number("sampleDistance")
    if distance is not None and distance <= 0:
        raise InvalidParameter("sampleDistance", distance, "a number above 0")
    count = parameters.integer("sampleCount", 0)
    if count is not None and count > MAX_SAMPLES:
        raise RequestTooLarge("number of samples in 'sampleCount'", count, MAX_SAMPLES)
    fields = parameters.names("outFields")
    if len(fields) > MAX_SAMPLE_FIELDS:
        raise InvalidParameter("outFields", f"{len(fields)} names", f"at most {MAX_SAMPLE_FIELDS}")
    mosaic, first_only = (
        mosaic_rule(parameters),
        parameters.flag("returnFirstValueOnly", default=True),
    )
    if parameters.flag("processAsMultidimensional", default=False):
        first_only = False
    if question.summary.variables and not first_only:
        mosaic = all_slices(mosaic)
    request = PointSamplesRequest(
        geometry=geometry.wkb,
        crs=unless_own(geometry.crs, question.summary),
        count=count or None,
        distance=distance,
        first_only=first_only,
        interpolation=interpolation(parameters),
        pixel_size=pixel_size(parameters),
        pixel_size_crs=pixel_size_crs(parameters),
        mosaic=mosaic,
        rendering=rendering_rule(parameters, question.rule_scope),
        time=time_range(parameters),
        out_fields=("*",) if "*" in fields else fields,
    )
    return Asked(request=request)


def answer(result: PointSamplesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write one entry per sample; places without data have none."""
    reference = to_json(result.crs, context.summary)
    rows = [_sample(sample, reference, context) for sample in result.samples]
    return encode({"samples": rows}, context.options)


def _sample(sample: PointSample, reference: Any, context: AnswerContext) -> dict[str, Any]:
    summary = context.summary
    row = {
        "location": {
            "x": number(sample.x),
            "y": number(sample.y),
            "spatialReference": reference,
        },
        "locationId": sample.place,
        "value": joined(sample.values, summary.pixel_type, " ", "NaN"),
        "rasterId": sample.item,
        "resolution": number(sample.resolution),
    }
    if sample.attributes:
        row["attributes"] = sample.attributes
    return row
