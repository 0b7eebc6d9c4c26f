"""legend: swatches of the default picture: RGB composite, stretched or unique values."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import TYPE_CHECKING, Any

from engine.request import LegendRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.summary import ServiceSummary
    from server.instances.answer_context import AnswerContext

SIDE = 20
MAX_CLASSES = 256

INFO = OperationInfo(
    title="Legend",
    hint="What the colours of the picture mean.",
    fields=(FormField("bandIds", "from 0: 2,1,0"), RENDERING_FIELD),
)

_Color = tuple[int, int, int]
_RED, _GREEN, _BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
_WHITE, _GREY, _BLACK = (255, 255, 255), (128, 128, 128), (0, 0, 0)


def parse(question: Question) -> Asked:
    """Ask an instance, which draws the swatches."""
    request = LegendRequest(
        band_ids=band_ids_parameter(question.parameters, question.summary),
        rendering=rendering_rule(question.parameters, question.service),
    )
    return Asked(request=request)


def answer(result: object, context: AnswerContext) -> tuple[str, bytes]:  # noqa: ARG001 -- all is in the summary
    """Write one layer with its swatches."""
    request = context.request
    band_ids = request.band_ids if isinstance(request, LegendRequest) else ()
    kind, swatches = _legend(context.summary, band_ids)
    layer = {
        "layerId": 0,
        "layerName": context.service.rpartition("/")[2],
        "layerType": "Raster Layer",
        "minScale": 0,
        "maxScale": 0,
        "legendType": kind,
        "legend": swatches,
    }
    return encode({"layers": [layer]}, context.options)


def _legend(summary: ServiceSummary, band_ids: tuple[int, ...]) -> tuple[str, list[dict[str, Any]]]:
    bands = band_ids or summary.picture_bands or (0,)
    if summary.colormap and len(bands) == 1:
        classes = summary.colormap[:MAX_CLASSES]
        return "Unique Values", [
            {**_swatch(str(value), [color]), "values": [value]}
            for value, color in ((row[0], (row[1], row[2], row[3])) for row in classes)
        ]
    if len(bands) >= 3:
        names = [summary.bands[band].name for band in bands[:3]]
        return "RGB Composite", [
            _swatch(f"Red:    {names[0]}", [_RED]),
            _swatch(f"Green: {names[1]}", [_GREEN]),
            _swatch(f"Blue:   {names[2]}", [_BLUE]),
        ]
    low, high = _range(summary, bands[0])
    return "Stretched", [
        _swatch(f"High : {high:.9g}", [_WHITE, (191, 191, 191)]),
        _swatch("", [(191, 191, 191), _GREY, (64, 64, 64)]),
        _swatch(f"Low : {low:.9g}", [(64, 64, 64), _BLACK]),
    ]


def _range(summary: ServiceSummary, band: int) -> tuple[float, float]:
    if band < len(summary.statistics):
        statistics = summary.statistics[band]
        return statistics.min, statistics.max
    return (0.0, 1.0) if summary.pixel_type.is_float else summary.pixel_type.limits


def _swatch(label: str, colors: Sequence[_Color]) -> dict[str, Any]:
    """Draw a square that runs through `colors` from top to bottom."""
    from PIL import Image  # noqa: PLC0415 -- the front imports this module and draws nothing

    ramp = Image.new("RGB", (1, len(colors)))
    ramp.putdata(list(colors))
    image = ramp.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    data = file.getvalue()
    return {
        "label": label,
        "url": hashlib.blake2b(data, digest_size=16).hexdigest(),
        "imageData": base64.b64encode(data).decode("ascii"),
        "contentType": "image/png",
        "height": SIDE,
        "width": SIDE,
    }
