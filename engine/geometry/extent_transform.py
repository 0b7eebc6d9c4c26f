"""Boxes under a coordinate operation: edges and inside are sampled, so a pole inside a box counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.extent import Extent
from engine.geometry.projection import inverse, transform, transform_checked

Floats = NDArray[np.float64]


def transform_extent(pipeline: str, extent: Extent, samples: int = 21) -> Extent | None:
    """Return the box around a transformed box, or None where no point of it can be transformed.

    Edges and inside are sampled at `samples` × `samples` points, so a pole inside the box counts.
    """
    if pipeline == "proj=noop":
        return extent
    xs, ys = _sampled(extent, samples)
    tolerance_x = max(extent.width, abs(extent.xmax) * 1e-6) * 1e-3
    tolerance_y = max(extent.height, abs(extent.ymax) * 1e-6) * 1e-3
    out_x, out_y, good = transform_checked(pipeline, xs, ys, tolerance_x, tolerance_y)
    return _box_of(out_x[good], out_y[good])


def inverse_extent(pipeline: str, extent: Extent, samples: int = 21) -> Extent | None:
    """Return the box in the pipeline's source CRS around a box of its target CRS, or None."""
    if pipeline == "proj=noop":
        return extent
    xs, ys = _sampled(extent, samples)
    out_x, out_y = inverse(pipeline, xs, ys)
    back_x, back_y = transform(pipeline, out_x, out_y)
    with np.errstate(invalid="ignore"):
        good = (np.abs(back_x - xs) <= 1e-3 * extent.width) & (
            np.abs(back_y - ys) <= 1e-3 * extent.height
        )
    return _box_of(out_x[good], out_y[good])


def _sampled(box: Extent, samples: int) -> tuple[Floats, Floats]:
    xs = np.linspace(box.xmin, box.xmax, samples)
    ys = np.linspace(box.ymin, box.ymax, samples)
    return np.tile(xs, (samples, 1)), np.repeat(ys, samples).reshape(samples, samples)


def _box_of(x: Floats, y: Floats) -> Extent | None:
    if x.size == 0:
        return None
    return Extent(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
