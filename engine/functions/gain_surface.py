"""The GainSurface function: gains that change slowly across a raster, such as light and vignetting do.

A gain of a pixel depends on where it lies in its raster, and on nothing else: all levels of a pyramid,
and all cuts of a view, are corrected alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import GainSurfaceRule
from engine.functions.base import WHOLE_RASTER, BandsInfo, BlockPlace, EachPixel, arguments_of
from engine.functions.cast import cast
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.request_parts import RenderingRule

    Floats = NDArray[np.float64]

MAX_NODES = 64


def node_weights(shares: NDArray[np.floating], nodes: int) -> Floats:
    """Return the weights (n, nodes) of nodes at places 0 to 1 between the first and the last."""
    if nodes == 1:
        return np.ones((shares.size, 1))
    position = np.clip(shares, 0.0, 1.0) * (nodes - 1)
    first = np.minimum(position.astype(np.int64), nodes - 2)
    rest = position - first
    weights = np.zeros((shares.size, nodes))
    here = np.arange(shares.size)
    weights[here, first] = 1.0 - rest
    weights[here, first + 1] = rest
    return weights


@dataclass(frozen=True, slots=True)
class BoundGainSurface:
    """GainSurface with gains (bands, rows, cols) of its nodes."""

    output: BandsInfo
    gains: Floats

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the results of a block that is the whole raster."""
        return self.apply_at(block, WHOLE_RASTER.of(block.cols, block.rows))

    def apply_at(self, block: PixelBlock, place: BlockPlace) -> PixelBlock:
        """Return the results in the output type: clamped and rounded where it holds whole numbers."""
        _, rows, cols = self.gains.shape
        down = node_weights(place.top + (np.arange(block.rows) + 0.5) * place.step_y, rows)
        across = node_weights(place.left + (np.arange(block.cols) + 0.5) * place.step_x, cols)
        values = np.empty(block.data.shape, np.float64)
        with np.errstate(all="ignore"):
            for band, gains in enumerate(self.gains):
                np.multiply(block.data[band], down @ gains @ across.T, out=values[band])
        good = np.isfinite(values)
        valid = block.valid if good.all() else block.valid & good
        return cast(PixelBlock(values, valid), self.output.pixel_type)


class GainSurface(EachPixel):
    """The raster function; output is of the input's type unless the rule names one."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundGainSurface:
        """Check the nodes.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, GainSurfaceRule)
        rows, cols, gains = arguments.rows, arguments.cols, arguments.gains
        if not (1 <= rows <= MAX_NODES and 1 <= cols <= MAX_NODES):
            raise InvalidParameter("rows, cols", (rows, cols), f"1 to {MAX_NODES} nodes a side")
        counts = (rows * cols, rows * cols * info.bands)
        if len(gains) not in counts or not all(map(math.isfinite, gains)):
            accepted = f"finite numbers, {rows} × {cols} for all bands or for each of {info.bands}"
            raise InvalidParameter("gains", f"{len(gains)} numbers", accepted)
        nodes = np.array(gains, np.float64).reshape(-1, rows, cols)
        nodes = np.ascontiguousarray(np.broadcast_to(nodes, (info.bands, rows, cols)))
        output = BandsInfo(rule.output_pixel_type or info.pixel_type, info.bands)
        return BoundGainSurface(output, nodes)
