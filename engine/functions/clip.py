"""The Clip function: pixels outside of a polygon, or of another raster's data, become no data.

A pixel is inside where its centre is, or lies on the edge. Edges are straight in the polygon's own CRS.

References
----------
ArcGIS REST API, raster function objects: Clip (ClippingGeometry, ClippingType, ClippingRaster, Extent).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import ClipRule
from engine.functions.base import BandsInfo, EachPixel, arguments_of
from engine.functions.cast import cast
from engine.functions.pointwise import PointwiseFunction
from engine.geometry.inside import pixels_inside
from engine.geometry.projection import canonical_crs
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.expressions.tree import Expression
    from engine.function_rules import Shape
    from engine.request_parts import RenderingRule
    from engine.target_grid import TargetGrid

_OUTSIDE, _INSIDE = 1, 2
_AREAS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True, slots=True)
class BoundClip:
    """Clip with its geometry.

    Attributes
    ----------
    shape : polygon or several, prepared
    crs : str
        Of the shape.
    keeps_inside : bool
    """

    output: BandsInfo
    shape: shapely.Geometry
    crs: str
    keeps_inside: bool

    def apply(self, block: PixelBlock) -> PixelBlock:
        """Return the block: what lies nowhere is not cut."""
        return cast(block, self.output.pixel_type)

    def apply_in(self, block: PixelBlock, grid: TargetGrid) -> PixelBlock:
        """Return what is left."""
        inside = pixels_inside(grid, self.shape, self.crs)
        kept = inside if self.keeps_inside else ~inside
        if not kept.all():
            block = PixelBlock(block.data, block.valid & kept[np.newaxis])
        return cast(block, self.output.pixel_type)


class Clip(EachPixel):
    """The raster function."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> BoundClip | PointwiseFunction:
        """Clip by a geometry.

        Raises
        ------
        InvalidParameter
        """
        return self.bind_inputs([info], rule)

    def bind_inputs(
        self, infos: Sequence[BandsInfo], rule: RenderingRule
    ) -> BoundClip | PointwiseFunction:
        """Clip by a geometry, or by the data of a second raster.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, ClipRule)
        if arguments.clipping_type not in (_OUTSIDE, _INSIDE):
            accepted = "1 (clip what is outside) or 2 (clip what is inside)"
            raise InvalidParameter("ClippingType", arguments.clipping_type, accepted)
        keeps_inside = arguments.clipping_type == _OUTSIDE
        output = replace(infos[0], pixel_type=rule.output_pixel_type or infos[0].pixel_type)
        geometry = arguments.clipping_geometry
        if len(infos) > 1:
            if geometry is not None:
                accepted = "a ClippingGeometry or a ClippingRaster"
                raise InvalidParameter("ClippingRaster", "beside a geometry", accepted)
            return _by_raster(output, infos[1].bands, keeps_inside=keeps_inside)
        name = "Extent" if geometry is None else "ClippingGeometry"
        given = geometry or arguments.extent
        if given is None:
            accepted = "a polygon or envelope, an Extent, or a ClippingRaster"
            raise InvalidParameter("ClippingGeometry", "none", accepted)
        return BoundClip(output, _area(name, given), _crs(name, given), keeps_inside)


def _by_raster(output: BandsInfo, bands: int, *, keeps_inside: bool) -> PointwiseFunction:
    """Clip by where any band of the second raster has data."""
    missing: Expression = reduce(
        lambda one, other: call("and", one, other),
        [call("is_null", Sample(1, band)) for band in range(bands)],
    )
    cut = missing if keeps_inside else call("not", missing)
    return PointwiseFunction(
        output, tuple(call("set_null", cut, Sample(0, band)) for band in range(output.bands))
    )


def _area(name: str, given: Shape) -> shapely.Geometry:
    try:
        shape = shapely.from_wkb(given.wkb)
    except shapely.errors.ShapelyError as err:
        raise InvalidParameter(name, "no WKB", "a polygon or envelope") from err
    if not shape.is_valid:
        shape = shapely.make_valid(shape)
    if shape.geom_type == "GeometryCollection":
        # Beside areas, what is left of a polygon that crosses itself.
        parts = [each for each in shapely.get_parts(shape) if each.geom_type in _AREAS]
        shape = shapely.union_all(parts)
    if shape.geom_type not in _AREAS or not shape.area > 0:
        raise InvalidParameter(name, shape.geom_type, "a polygon or envelope with an area")
    shapely.prepare(shape)
    return shape


def _crs(name: str, given: Shape) -> str:
    if not given.crs:
        accepted = "a geometry with a spatial reference"
        raise InvalidParameter(name, "no spatial reference", accepted)
    return canonical_crs(given.crs, f"{name}.spatialReference")
