"""A grid of OBJECTIDs over the whole mosaic: who wins each pixel. In bounded memory.

Rows are counted southwards and columns eastwards from the origin of the service CRS, so windows of two
items always fit. Squares that were not touched lately are kept compressed; most hold one number.
"""

from __future__ import annotations

import math
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from engine.footprint import clip_valid, edges_of, pack_rings

if TYPE_CHECKING:
    from engine.build.seamlines.members import Shape

Labels = NDArray[np.int64]

_SIDE = 512
_MOST_OPEN = 256


class GridWindow(NamedTuple):
    """A part of the grid."""

    col: int
    row: int
    cols: int
    rows: int


def window_of(
    bounds: tuple[float, float, float, float], pixel_size: float, margin: int = 1
) -> GridWindow:
    """Return the window of pixels that a box touches, and `margin` more around."""
    xmin, ymin, xmax, ymax = bounds
    left, right = math.floor(xmin / pixel_size) - margin, math.ceil(xmax / pixel_size) + margin
    top, bottom = math.floor(-ymax / pixel_size) - margin, math.ceil(-ymin / pixel_size) + margin
    return GridWindow(left, top, right - left, bottom - top)


def inside(shape: Shape, window: GridWindow, pixel_size: float) -> NDArray[np.bool_]:
    """Return (rows, cols): whether the centre of each pixel of a window lies in a polygon."""
    rings = []
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring)
            cols, rows = points[:, 0] / pixel_size, -points[:, 1] / pixel_size
            rings.append(np.column_stack([cols - window.col, rows - window.row]))
    valid = np.ones((window.rows, window.cols), np.bool_)
    clip_valid(edges_of(pack_rings(rings)), (0.0, 0.0), (1.0, 1.0), valid)
    return valid


class LabelGrid:
    """OBJECTIDs by pixel; 0 = nobody's."""

    def __init__(self, pixel_size: float) -> None:
        self.pixel_size = pixel_size
        self._open: OrderedDict[tuple[int, int], Labels] = OrderedDict()
        self._packed: dict[tuple[int, int], bytes] = {}

    def read(self, window: GridWindow) -> Labels:
        """Return the labels of a window."""
        out = np.zeros((window.rows, window.cols), np.int64)
        for place, own, whole in _squares(window):
            if place in self._open or place in self._packed:
                out[whole] = self._square(place)[own]
        return out

    def write(self, window: GridWindow, labels: Labels) -> None:
        """Set the labels of a window."""
        for place, own, whole in _squares(window):
            self._square(place)[own] = labels[whole]

    def paint(self, shape: Shape, fid: int) -> None:
        """Give a polygon's pixels to an item."""
        window = window_of(tuple(shapely.bounds(shape).tolist()), self.pixel_size)
        labels = self.read(window)
        labels[inside(shape, window, self.pixel_size)] = fid
        self.write(window, labels)

    def _square(self, place: tuple[int, int]) -> Labels:
        found = self._open.get(place)
        if found is not None:
            self._open.move_to_end(place)
            return found
        packed = self._packed.pop(place, None)
        if packed is None:
            found = np.zeros((_SIDE, _SIDE), np.int64)
        else:
            raw = np.frombuffer(zlib.decompress(packed), np.int64)
            found = raw.reshape(_SIDE, _SIDE).copy()
        self._open[place] = found
        if len(self._open) > _MOST_OPEN:
            old, labels = self._open.popitem(last=False)
            self._packed[old] = zlib.compress(labels.tobytes(), 1)
        return found


def _squares(
    window: GridWindow,
) -> list[tuple[tuple[int, int], tuple[slice, slice], tuple[slice, slice]]]:
    """Return the squares that a window touches: place, part of the square, part of the window."""
    found = []
    for square_row in range(window.row // _SIDE, (window.row + window.rows - 1) // _SIDE + 1):
        for square_col in range(window.col // _SIDE, (window.col + window.cols - 1) // _SIDE + 1):
            top, left = square_row * _SIDE, square_col * _SIDE
            r0, r1 = max(window.row, top), min(window.row + window.rows, top + _SIDE)
            c0, c1 = max(window.col, left), min(window.col + window.cols, left + _SIDE)
            own = slice(r0 - top, r1 - top), slice(c0 - left, c1 - left)
            whole = slice(r0 - window.row, r1 - window.row), slice(c0 - window.col, c1 - window.col)
            found.append(((square_row, square_col), own, whole))
    return found
