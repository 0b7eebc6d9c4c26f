"""legend: swatches of the picture under a rendering rule: RGB composite, stretched or unique values."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.request import LegendRequest
from engine.results import LegendResult
from server.protocols.arcgis.dimensions import variable_parameter
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.operations.base import Asked, FormField, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import RENDERING_FIELD, VARIABLE_FIELD
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
    fields=(FormField("bandIds", "from 0: 2,1,0"), VARIABLE_FIELD, RENDERING_FIELD),
    is_resource=True,
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
        variable=variable_parameter(question.parameters),
    )
    return Asked(request=request)


def answer(result: object, context: AnswerContext) -> tuple[str, bytes]:
    """Write one layer with its swatches."""
    if not isinstance(result, LegendResult):
        raise TypeError(f"a legend of {type(result).__name__}")
    request = context.request
    is_own = isinstance(request, LegendRequest) and request.rendering is None
    classes = class_names(context.summary.attribute_table) if is_own else {}
    kind, rows = legend_rows(context.summary, result, classes)
    layer = {
        "layerId": 0,
        "layerName": context.service.rpartition("/")[2],
        "layerType": "Raster Layer",
        "minScale": 0,
        "maxScale": 0,
        "legendType": kind,
        "legend": [_swatch(row) for row in rows],
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


@dataclass(frozen=True, slots=True)
class LegendRow:
    """What one colour, or a part of a ramp from top to bottom, stands for."""

    label: str
    colours: Sequence[_Color]
    values: tuple[int, ...] = ()


def legend_rows(
    summary: ServiceSummary, shown: LegendResult, classes: Mapping[float, str]
) -> tuple[str, list[LegendRow]]:
    """Return the kind of a legend and its rows, from top to bottom.

    Parameters
    ----------
    classes
        Names of values, see `class_names`.
    """
    if shown.palette:
        return "Unique Values", [
            LegendRow(classes.get(value, str(value)), [color], (value,))
            for value, *color in shown.palette[:MAX_CLASSES]
        ]
    if len(shown.bands) >= 3:
        names = shown.names or [summary.bands[band].name for band in shown.bands]
        return "RGB Composite", [
            LegendRow(f"Red:    {names[0]}", [_RED]),
            LegendRow(f"Green: {names[1]}", [_GREEN]),
            LegendRow(f"Blue:   {names[2]}", [_BLUE]),
        ]
    high, low = "High", "Low"
    if shown.ends is not None:
        low, high = f"Low : {shown.ends[0]:.9g}", f"High : {shown.ends[1]:.9g}"
    ramp = [(grey, grey, grey) for grey in shown.greys]
    third = len(ramp) // 3
    return "Stretched", [
        LegendRow(high, ramp[: third + 1]),
        LegendRow("", ramp[third : 2 * third + 1]),
        LegendRow(low, ramp[2 * third :]),
    ]


def _swatch(row: LegendRow) -> dict[str, Any]:
    """Draw a square that runs through the colours from top to bottom."""
    from PIL import Image  # noqa: PLC0415 -- the front imports this module and draws nothing

    ramp = Image.new("RGB", (1, len(row.colours)))
    ramp.putdata([tuple(colour) for colour in row.colours])
    image = ramp.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    data = file.getvalue()
    swatch = {
        "label": row.label,
        "url": hashlib.blake2b(data, digest_size=16).hexdigest(),
        "imageData": base64.b64encode(data).decode("ascii"),
        "contentType": "image/png",
        "height": SIDE,
        "width": SIDE,
    }
    return {**swatch, "values": list(row.values)} if row.values else swatch
