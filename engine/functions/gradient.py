"""How heights rise to the east and to the south: what slopes, shades and aspects are made of.

Differences are taken before sums, so that nothing is lost of small rises at great heights. A neighbour that is
not there counts as the pixel itself.

References
----------
Horn, B. K. P. (1981), Hill shading and the reflectance map, Proceedings of the IEEE 69(1), 14–47.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.functions.base import BandsInfo
from engine.functions.surface import OnGround
from engine.kernel import unaliased_kernel
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray


EAST, SOUTH, CELL = range(3)


@unaliased_kernel
def _inner_row(above, at, below, scales, outs):
    """Write the scaled rises of a row but for its ends, all neighbours being there.

    Parameters
    ----------
    above, at, below : (west, middle, east)
        The same row from three samples on: an index that begins at 0 is one that is vectorised.
    """
    north_west, north, north_east = above
    west, _, east = at
    south_west, south, south_east = below
    scale_x, scale_y = scales
    out_x, out_y = outs
    for j in range(out_x.size):
        out_x[j] = scale_x * (
            (north_east[j] - north_west[j])
            + np.float32(2) * (east[j] - west[j])
            + (south_east[j] - south_west[j])
        )
        out_y[j] = scale_y * (
            (south_west[j] - north_west[j])
            + np.float32(2) * (south[j] - north[j])
            + (south_east[j] - north_east[j])
        )


@unaliased_kernel
def _thirds(row):
    return row[:-2], row[1:-1], row[2:]


@unaliased_kernel
def _careful_pixel(data, valid, i, j, near):
    """Collect the nine heights around a pixel, its own in place of those that are not there."""
    rows, cols = data.shape
    for di in range(-1, 2):
        for dj in range(-1, 2):
            y, x = i + di, j + dj
            is_there = 0 <= y < rows and 0 <= x < cols and valid[y, x]
            near[di + 1, dj + 1] = data[y, x] if is_there else data[i, j]


@unaliased_kernel
def _masked_row(rows, there, scales, outs):
    """As `_inner_row`, where some neighbours are not there: the pixel's own height in their place."""
    (above_0, above_1, above_2), (at_0, at_1, at_2), (below_0, below_1, below_2) = rows
    (has_0, has_1, has_2), (has_3, _, has_4), (has_5, has_6, has_7) = there
    scale_x, scale_y = scales
    out_x, out_y = outs
    for j in range(out_x.size):
        own = at_1[j]
        north_west = above_0[j] if has_0[j] else own
        north = above_1[j] if has_1[j] else own
        north_east = above_2[j] if has_2[j] else own
        west = at_0[j] if has_3[j] else own
        east = at_2[j] if has_4[j] else own
        south_west = below_0[j] if has_5[j] else own
        south = below_1[j] if has_6[j] else own
        south_east = below_2[j] if has_7[j] else own
        out_x[j] = scale_x * (
            (north_east - north_west) + np.float32(2) * (east - west) + (south_east - south_west)
        )
        out_y[j] = scale_y * (
            (south_west - north_west) + np.float32(2) * (south - north) + (south_east - north_east)
        )


@unaliased_kernel
def _gradient_kernel(data, validity, scales, near, out_x, out_y):
    valid, full_rows, nothing = validity
    rows, cols = data.shape
    for i in range(rows):
        scale_x, scale_y = scales[0, i], scales[1, i]
        above, below = max(i - 1, 0), min(i + 1, rows - 1)
        if cols > 2:
            middle = (_thirds(data[above]), _thirds(data[i]), _thirds(data[below]))
            outs = (out_x[i, 1:-1], out_y[i, 1:-1])
            is_inner = 0 < i < rows - 1
            if is_inner and full_rows[above] and full_rows[i] and full_rows[below]:
                _inner_row(middle[0], middle[1], middle[2], (scale_x, scale_y), outs)
            else:
                there = (
                    _thirds(valid[above] if i > 0 else nothing),
                    _thirds(valid[i]),
                    _thirds(valid[below] if i < rows - 1 else nothing),
                )
                _masked_row(middle, there, (scale_x, scale_y), outs)
        # The ends of the row.
        for j in range(0, cols, max(cols - 1, 1)):
            _careful_pixel(data, valid, i, j, near)
            out_x[i, j] = scale_x * (
                (near[0, 2] - near[0, 0])
                + np.float32(2) * (near[1, 2] - near[1, 0])
                + (near[2, 2] - near[2, 0])
            )
            out_y[i, j] = scale_y * (
                (near[2, 0] - near[0, 0])
                + np.float32(2) * (near[2, 1] - near[0, 1])
                + (near[2, 2] - near[0, 2])
            )


def rises(
    heights: NDArray[np.float32], valid: NDArray[np.bool_], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return eight times the rise a pixel to the east and to the south, scaled.

    Parameters
    ----------
    heights : float32 (rows, cols)
    valid : bool (rows, cols)
    scales : float32 (2, rows)
        What the rises of each row are multiplied by.

    Returns
    -------
    float32 (2, rows, cols)
    """
    if heights.shape != valid.shape:
        raise ValueError(f"heights {heights.shape} and validity {valid.shape} differ in shape")
    out = np.empty((2, *heights.shape), np.float32)
    near = np.empty((3, 3), np.float32)
    validity = (valid, valid.all(axis=1), np.zeros(heights.shape[1], np.bool_))
    _gradient_kernel(heights, validity, scales, near, out[0], out[1])
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient(OnGround):
    """The step before functions of slopes: rises to the east and to the south, metres a metre.

    Attributes
    ----------
    output : BandsInfo
        Two bands; with `has_cell` a third one, the size of a pixel in metres; with `has_heights` the last
        one is the heights.
    needs_all : bool
        Pixels without all their eight neighbours are no data.
    """

    has_cell: bool = False
    has_heights: bool = False
    needs_all: bool = False

    @property
    def output(self) -> BandsInfo:
        """Description of what `apply_on` returns."""
        return BandsInfo(PixelType.F32, 2 + self.has_cell + self.has_heights)

    def measured(
        self,
        block: PixelBlock,
        width: NDArray[np.float64],
        height: NDArray[np.float64],
        unit_m: float,
    ) -> PixelBlock:
        """Return the rises for pixels of these sizes."""
        heights = np.ascontiguousarray(block.data[0], np.float32)
        valid = np.ascontiguousarray(block.valid[0])
        # A sum is finite where all is: quicker than to look at each.
        with np.errstate(all="ignore"):
            is_finite = block.data.dtype.kind != "f" or bool(np.isfinite(heights.sum()))
        if not is_finite:
            valid = valid & np.isfinite(heights)
        scales = [(unit_m / (8.0 * size)).astype(np.float32) for size in (width, height)]
        by_row = np.ones((2, heights.shape[0]), np.float32)
        # On most maps the pixels of a row have one size; else each has its own.
        for band, scale in enumerate(scales):
            if scale.shape[1] == 1:
                by_row[band] = scale[:, 0]
        found = rises(heights, valid, by_row)
        for band, scale in enumerate(scales):
            if scale.shape[1] != 1:
                found[band] *= scale
        if self.has_cell:
            cell = np.broadcast_to(np.sqrt(width * height), heights.shape).astype(np.float32)
            found = np.concatenate([found, cell[np.newaxis]])
        if self.has_heights:
            found = np.concatenate([found, heights[np.newaxis]])
        if self.needs_all:
            valid = _surrounded(valid)
        return PixelBlock(found, valid[np.newaxis])


def _surrounded(valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which pixels are there with all their eight neighbours."""
    found = np.zeros_like(valid)
    if min(valid.shape) > 2:
        by_col = valid[:-2] & valid[1:-1] & valid[2:]
        found[1:-1, 1:-1] = by_col[:, :-2] & by_col[:, 1:-1] & by_col[:, 2:]
    return found
