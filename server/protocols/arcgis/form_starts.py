"""What the forms of the pages hold at first: places of the service, so that every button shows something."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from engine.tile_scheme import TILE_PIXELS, covered
from server.protocols.arcgis.operations.base import FormField
from server.protocols.arcgis.tile_info import served_tiles

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import OperationInfo, Question

# The raster that forms begin with: the first of every catalog.
_RASTER = "1"
_TILES = "8"


def form_fields(info: OperationInfo) -> tuple[FormField, ...]:
    """Return the inputs of an operation's page: the segments of its path, then its parameters."""
    named = {field.name.casefold() for field in info.fields}
    arguments = [
        FormField(name, start=f"${name}") for name in info.arguments if name.casefold() not in named
    ]
    return (*arguments, *info.fields)


def form_values(info: OperationInfo, question: Question) -> dict[str, str]:
    """Return what the inputs hold: what was asked, or at first the places that `FormField.start` names."""
    fields = form_fields(info)
    if is_sent(info, question):
        return {field.name: question.parameters.text(field.name) for field in fields}
    places = _places(question.summary)
    return {
        field.name: question.parameters.text(field.name)
        or Template(field.start).safe_substitute(places)
        for field in fields
    }


def is_sent(info: OperationInfo, question: Question) -> bool:
    """Tell whether the form was sent: then its inputs are there, be they blank."""
    names = {field.name.casefold() for field in form_fields(info)}
    return any(name.strip().casefold() in names for name, _ in question.query)


def _places(summary: ServiceSummary) -> dict[str, str]:
    box = summary.extent
    x, y = box.center_x, box.center_y
    w, h = box.width / 20, box.height / 20
    return {
        "x": _text(x),
        "y": _text(y),
        "box": _join(box.xmin, box.ymin, box.xmax, box.ymax),
        "patch": _join(x - w, y - h, x + w, y + h),
        "ring": f"[[{_join(x - w, y - h)}],[{_join(x - w, y + h)}],[{_join(x + w, y + h)}],"
        f"[{_join(x + w, y - h)}],[{_join(x - w, y - h)}]]",
        "rasterId": _RASTER,
        "width": _TILES,
        "height": _TILES,
        **_tile(summary),
    }


def _tile(summary: ServiceSummary) -> dict[str, str]:
    """Return the tile at the middle that shows about the whole service."""
    tiles = served_tiles(summary)
    scheme, full = tiles.scheme, covered(summary, tiles.scheme)
    level, row, col = tiles.first, 0, 0
    if full is not None:
        sizes = range(tiles.first, tiles.last + 1)
        length = max(full.width, full.height) / TILE_PIXELS
        level = max((each for each in sizes if scheme.resolutions[each] >= length), default=level)
        side = scheme.resolutions[level] * TILE_PIXELS
        row = int((scheme.origin_y - full.center_y) // side)
        col = int((full.center_x - scheme.origin_x) // side)
    return {"level": str(level), "row": str(row), "col": str(col)}


def _join(*numbers: float) -> str:
    return ",".join(map(_text, numbers))


def _text(value: float) -> str:
    """Return a coordinate with all its digits."""
    return repr(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
