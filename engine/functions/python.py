"""Functions in Python that an administrator has registered, in Esri's convention.

The user's code runs in a process of its own (see `engine.python_functions`): this one gives it pixels and
checks what comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FunctionFailed
from engine.function_rules import PythonRule
from engine.functions.base import BandsInfo, OfSeveral, arguments_of, retyped
from engine.functions.cast import cast
from engine.geometry.projection import describe_crs
from engine.image_space import image_space_item
from engine.pixels import PixelBlock
from engine.python_functions.messages import RasterFacts, RasterPlace
from engine.python_functions.runner import runner_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.python_functions.runner import PythonRunner
    from engine.request_parts import RenderingRule
    from engine.target_grid import TargetGrid

# Pixels that are given at a time: what a function needs of time and memory is bounded, whatever the view.
_STRIP_PX = 1 << 20


class Python(OfSeveral["BoundPython"]):
    """The raster function behind all names that are registered."""

    def padding(self, rule: RenderingRule) -> int:
        """Return the `padding` of its configuration."""
        arguments = arguments_of(rule, PythonRule)
        return runner_of(arguments).padding(arguments)

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> BoundPython:
        """Let the function say what it makes of the rasters.

        Raises
        ------
        FunctionFailed
            Its code failed.
        """
        arguments = arguments_of(rule, PythonRule)
        runner = runner_of(arguments)
        facts = tuple(_facts(info) for info in infos)
        found = _info(runner.bind(arguments, facts))
        output = retyped(found, rule.output_pixel_type) if rule.output_pixel_type else found
        return BoundPython(output, runner, arguments, facts, runner.padding(arguments))


@dataclass(frozen=True, slots=True)
class BoundPython:
    """A function that knows its rasters."""

    output: BandsInfo
    _runner: PythonRunner
    _rule: PythonRule
    _facts: tuple[RasterFacts, ...]
    _padding: int

    def apply(self, block: PixelBlock) -> PixelBlock:
        """As `combine`, of one raster."""
        return self.combine([block])

    def combine(self, blocks: Sequence[PixelBlock]) -> PixelBlock:
        """Return the results as if pixels were one unit wide, on no map."""
        extent = (0.0, -float(blocks[0].rows), float(blocks[0].cols), 0.0)
        return self._run(blocks, RasterPlace(extent=extent, wkid=0, cell_size=(1.0, 1.0)))

    def combine_on_map(self, blocks: Sequence[PixelBlock], grid: TargetGrid) -> PixelBlock:
        """Return the results; pixels that lack neighbours are invalid."""
        return self._run(blocks, _place(grid))

    def _run(self, blocks: Sequence[PixelBlock], place: RasterPlace) -> PixelBlock:
        rows, cols, edge = blocks[0].rows, blocks[0].cols, self._padding
        data = np.zeros((self.output.bands, rows, cols), self.output.pixel_type.dtype_name)
        valid = np.zeros(data.shape, np.bool_)
        across = slice(edge, cols - edge)
        step = max(1, _STRIP_PX // cols)
        for top in range(edge, rows - edge if cols > 2 * edge else 0, step):
            down = slice(top, min(top + step, rows - edge))
            made = self._strip(blocks, down, place)
            data[:, down, across] = made.data
            valid[:, down, across] = made.valid
        return PixelBlock(data, valid)

    def _strip(self, blocks: Sequence[PixelBlock], rows: slice, place: RasterPlace) -> PixelBlock:
        """Return some rows of the results; `place` is that of the whole blocks."""
        edge, cols = self._padding, blocks[0].cols
        wide = slice(rows.start - edge, rows.stop + edge)
        parts = [PixelBlock(block.data[:, wide], block.valid[:, wide]) for block in blocks]
        xmin, _, xmax, ymax = place.extent
        across, down = place.cell_size
        extent = (
            xmin + edge * across,
            ymax - rows.stop * down,
            xmax - edge * across,
            ymax - rows.start * down,
        )
        own = RasterPlace(extent=extent, wkid=place.wkid, cell_size=place.cell_size)
        made = self._runner.compute(self._rule, self._facts, parts, own)
        shape = (self.output.bands, rows.stop - rows.start, cols - 2 * edge)
        if made.data.shape != shape:
            why = f"it gave pixels of shape {made.data.shape}, asked for was {shape}"
            raise FunctionFailed(self._rule.name, 0, why)
        return cast(made, self.output.pixel_type)


def _facts(info: BandsInfo) -> RasterFacts:
    return RasterFacts(
        pixel_type=info.pixel_type,
        bands=info.bands,
        statistics=info.statistics,
        histograms=info.histograms,
        names=info.names,
        wavelengths_nm=info.wavelengths_nm,
        colormap=info.colormap,
        properties=info.properties,
        is_thematic=info.is_thematic,
        place=info.place,
    )


def _info(facts: RasterFacts) -> BandsInfo:
    return BandsInfo(
        facts.pixel_type,
        facts.bands,
        facts.statistics,
        facts.histograms,
        names=facts.names,
        wavelengths_nm=facts.wavelengths_nm,
        colormap=facts.colormap,
        properties=facts.properties,
        is_thematic=facts.is_thematic,
        place=facts.place,
    )


def _place(grid: TargetGrid) -> RasterPlace:
    box, lattice = grid.extent, grid.lattice
    is_image = image_space_item(lattice.crs) is not None
    return RasterPlace(
        extent=(box.xmin, box.ymin, box.xmax, box.ymax),
        wkid=0 if is_image else describe_crs(lattice.crs).wkid,
        cell_size=(lattice.pixel_x, lattice.pixel_y),
    )
