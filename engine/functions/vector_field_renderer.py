"""The VectorFieldRenderer function: a vector field as a picture of arrows, wind barbs or dots.

Symbols stand on tiles of output pixels that are numbered from the world's origin, and each is made of the
pixels of its tile alone, so that pictures put side by side equal one. Between symbols there is no data.

References
----------
ArcGIS REST API, raster function objects: VectorFieldRenderer (IsUVComponents, ReferenceSystem,
MassFlowAngleRepresentation, CalculationMethod, SymbologyName).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.function_rules import VectorFieldRendererRule
from engine.functions.base import BandsInfo, arguments_of
from engine.functions.vector_field import DATA_TYPE, UV
from engine.functions.vector_symbols import (
    KNOTS_PER_M_S,
    arrows,
    barbs,
    beaufort_colours,
    class_colours,
    dots,
    draw_kernel,
    ink,
)
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.geometry.ground_cells import GroundCells
    from engine.request_parts import RenderingRule

    Floats = NDArray[np.float64]

_ARROW, _SCALAR, _BARB, _CLASSIFIED = (
    "single arrow",
    "simple scalar",
    "wind barb",
    "classified arrow",
)
# Knots of a unit of magnitude, by the symbols for winds.
_BEAUFORT = {
    "beaufort wind": KNOTS_PER_M_S,
    "beaufort wind (meters)": KNOTS_PER_M_S,
    "beaufort wind (knots)": 1.0,
}
_NAMES = "Single Arrow, Classified Arrow, Wind Barb, Simple Scalar, Beaufort Wind (Knots) or Beaufort Wind (Meters)"
_AVERAGE, _CENTRE = "vector average", ("center", "centre", "nearest neighbor")
_LEAST_TILE, _MOST_TILE = 8, 100
# Without statistics a magnitude of this is of half size.
_USUAL = 10.0
# What drawing costs, in samples looked at for each pixel.
_TAPS = 16


class VectorFieldRenderer:
    """The raster function; output is three bands of U8."""

    def padding(self, rule: RenderingRule) -> int:
        """Return what makes all tiles whole.

        Raises
        ------
        InvalidParameter
        """
        size = arguments_of(rule, VectorFieldRendererRule).symbol_tile_size
        if not _LEAST_TILE <= size <= _MOST_TILE:
            accepted = f"{_LEAST_TILE} to {_MOST_TILE} pixels"
            raise InvalidParameter("SymbolTileSize", size, accepted)
        return size - 1

    def taps(self, rule: RenderingRule) -> int:
        """Return what a pixel costs, which does not grow with the padding."""
        del rule
        return _TAPS

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundVectors:
        """Check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, VectorFieldRendererRule)
        symbol = arguments.symbology_name.strip().casefold()
        if symbol not in (_ARROW, _SCALAR, _BARB, _CLASSIFIED, *_BEAUFORT):
            raise InvalidParameter("SymbologyName", arguments.symbology_name, _NAMES)
        if info.bands < 2 and symbol != _SCALAR:
            raise InvalidParameter(
                "Raster", "one band", "two bands: U and V, or size and direction"
            )
        for name, value, accepted in (
            ("ReferenceSystem", arguments.reference_system, (1, 2)),
            ("MassFlowAngleRepresentation", arguments.mass_flow_angle_representation, (0, 1)),
        ):
            if value not in accepted:
                raise InvalidParameter(name, value, " or ".join(map(str, accepted)))
        method = arguments.calculation_method.strip().casefold()
        if method != _AVERAGE and method not in _CENTRE:
            accepted_methods = "Vector Average or Center"
            raise InvalidParameter(
                "CalculationMethod", arguments.calculation_method, accepted_methods
            )
        is_uv = arguments.is_uv_components
        if is_uv is None:
            is_uv = info.property(DATA_TYPE) == UV
        tile_px = self.padding(rule) + 1
        output = BandsInfo(PixelType.U8, 3, names=("Red", "Green", "Blue"))
        vectors = _Vectors(
            is_uv and info.bands > 1,
            arguments.reference_system == 1,
            arguments.mass_flow_angle_representation == 0,
            method == _AVERAGE,
        )
        return BoundVectors(output, vectors, symbol, tile_px, _range(info, is_uv=is_uv))


def _range(info: BandsInfo, *, is_uv: bool) -> tuple[float, float] | None:
    known = info.statistics[:2]
    if len(known) < min(info.bands, 2) or any(each.is_empty for each in known):
        return None
    first = known[0]
    if not is_uv or info.bands < 2:
        return float(first.min), float(first.max)
    largest = [max(abs(each.min), abs(each.max)) for each in known]
    return 0.0, float(np.hypot(largest[0], largest[1]))


@dataclass(frozen=True, slots=True)
class _Vectors:
    """What the bands mean."""

    is_uv: bool
    is_geographic: bool
    is_from: bool
    is_average: bool

    def parts(self, first: Floats, second: Floats) -> tuple[Floats, Floats]:
        """Return where vectors point: to the east and to the north."""
        if self.is_uv:
            return first, second
        sign = -1.0 if self.is_from else 1.0
        along, across = np.cos(np.radians(second)), np.sin(np.radians(second))
        east, north = (across, along) if self.is_geographic else (along, across)
        return sign * first * east, sign * first * north


@dataclass(frozen=True, slots=True)
class BoundVectors:
    """The bound renderer.

    Attributes
    ----------
    magnitudes : (least, largest) or None
        Of the field; None = not known.
    """

    output: BandsInfo
    vectors: _Vectors
    symbol: str
    tile_px: int
    magnitudes: tuple[float, float] | None

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Draw a block as if its first pixel were the world's."""
        return self._drawn(block, 0, 0)

    def apply_on(self, block: PixelBlock, ground: GroundCells) -> PixelBlock:
        """Draw a block at its place in the world."""
        return self._drawn(block, ground.row, ground.col)

    def _drawn(self, block: PixelBlock, row: int, col: int) -> PixelBlock:
        tile = self.tile_px
        place = (tile, row % tile, col % tile)
        valid = np.asarray(block.valid[: self._bands(block)].all(axis=0))
        parts = [block.data[band].astype(np.float64) for band in range(self._bands(block))]
        for part in parts:
            valid = valid & np.isfinite(part)
        magnitude, angle, is_drawn = self._tiles(parts, valid, place)
        shapes, colours = self._symbols(magnitude.ravel(), angle.ravel())
        out = np.empty((3, *valid.shape), np.uint8)
        good = valid.copy()
        draw_kernel(
            shapes.reshape(*magnitude.shape, *shapes.shape[1:]),
            colours.reshape(*magnitude.shape, 3),
            is_drawn,
            place,
            out,
            good,
        )
        return PixelBlock(out, good[np.newaxis])

    def _bands(self, block: PixelBlock) -> int:
        return min(block.bands, 2)

    def _tiles(
        self, parts: list[Floats], valid: NDArray[np.bool_], place: tuple[int, int, int]
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return magnitude and angle (from east to north) of each tile, and which have any."""
        if len(parts) == 1:
            east, north = parts[0], np.zeros_like(parts[0])
        else:
            with np.errstate(all="ignore"):
                east, north = self.vectors.parts(*parts)
        weights = valid.astype(np.float64)
        if not self.vectors.is_average:
            weights *= _centres(valid.shape, place)
        counts = _summed(weights, place)
        is_drawn = counts > 0
        with np.errstate(all="ignore"):
            means = [
                _summed(np.where(weights > 0, part, 0.0), place) / counts for part in (east, north)
            ]
        x, y = (np.where(is_drawn & np.isfinite(mean), mean, 0.0) for mean in means)
        if len(parts) == 1:
            return x, np.zeros_like(x), is_drawn
        return np.hypot(x, y), np.arctan2(y, x), is_drawn

    def _symbols(self, magnitude: Floats, angle: Floats) -> tuple[Floats, Floats]:
        shares = self._shares(magnitude)
        if self.symbol == _SCALAR:
            return dots(shares, self.tile_px), ink(magnitude.size)
        if self.symbol == _BARB:
            return barbs(angle, magnitude * KNOTS_PER_M_S, self.tile_px), ink(magnitude.size)
        shapes = arrows(angle, shares, self.tile_px)
        if self.symbol == _CLASSIFIED:
            return shapes, class_colours(shares)
        if self.symbol in _BEAUFORT:
            return shapes, beaufort_colours(magnitude * _BEAUFORT[self.symbol])
        return shapes, ink(magnitude.size)

    def _shares(self, magnitude: Floats) -> Floats:
        """Return sizes from 0 to 1."""
        if self.magnitudes is None:
            size = np.abs(magnitude)
            return np.asarray(size / (size + _USUAL))
        low, high = self.magnitudes
        if not high > low:
            return np.full(magnitude.shape, 0.5)
        return np.clip((magnitude - low) / (high - low), 0.0, 1.0)


def _starts(count: int, first: int, tile_px: int) -> NDArray[np.int64]:
    """Return where tiles begin among so many pixels, the first of which is number `first` of its tile."""
    return np.concatenate([[0], np.arange(tile_px - first, count, tile_px)]).astype(np.int64)


def _summed(values: Floats, place: tuple[int, int, int]) -> Floats:
    """Return the sums of tiles."""
    tile, first_row, first_col = place
    rows = np.add.reduceat(values, _starts(values.shape[0], first_row, tile), axis=0)
    return np.asarray(np.add.reduceat(rows, _starts(values.shape[1], first_col, tile), axis=1))


def _centres(shape: tuple[int, ...], place: tuple[int, int, int]) -> NDArray[np.bool_]:
    tile, first_row, first_col = place
    rows = (first_row + np.arange(shape[0])) % tile == tile // 2
    cols = (first_col + np.arange(shape[1])) % tile == tile // 2
    return np.asarray(rows[:, np.newaxis] & cols)
