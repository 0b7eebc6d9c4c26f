"""The ColormapToRGB function: the colours of a raster's colormap as three bands.

References
----------
ArcGIS REST API, raster function objects: ColormapToRGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, Table
from engine.functions.base import BandsInfo, EachPixel
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule

_NAMES = ("Red", "Green", "Blue")


class ColormapToRgb(EachPixel):
    """The raster function; values without a colour are no data."""

    def bind(self, info: BandsInfo, rule: RenderingRule) -> PointwiseFunction:
        """Look at the colormap.

        Raises
        ------
        InvalidParameter
            There is none.
        """
        if not info.colormap:
            raise InvalidParameter("Raster", "without a colormap", "a raster with a colormap")
        first = min(row[0] for row in info.colormap)
        count = max(row[0] for row in info.colormap) - first + 1
        valid = np.zeros(count, np.bool_)
        values = np.zeros((3, count))
        for value, *colour in info.colormap:
            valid[value - first] = True
            values[:, value - first] = colour
        tables = tuple(Table(Sample(0, 0), band, valid, first) for band in values)
        output = BandsInfo(rule.output_pixel_type or PixelType.U8, 3, names=_NAMES)
        return PointwiseFunction(output, tables)
