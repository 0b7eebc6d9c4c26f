"""A legend as one picture: swatches below each other, each with its label.

The front imports this module for sizes and draws nothing.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from server.protocols.arcgis.operations.legend import MAX_CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.legend import LegendRow

ROW_HEIGHT = 20
WIDTH = 200
_SWATCH = 20
_GAP = 6
_FONT_SIZE = 12
_MOST_WIDTH = 600


def legend_size(summary: ServiceSummary, style: str) -> tuple[int, int]:
    """Return width and height to ask a legend in: three rows, but for the service's own colours."""
    rows = 3
    if summary.colormap and not style and len(summary.picture_bands) == 1:
        rows = min(MAX_CLASSES, len(summary.colormap))
    return WIDTH, rows * ROW_HEIGHT


def draw_legend(rows: Sequence[LegendRow], size: tuple[int, int] | None) -> bytes:
    """Return a PNG; of a size asked for as much as there is room for, else as large as need be."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 -- see the module's head

    font = ImageFont.load_default(_FONT_SIZE)
    widest = max((font.getlength(row.label) for row in rows), default=0.0)
    width = min(_MOST_WIDTH, _SWATCH + 2 * _GAP + round(widest))
    picture = Image.new("RGBA", size or (width, ROW_HEIGHT * max(1, len(rows))), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    for number, row in enumerate(rows):
        top = number * ROW_HEIGHT
        if top >= picture.height:
            break
        picture.paste(_swatch(row), (0, top))
        middle = (_SWATCH + _GAP, top + ROW_HEIGHT // 2)
        pen.text(middle, row.label, fill=(0, 0, 0, 255), font=font, anchor="lm")
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


def _swatch(row: LegendRow) -> Image.Image:
    from PIL import Image  # noqa: PLC0415 -- see the module's head

    ramp = Image.new("RGB", (1, len(row.colours)))
    ramp.putdata([tuple(colour) for colour in row.colours])
    return ramp.resize((_SWATCH, ROW_HEIGHT), Image.Resampling.BILINEAR)
