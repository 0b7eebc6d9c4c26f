"""Symbols of vectors as shapes, and their drawing: strokes, wedges and dots with soft edges and a white seam.

Shapes are in pixels from the middle of a symbol's tile, x to the right and y down, and stay within the tile.

References
----------
World Meteorological Organization, Manual on Codes (WMO-No. 306), Beaufort scale; Guide to Instruments and
Methods of Observation (WMO-No. 8): wind barbs of 5, 10 and 50 knots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

KNOTS_PER_M_S = 3600.0 / 1852.0
_STROKE, _WEDGE, _NOTHING = 0.0, 1.0, 2.0
_SEAM_PX = 1.3
_INK = (38.0, 38.0, 38.0)
# Least speeds in knots of the classes from 1 to 12.
BEAUFORT_KNOTS = (1, 4, 7, 11, 17, 22, 28, 34, 41, 48, 56, 64)
# From calm to hurricane: blues, greens, yellows, reds, violets.
_BEAUFORT_COLOURS = np.array(
    [
        (112, 128, 144),
        (69, 117, 180),
        (88, 144, 196),
        (102, 170, 186),
        (90, 180, 130),
        (120, 190, 70),
        (200, 190, 40),
        (230, 150, 30),
        (235, 110, 40),
        (215, 60, 40),
        (180, 30, 60),
        (150, 30, 120),
        (100, 20, 140),
    ],
    np.float64,
)
_CLASS_COLOURS = _BEAUFORT_COLOURS[[1, 4, 6, 8, 10]]
_MOST_FLAGS, _MOST_FULL = 4, 4


def arrows(angles: Floats, shares: Floats, tile_px: int) -> Floats:
    """Return arrows: a stroke and a wedge each.

    Parameters
    ----------
    angles : (n,)
        Where they point, radians from east to north.
    shares : (n,)
        Size from 0 to 1.

    Returns
    -------
    (n, shapes, 6)
        Kind, two points, half width.
    """
    length = tile_px * (0.25 + 0.6 * shares)
    head = 0.42 * length
    back, neck, tip = -length / 2, length / 2 - head * 0.9, length / 2
    width = np.maximum(0.045 * length, 0.6)
    stroke = _shape(_STROKE, (back + width, 0.0), (neck, 0.0), width)
    wedge = _shape(_WEDGE, (tip - head, 0.0), (tip, 0.0), 0.42 * head)
    return _turned(np.stack([stroke, wedge], axis=1), angles)


def dots(shares: Floats, tile_px: int) -> Floats:
    """Return dots: a stroke without length each; see `arrows`."""
    radius = tile_px * (0.06 + 0.3 * shares)
    zero = np.zeros_like(radius)
    return _shape(_STROKE, (zero, zero), (zero, zero), radius)[:, np.newaxis]


def barbs(angles: Floats, knots: Floats, tile_px: int) -> Floats:
    """Return wind barbs; the staff lies on the side that the wind blows from; see `arrows`."""
    fives = np.rint(np.maximum(knots, 0.0) / 5.0).astype(np.int64)
    fives = np.minimum(fives, 10 * _MOST_FLAGS + 9)
    flags, full, half = fives // 10, fives % 10 // 2, fives % 2
    length, step, long = 0.42 * tile_px, 0.075 * tile_px, 0.2 * tile_px
    width = np.full(knots.shape, max(0.02 * tile_px, 0.6))
    calm = fives == 0
    shapes = [_shape(np.where(calm, _NOTHING, _STROKE), (-length, 0.0), (length, 0.0), width)]
    # A calm is a dot.
    shapes.append(_shape(np.where(calm, _STROKE, _NOTHING), (0.0, 0.0), (0.0, 0.0), 2 * width))
    at = np.full(knots.shape, -length)
    for number in range(_MOST_FLAGS):
        kind = np.where(number < flags, _WEDGE, _NOTHING)
        shapes.append(_shape(kind, (at + step / 2, 0.0), (at + step / 2, -long), step / 2))
        at = at + np.where(number < flags, step * 1.2, 0.0)
    for number in range(_MOST_FULL):
        kind = np.where(number < full, _STROKE, _NOTHING)
        shapes.append(_shape(kind, (at, 0.0), (at - step / 2, -long), width))
        at = at + np.where(number < full, step, 0.0)
    # A half barb alone stands away from the end, to be told from a full one.
    at = at + np.where((flags + full == 0) & (half > 0), step, 0.0)
    kind = np.where(half > 0, _STROKE, _NOTHING)
    shapes.append(_shape(kind, (at, 0.0), (at - step / 4, -long / 2), width))
    return _turned(np.stack(shapes, axis=1), angles)


def ink(count: int) -> Floats:
    """Return one dark colour for all of so many symbols: (n, 3)."""
    return np.tile(np.array(_INK), (count, 1))


def beaufort_colours(knots: Floats) -> Floats:
    """Return the colour of each wind by its class on the Beaufort scale."""
    return np.asarray(_BEAUFORT_COLOURS[np.searchsorted(BEAUFORT_KNOTS, knots, side="right")])


def class_colours(shares: Floats) -> Floats:
    """Return the colour of each size (0 to 1) in five classes."""
    return np.asarray(_CLASS_COLOURS[np.minimum((shares * 5).astype(np.int64), 4)])


def _shape(
    kind: float | Floats,
    start: tuple[float | Floats, float | Floats],
    end: tuple[float | Floats, float | Floats],
    width: float | Floats,
) -> Floats:
    parts = (kind, *start, *end, width)
    return np.stack(np.broadcast_arrays(*(np.asarray(part, np.float64) for part in parts)), axis=-1)


def _turned(shapes: Floats, angles: Floats) -> Floats:
    """Turn shapes that point to the right."""
    cosine, sine = np.cos(angles)[:, np.newaxis], np.sin(angles)[:, np.newaxis]
    out = shapes.copy()
    for x, y in ((1, 2), (3, 4)):
        # y goes down.
        out[..., x] = shapes[..., x] * cosine + shapes[..., y] * sine
        out[..., y] = shapes[..., y] * cosine - shapes[..., x] * sine
    return out


@kernel
def _distance(x, y, shape):
    """Return how far a point lies outside of a shape; inside below 0."""
    kind, x0, y0, x1, y1, width = shape
    if kind == 2.0:
        return 1e9
    dx, dy = x1 - x0, y1 - y0
    length = np.sqrt(dx * dx + dy * dy)
    if kind == 1.0 and length > 0.0:
        along = ((x - x0) * dx + (y - y0) * dy) / length
        across = abs((x - x0) * dy - (y - y0) * dx) / length
        side = (across * length + (along - length) * width) / np.sqrt(
            length * length + width * width
        )
        return max(-along, side)
    part = 0.0
    if length > 0.0:
        part = min(max(((x - x0) * dx + (y - y0) * dy) / (length * length), 0.0), 1.0)
    px, py = x - x0 - part * dx, y - y0 - part * dy
    return np.sqrt(px * px + py * py) - width


@kernel
def draw_kernel(shapes, colours, is_drawn, lattice, out, good):
    """Draw symbols, white seams around them, onto tiles.

    Parameters
    ----------
    shapes : (tile rows, tile cols, shapes, 6)
    colours : (tile rows, tile cols, 3)
    is_drawn : (tile rows, tile cols)
    lattice : (tile_px, row, col)
        Place of the first pixel within the first tile.
    out : uint8 (3, rows, cols)
    good : (rows, cols)
        Becomes False beside symbols.
    """
    tile_px, first_row, first_col = lattice
    bands, rows, cols = out.shape
    for i in range(rows):
        tile_row = (first_row + i) // tile_px
        y = (first_row + i) - tile_row * tile_px + 0.5 - tile_px / 2
        for j in range(cols):
            tile_col = (first_col + j) // tile_px
            x = (first_col + j) - tile_col * tile_px + 0.5 - tile_px / 2
            distance = 1e9
            if is_drawn[tile_row, tile_col]:
                for number in range(shapes.shape[2]):
                    own = _distance(x, y, shapes[tile_row, tile_col, number])
                    distance = min(distance, own)
            if distance > _SEAM_PX:
                good[i, j] = False
                for band in range(bands):
                    out[band, i, j] = 0
                continue
            share = min(max(0.5 - distance, 0.0), 1.0)
            for band in range(bands):
                colour = colours[tile_row, tile_col, band]
                out[band, i, j] = np.uint8(255.0 + (colour - 255.0) * share + 0.5)
