"""A picture of the mosaic under its seamlines, with the seamlines drawn upon it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely
from PIL import Image, ImageDraw

from config.definition import MosaicMethod
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.compile import compile_definition
from engine.build.seamline_rows import seamlines_by_item
from engine.errors import ConfigError
from engine.extent import Extent
from engine.pixels import PixelBlock
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import open_service

if TYPE_CHECKING:
    from engine.build.definition_folder import DefinitionFolder

_SIDE = 1200
_LINE = (255, 235, 59)
_UNDER = (20, 20, 20)


def draw_seamlines(folder: DefinitionFolder, out: Path, side: int = _SIDE) -> None:
    """Write a PNG picture of the whole mosaic.

    Parameters
    ----------
    side
        Pixels of its longer side.

    Raises
    ------
    ConfigError
        The definition cannot be compiled, has no seamlines, or the file cannot be written.
    """
    with folder.table() as table:
        lines = seamlines_by_item(table)
    if not lines:
        raise ConfigError(folder.path, "", "has no seamlines; run: swath definition seamlines")
    shapes = shapely.from_wkb([line.wkb for line in lines.values()])
    box = Extent(*map(float, shapely.total_bounds(shapes)))
    step = max(box.width, box.height) / side
    width, height = max(1, round(box.width / step)), max(1, round(box.height / step))
    picture = Image.fromarray(_rendered(folder, box, (width, height)))
    pen = ImageDraw.Draw(picture)
    for colour, wide in ((_UNDER, 3), (_LINE, 1)):
        for shape in shapes:
            for part in shapely.get_parts(shape):
                for ring in (part.exterior, *part.interiors):
                    points = shapely.get_coordinates(ring)
                    cols = (points[:, 0] - box.xmin) / box.width * width
                    rows = (box.ymax - points[:, 1]) / box.height * height
                    pen.line(list(zip(cols.tolist(), rows.tolist(), strict=True)), colour, wide)
    try:
        picture.save(out, "PNG")
    except OSError as err:
        raise ConfigError(out, "", f"cannot be written: {err.strerror or err}") from err


def _rendered(
    folder: DefinitionFolder, box: Extent, size: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with tempfile.TemporaryDirectory(prefix="swath-seamlines-") as temporary:
        compiled = Path(temporary) / "picture.zmd"
        compile_definition(folder.path, compiled)
        service = open_service(str(compiled))
        try:
            request = ImageRequest(
                view=View(extent=box, width=size[0], height=size[1]),
                encoding=Encoding(format="png"),
                mosaic=MosaicRule(method=MosaicMethod.SEAMLINE),
            )
            pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
        finally:
            service.close()
    block = pixels if isinstance(pixels, PixelBlock) else pixels.planes()
    data = block.data if block.bands == 3 else np.repeat(block.data[:1], 3, axis=0)
    seen = np.where(block.valid_any(), data, 255).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(seen, 0, 2))
