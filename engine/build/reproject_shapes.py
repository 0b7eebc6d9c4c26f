"""Carry shapes drawn by people into another CRS of the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.build.seamline_rows import seamlines_by_row, set_seamline
from engine.build.seamlines.kept import as_made, remember_shapes
from engine.build.sum_up import boundary_is_edited
from engine.geometry.projection import operation, transform

if TYPE_CHECKING:
    from engine.build.service_table import ServiceTable


def reproject_edited(table: ServiceTable, old_crs: str, new_crs: str, srs_id: int) -> None:
    """Rewrite edited footprints and boundary and all seamlines; footprints made by build are cleared.

    The caller's build makes those again. Shapes that have no place in the new CRS are cleared too.
    """
    pipeline = operation(old_crs, new_crs).pipeline
    for row in table.rows("Shape IS NOT NULL"):
        wkb = reproject_wkb(row.wkb, pipeline) if row.is_edited else b""
        table.set_shape(row.id, wkb, srs_id)
    if boundary_is_edited(table):
        moved = [reproject_wkb(wkb, pipeline) for wkb in table.layer_shapes("boundary") if wkb]
        table.set_layer("boundary", [wkb for wkb in moved if wkb], srs_id)
    made = as_made(table)
    for fid, wkb in seamlines_by_row(table).items():
        set_seamline(table, fid, reproject_wkb(wkb, pipeline), srs_id)
    # Moved, they are still no edits of a person.
    remember_shapes(table, made)


def reproject_wkb(wkb: bytes, pipeline: str) -> bytes:
    """Return a shape in another CRS, b"" where a point of it has no place there."""

    def move(points: np.ndarray) -> np.ndarray:
        x, y = transform(pipeline, points[:, 0].copy(), points[:, 1].copy())
        return np.column_stack([x, y])

    shape = shapely.transform(shapely.from_wkb(wkb), move)
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return b""
    return bytes(shapely.to_wkb(shape, byte_order=1))
