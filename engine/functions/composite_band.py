"""The CompositeBand function: the bands of several rasters as those of one.

References
----------
ArcGIS REST API, raster function objects: CompositeBand (Rasters).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample
from engine.functions.base import BandsInfo, EachPixel, OfSeveral
from engine.functions.pointwise import PointwiseFunction
from engine.pixel_type import PixelType, pixel_type_of_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.request_parts import RenderingRule

T = TypeVar("T")

_MOST_BANDS = 4096


class CompositeBand(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is of a type that holds all inputs'."""

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Put the bands in a row.

        Raises
        ------
        InvalidParameter
        """
        bands = sum(info.bands for info in infos)
        if bands > _MOST_BANDS:
            raise InvalidParameter("Rasters", f"{bands} bands", f"at most {_MOST_BANDS}")
        samples = tuple(
            Sample(place, band) for place, info in enumerate(infos) for band in range(info.bands)
        )
        output = BandsInfo(
            rule.output_pixel_type or common_type(infos),
            bands,
            statistics=_all([info.statistics for info in infos], infos),
            histograms=_all([info.histograms for info in infos], infos),
            names=_all([info.names for info in infos], infos),
            wavelengths_nm=_all([info.wavelengths_nm for info in infos], infos),
            properties=infos[0].properties,
        )
        return PointwiseFunction(output, samples)


def common_type(infos: Sequence[BandsInfo]) -> PixelType:
    """Return the smallest pixel type that holds the samples of all."""
    kinds = {info.pixel_type for info in infos}
    if len(kinds) == 1:
        return kinds.pop()
    dtype = np.result_type(*(np.dtype(kind.dtype_name) for kind in kinds))
    return pixel_type_of_dtype(dtype.name) or PixelType.F64


def _all(entries: Sequence[tuple[T, ...]], infos: Sequence[BandsInfo]) -> tuple[T, ...]:
    """Return the entries of all inputs where each has one a band."""
    if any(len(own) != info.bands for own, info in zip(entries, infos, strict=True)):
        return ()
    return tuple(entry for own in entries for entry in own)
