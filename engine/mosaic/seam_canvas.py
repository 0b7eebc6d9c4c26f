"""The pixels of a cell near seamlines: shares of several rasters, summed up in order and divided once.

Each raster counts with its share. What the shares leave to 1, where seamlines fade inwards or a
neighbour has no pixels, goes to the rasters by their claims (`engine.mosaic.seam_weight`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.kernel import kernel
from engine.mosaic.operators.base import as_type
from engine.mosaic.seam_weight import SeamWeights
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence


@kernel
def _add_kernel(  # noqa: PLR0913, PLR0917 -- a kernel takes no records
    data, valid, share, claim, sums, weights, counts, alone
):
    rows, cols = share.shape
    for band in range(data.shape[0]):
        valid_band = band if valid.shape[0] > 1 else 0
        for r in range(rows):
            for c in range(cols):
                own, others = share[r, c], claim[r, c]
                if not valid[valid_band, r, c] or not (own > 0.0 or others > 0.0):
                    continue
                value = np.float64(data[band, r, c])
                sums[0, band, r, c] += own * value
                sums[1, band, r, c] += others * value
                weights[0, band, r, c] += own
                weights[1, band, r, c] += others
                counts[band, r, c] = min(counts[band, r, c] + 1, 2)
                alone[band, r, c] = value


@kernel
def _finish_kernel(sums, weights, counts, alone, out):
    bands, rows, cols = counts.shape
    for band in range(bands):
        for r in range(rows):
            for c in range(cols):
                if counts[band, r, c] == 1:
                    out[band, r, c] = alone[band, r, c]
                elif counts[band, r, c] > 1:
                    shares, claims = weights[0, band, r, c], weights[1, band, r, c]
                    total, value = shares, sums[0, band, r, c]
                    if shares < 1.0 and claims > 0.0:
                        rest = 1.0 - shares
                        total = 1.0
                        value += rest * sums[1, band, r, c] / claims
                    out[band, r, c] = value / total


def warm_up(dtypes: Sequence[str]) -> None:
    """Call the kernels once with the samples of each type."""
    weights = SeamWeights(np.ones((2, 2)), np.ones((2, 2)))
    for dtype in dtypes:
        canvas = SeamCanvas((1, 2, 2))
        for _ in range(2):
            canvas.add(
                PixelBlock(np.zeros((1, 2, 2), dtype), np.ones((1, 2, 2), np.bool_)), weights
            )
        canvas.finish(PixelType.U8)


class SeamCanvas:
    """What was taken in so far, per band.

    Parameters
    ----------
    shape : (bands, rows, cols)
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._sums = np.zeros((2, *shape))
        self._weights = np.zeros((2, *shape))
        self._counts = np.zeros(shape, np.uint8)
        self._alone = np.zeros(shape)

    def add(self, block: PixelBlock, weights: SeamWeights) -> None:
        """Take in a raster's pixels of the whole cell."""
        _add_kernel(
            block.data,
            block.valid,
            weights.share,
            weights.claim,
            self._sums,
            self._weights,
            self._counts,
            self._alone,
        )

    def finish(self, pixel_type: PixelType) -> PixelBlock:
        """Return the pixels; those to which no raster with a weight came are invalid."""
        out = np.zeros(self._alone.shape)
        _finish_kernel(self._sums, self._weights, self._counts, self._alone, out)
        return as_type(out, self._counts > 0, pixel_type)
