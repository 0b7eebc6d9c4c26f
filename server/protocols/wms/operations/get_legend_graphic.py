"""GetLegendGraphic: what the colours of a style mean, as one picture.

References
----------
OGC 05-078r4 (SLD profile of WMS), 6.4 and 12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.request import LegendRequest
from server.protocols.arcgis.operations.legend import class_names, legend_rows
from server.protocols.input_limits import MAX_LEGEND_SIDE
from server.protocols.wms.capabilities import LEGEND_FORMATS
from server.protocols.wms.legend_picture import draw_legend
from server.protocols.wms.operations.base import Asked
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.styles import check_layers, drawing

if TYPE_CHECKING:
    from engine.results import LegendResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.wms.operations.base import Question


def parse(question: Question) -> Asked:
    """Ask an instance for the facts of the legend.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    check_layers(question, "LAYER")
    format_name = parameters.text("FORMAT", LEGEND_FORMATS[0])
    if format_name.casefold().partition(";")[0] not in LEGEND_FORMATS:
        raise WmsRefusal("InvalidFormat", "FORMAT", format_name, ", ".join(LEGEND_FORMATS))
    width = parameters.integer("WIDTH", 1, MAX_LEGEND_SIDE)
    height = parameters.integer("HEIGHT", 1, MAX_LEGEND_SIDE)
    if (width is None) != (height is None):
        given = parameters.text("WIDTH") or parameters.text("HEIGHT")
        raise InvalidParameter("WIDTH", given, "WIDTH and HEIGHT, or neither")
    drawn = drawing(question, "STYLE")
    request = LegendRequest(band_ids=drawn.band_ids, rendering=drawn.rule)
    options = {} if width is None else {"width": str(width), "height": str(height)}
    return Asked(request=request, options=options)


def answer(result: LegendResult, context: AnswerContext) -> tuple[str, bytes]:
    """Draw the legend."""
    request, size = context.request, None
    is_own = isinstance(request, LegendRequest) and request.rendering is None
    classes = class_names(context.summary.attribute_table) if is_own else {}
    _, rows = legend_rows(context.summary, result, classes)
    if "width" in context.options:
        size = int(context.options["width"]), int(context.options["height"])
    return LEGEND_FORMATS[0], draw_legend(rows, size)
