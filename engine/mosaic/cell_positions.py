"""Interpolated positions of every pixel of a cell part, for the steps that need them one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from engine.samplers.placement import CanvasPart

Floats = NDArray[np.float64]


def part_positions(part: CanvasPart) -> tuple[Floats, Floats]:
    """Return raster-CRS x, y (rows, cols) at the pixel centres of a part, as the samplers take them."""
    nodes = part.nodes
    rows = np.arange(part.row_start, part.row_stop) - part.row
    cols = np.arange(part.col_start, part.col_stop) - part.col
    quad_rows, quad_cols = rows // nodes.step, cols // nodes.step
    t = ((rows - quad_rows * nodes.step) / nodes.step)[:, np.newaxis]
    s = ((cols - quad_cols * nodes.step) / nodes.step)[np.newaxis, :]

    def interpolate(values: Floats) -> Floats:
        top = values[quad_rows][:, quad_cols] * (1 - s) + values[quad_rows][:, quad_cols + 1] * s
        low = (
            values[quad_rows + 1][:, quad_cols] * (1 - s)
            + values[quad_rows + 1][:, quad_cols + 1] * s
        )
        return np.asarray(top * (1 - t) + low * t)

    return interpolate(nodes.x), interpolate(nodes.y)
