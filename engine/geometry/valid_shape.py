"""Polygons that cross themselves or have collapsed in part, made into ones that can be computed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def valid_shape(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape that covers what another does and is valid.

    Crossing rings count even-odd. Where a part has collapsed to a point or line beside one that crosses
    itself, which GEOS refuses to do so, rings count as areas that are joined, and what has collapsed is left out.

    Raises
    ------
    shapely.errors.GEOSException
        Neither can be done.
    """
    import shapely  # noqa: PLC0415 -- the front imports it for the rare request with a polygon

    try:
        return shapely.make_valid(shape)
    except shapely.errors.GEOSException:
        return shapely.make_valid(shape, method="structure", keep_collapsed=False)
