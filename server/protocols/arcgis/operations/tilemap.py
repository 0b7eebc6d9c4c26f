"""tilemap/{level}/{row}/{col}/{width}/{height}: which tiles of a block are there.

Where none is, the JavaScript SDK, which states `f`, gets the 422 it knows. Cesium states none, and gives
a tile up whose children it hears an error of: it gets a block of zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.definition import TileSchemeName
from engine.errors import NoTiles
from engine.request import TilemapRequest
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.parameters import as_integer
from server.protocols.arcgis.tile_info import served_tiles

if TYPE_CHECKING:
    from engine.results import TilemapResult
    from server.instances.answer_context import AnswerContext

# Cesium asks for 128 × 128, the JavaScript SDK for 32 × 32.
LARGEST = 256
_FARTHEST = 2**31

INFO = OperationInfo(
    title="Tilemap",
    hint="Which tiles of a block are there: 1 or 0 of each, row by row.",
    capability="Tilemap",
    arguments=("level", "row", "col", "width", "height"),
)


def parse(question: Question) -> Asked:
    """Ask for the tiles of a block.

    Raises
    ------
    InvalidParameter
        A number that is none, or a block too large.
    NoTiles
        The service has no such level.
    """
    limits = {
        "level": (0, _FARTHEST),
        "row": (0, _FARTHEST),
        "col": (0, _FARTHEST),
        "width": (1, LARGEST),
        "height": (1, LARGEST),
    }
    asked = {
        name: as_integer(name, question.parameters.text(name), *within)
        for name, within in limits.items()
    }
    tiles = served_tiles(question.summary)
    level, row, col = asked["level"], asked["row"], asked["col"]
    rows, cols = asked["height"], asked["width"]
    if not tiles.first <= level <= tiles.last:
        raise NoTiles(level, row, col, rows, cols)
    name = tiles.scheme.name
    request = TilemapRequest(
        level=level,
        row=row,
        col=col,
        rows=rows,
        cols=cols,
        scheme=None if name is TileSchemeName.WEB_MERCATOR else name,
    )
    return Asked(
        request=request, options={"none": "error" if question.parameters.text("f") else ""}
    )


def answer(result: TilemapResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write the block as it was asked for, and one number a tile.

    Raises
    ------
    NoTiles
        See above.
    """
    asked = context.request
    assert isinstance(asked, TilemapRequest)
    if context.options["none"] and not any(result.data):
        raise NoTiles(asked.level, asked.row, asked.col, asked.rows, asked.cols)
    body: dict[str, Any] = {
        "valid": True,
        "adjusted": False,
        "location": {
            "left": asked.col,
            "top": asked.row,
            "width": asked.cols,
            "height": asked.rows,
        },
        "data": list(result.data),
    }
    return encode(body, context.options)
