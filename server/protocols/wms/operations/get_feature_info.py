"""GetFeatureInfo: the values at a pixel of a map, and the rasters they come from.

The first feature is the pixel as the map has it; further ones are rasters under it, topmost first, of
services whose catalog may be seen.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from engine.request import IdentifyRequest
from server.protocols.input_limits import MAX_FEATURES
from server.protocols.wms.capabilities import INFO_FORMATS
from server.protocols.wms.feature_forms import written
from server.protocols.wms.features import features_of
from server.protocols.wms.map_request import map_view, selection
from server.protocols.wms.operations.base import Asked
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.styles import check_layers, drawing

if TYPE_CHECKING:
    from engine.results import IdentifyResult
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.wms.operations.base import Question

_ALIASES = {
    "text/xml": "application/vnd.ogc.gml",
    "application/gml+xml": "application/vnd.ogc.gml",
    "application/vnd.ogc.gml/3.1.1": "application/vnd.ogc.gml",
    "application/geo+json": "application/json",
    "application/geojson": "application/json",
}


def parse(question: Question) -> Asked:
    """Ask for the values at a pixel of the map that the other parameters describe.

    Raises
    ------
    RequestError
    """
    parameters = question.parameters
    check_layers(question, "QUERY_LAYERS")
    if "LAYERS" in parameters:
        check_layers(question, "LAYERS")
    view = map_view(question)
    assert view.extent is not None
    col = _position(parameters, ("I", "X"), view.width)
    row = _position(parameters, ("J", "Y"), view.height)
    size = view.extent.width / view.width, view.extent.height / view.height
    x = view.extent.xmin + (col + 0.5) * size[0]
    y = view.extent.ymax - (row + 0.5) * size[1]
    rule, time = selection(question)
    rendering = drawing(question).rule
    count = parameters.integer("FEATURE_COUNT", 1, MAX_FEATURES) or 1
    request = IdentifyRequest(
        geometry=struct.pack("<BIdd", 1, 1, x, y),
        crs=view.out_crs,
        pixel_size=size,
        mosaic=rule,
        renderings=() if rendering is None else (rendering,),
        time=time,
        return_geometry=False,
        return_items=question.has_catalog and count > 1,
        max_items=count - 1,
    )
    return Asked(request=request, options={"format": _format(parameters)})


def answer(result: IdentifyResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the features in the form asked for."""
    layer = context.service.rpartition("/")[2]
    return written(context.options["format"], layer, features_of(result, context.summary))


def _position(parameters: Parameters, names: tuple[str, str], end: int) -> int:
    name = next((name for name in names if name in parameters), names[0])
    number = parameters.number(name)
    # Some clients send fractions of pixels.
    if number is None or not 0 <= number < end:
        accepted = f"a pixel of the map, from 0 to {end - 1}"
        raise WmsRefusal("InvalidPoint", name, parameters.text(name), accepted)
    return int(number)


def _format(parameters: Parameters) -> str:
    text = parameters.text("INFO_FORMAT", INFO_FORMATS[0])
    name = text.casefold().partition(";")[0].strip()
    name = _ALIASES.get(name, name)
    if name not in INFO_FORMATS:
        raise WmsRefusal("InvalidFormat", "INFO_FORMAT", text, "one of " + ", ".join(INFO_FORMATS))
    return name
