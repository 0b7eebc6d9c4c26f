"""Shapes between the map of a service and the image space of one of its rasters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from engine.errors import InvalidParameter
from engine.image_space import image_space_item
from engine.item_space import Points
from engine.place import convert

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.request import QueryRequest
    from engine.results import QueryResult
    from engine.service import ImageService


def shape_on_map(service: ImageService, shape: shapely.Geometry, crs: str) -> shapely.Geometry:
    """Return a shape of image space in the service's CRS, by its vertices.

    Raises
    ------
    InvalidParameter
        A vertex has no place on the ground.
    ItemNotFound, SourceError
    """
    moved = _moved(service, shape, crs, "")
    if moved is None:
        raise InvalidParameter("geometry", "in image space", "a place where the ground is known")
    return moved


def footprint_in_image(service: ImageService, wkb: bytes, crs: str) -> bytes:
    """Return a footprint in service CRS as WKB in image space; b"" where not all of it has a place there."""
    if not wkb:
        return wkb
    moved = _moved(service, shapely.from_wkb(wkb), "", crs)
    return b"" if moved is None else bytes(shapely.to_wkb(moved))


def query_on_map(service: ImageService, request: QueryRequest) -> QueryRequest:
    """Return a query whose geometry and answer are on the map; see `rows_in_image`."""
    out_crs = "" if image_space_item(request.out_crs) is not None else request.out_crs
    if image_space_item(request.crs) is None or not request.geometry:
        return msgspec.structs.replace(request, out_crs=out_crs)
    shape = shape_on_map(service, shapely.from_wkb(request.geometry), request.crs)
    geometry = bytes(shapely.to_wkb(shape))
    return msgspec.structs.replace(request, geometry=geometry, crs="", out_crs=out_crs)


def rows_in_image(service: ImageService, found: QueryResult, crs: str) -> QueryResult:
    """Return the rows of a query with their footprints in image space."""
    rows = tuple(
        msgspec.structs.replace(row, footprint=footprint_in_image(service, row.footprint, crs))
        for row in found.rows
    )
    return msgspec.structs.replace(found, rows=rows, crs=crs)


def _moved(
    service: ImageService, shape: shapely.Geometry, from_crs: str, to_crs: str
) -> shapely.Geometry | None:
    lost = False

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal lost
        x, y = (np.ascontiguousarray(points[:, axis]) for axis in (0, 1))
        found = convert(service, Points(x, y, np.full(x.size, math.nan)), from_crs, to_crs)
        moved = np.column_stack([found.x, found.y])
        lost = not np.isfinite(moved).all()
        return np.where(np.isfinite(moved), moved, 0.0)

    moved = shapely.transform(shape, move)
    return None if lost else moved
