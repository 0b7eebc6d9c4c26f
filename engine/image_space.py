"""The image space of a raster as a coordinate system: Esri's ICS, written "ICS:<OBJECTID>" among CRS texts.

x counts columns to the right and y rows upwards, so rows below the first are negative; whole numbers are
pixel *centres*, as in ArcGIS, whose rasters without a georeference begin at x = -0.5, y = 0.5. Everywhere
else a position is (column, row) in level-0 pixels from the outer corner of the first: this file is where
the one becomes the other.

    first pixel's    corner origin (col, row)    image space (x, y)
    outer corner     0, 0                        -0.5,  0.5
    centre           0.5, 0.5                     0,    0
    below it         0.5, 1.5                     0,   -1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.errors import InvalidParameter
from engine.extent import Extent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.item import Item

    Floats = NDArray[Any]

_PREFIX = "ICS:"
_HALF = 0.5
# Where pixels of image space are numbered from, so that whole native pixels have no phase.
ORIGIN_X, ORIGIN_Y = -_HALF, _HALF


def image_space(object_id: int) -> str:
    """Return the CRS text of an item's image space."""
    return f"{_PREFIX}{object_id}"


def image_space_item(crs: str) -> int | None:
    """Return the OBJECTID of the item whose image space a CRS text names; None = it is a CRS.

    Raises
    ------
    InvalidParameter
        It begins like one and names no item.
    """
    if not crs.startswith(_PREFIX):
        return None
    number = crs[len(_PREFIX) :]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise InvalidParameter("icsid", number, "the OBJECTID of a raster")
    return int(number)


def to_image_space(col_pos: Floats, row_pos: Floats) -> tuple[Floats, Floats]:
    """Return x, y of level-0 positions with the corner origin."""
    return col_pos - _HALF, _HALF - row_pos


def from_image_space(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return level-0 positions with the corner origin."""
    return x + _HALF, _HALF - y


def image_box(item: Item) -> Extent:
    """Return the whole of an item in its image space."""
    return Extent(ORIGIN_X, ORIGIN_Y - item.height, ORIGIN_X + item.width, ORIGIN_Y)
