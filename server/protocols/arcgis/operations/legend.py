"""legend: swatches of the picture under a rendering rule: RGB composite, stretched or unique values."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.request import LegendRequest
from engine.results import LegendResult
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.summary import AttributeTable, ServiceSummary
    from server.instances.answer_context import AnswerContext

SIDE = 20
MAX_CLASSES = 256

INFO = OperationInfo(
    title="Legend",
    hint="What the colours of the picture mean.",
    fields=(FormField("bandIds", "from 0: 2,1,0"), RENDERING_FIELD),
)

# Fields that name the classes of attribute tables, best first.
_NAMES = ("classname", "class_name", "class", "label", "name", "category", "description")

_Color: TypeAlias = Sequence[int]
_RED, _GREEN, _BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def parse(question: Question) -> Asked:
    """Ask an instance, which draws the swatches."""
    request = LegendRequest(
        band_ids=band_ids_parameter(question.parameters, question.summary),
        rendering=rendering_rule(question.parameters, question.rule_scope),
    )
    return Asked(request=request)


def answer(result: object, context: AnswerContext) -> tuple[str, bytes]:
    """Write one layer with its swatches."""
    if not isinstance(result, LegendResult):
        raise TypeError(f"a legend of {type(result).__name__}")
    request = context.request
    is_own = isinstance(request, LegendRequest) and request.rendering is None
    classes = class_names(context.summary.attribute_table) if is_own else {}
    kind, swatches = _legend(context.summary, result, classes)
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


def class_names(table: AttributeTable | None) -> dict[float, str]:
    """Return the names of values as an attribute table has them; none where it names none."""
    if table is None:
        return {}
    places = {field.name.casefold(): place for place, field in enumerate(table.fields)}
    named = next((places[name] for name in _NAMES if name in places), None)
    if named is None or "value" not in places:
        return {}
    found = {}
    for row in table.rows:
        value, name = row[places["value"]], row[named]
        if isinstance(value, int | float) and isinstance(name, str) and name:
            found[value] = name
    return found


def _legend(
    summary: ServiceSummary, shown: LegendResult, classes: Mapping[float, str]
) -> tuple[str, list[dict[str, Any]]]:
    if shown.palette:
        return "Unique Values", [
            {**_swatch(classes.get(value, str(value)), [color]), "values": [value]}
            for value, *color in shown.palette[:MAX_CLASSES]
        ]
    if len(shown.bands) >= 3:
        names = shown.names or [summary.bands[band].name for band in shown.bands]
        return "RGB Composite", [
            _swatch(f"Red:    {names[0]}", [_RED]),
            _swatch(f"Green: {names[1]}", [_GREEN]),
            _swatch(f"Blue:   {names[2]}", [_BLUE]),
        ]
    high, low = "High", "Low"
    if shown.ends is not None:
        low, high = f"Low : {shown.ends[0]:.9g}", f"High : {shown.ends[1]:.9g}"
    ramp = [(grey, grey, grey) for grey in shown.greys]
    third = len(ramp) // 3
    return "Stretched", [
        _swatch(high, ramp[: third + 1]),
        _swatch("", ramp[third : 2 * third + 1]),
        _swatch(low, ramp[2 * third :]),
    ]


def _swatch(label: str, colors: Sequence[_Color]) -> dict[str, Any]:
    """Draw a square that runs through `colors` from top to bottom."""
    from PIL import Image  # noqa: PLC0415 -- the front imports this module and draws nothing

    ramp = Image.new("RGB", (1, len(colors)))
    ramp.putdata([tuple(color) for color in colors])
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
