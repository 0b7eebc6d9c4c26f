"""Fit images to ground control points: an RPC is corrected, and what is missed is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geometry.geoid import ELLIPSOID, DatumShift
from engine.geometry.projection import LONLAT, canonical_crs, inverse, operation, transform
from engine.geometry.service_posts import open_service_posts
from engine.geometry.terrain import TerrainOpener
from engine.geometry.terrain_definition import RasterTerrain
from engine.geotransforms.rpc_refine import refine_rpc
from engine.process_memory import process_memory
from raster_types.sensor_files.gcp_table import GcpFile, read_gcp_file
from raster_types.sensor_files.gcps import in_one_piece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.geotransforms.gcps import Gcp
    from engine.geotransforms.rpc import RpcRecord
    from raster_types.base import ItemOptions, Product
    from raster_types.sensor_files.acquisition import Attributes

    Floats = NDArray[np.float64]

_RPC_FITS = ("shift", "affine")
_MOST_BYTES = 64_000_000
# Points that are missed by more are bad, or of another image, or their heights of another datum.
LARGE_RESIDUAL_PX = 2.0
# Surveyed points stand on roofs and plinths, but not this far from the ground, most of them.
_HEIGHT_DIFFERENCE_M = 15.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A sensor model fitted to control points.

    Attributes
    ----------
    attributes : dict
        GcpCount, GcpFit, GcpRmsBefore, GcpRmsAfter (pixels).
    notes : tuple of str
    """

    record: RpcRecord
    attributes: Attributes
    notes: tuple[str, ...]


def points_file(product: Product, options: ItemOptions) -> GcpFile:
    """Return the author's file of control points.

    Raises
    ------
    InvalidParameter
        It is of no known kind, or larger than 64 MB.
    SourceUnavailable
    """
    text = product.text(options.gcps, _MOST_BYTES)
    size, _ = product.files[options.gcps]
    if size > _MOST_BYTES:
        # What was read ends in the middle of a number.
        raise InvalidParameter("--gcps", f"{size} bytes", f"a file of at most {_MOST_BYTES}")
    return _read(text)


# One table serves all images of its folder.
@lru_cache(maxsize=4)
def _read(text: str) -> GcpFile:
    return read_gcp_file(text)


def crs_of_points(file: GcpFile, options: ItemOptions) -> str:
    """Return the CRS of control points: the file's, else the author's `--srs`; "" where neither says."""
    return canonical_crs(file.crs, "CRS of the control points") if file.crs else options.crs


def refine(record: RpcRecord, product: Product, path: str, options: ItemOptions) -> Fitted:
    """Return an RPC corrected by the author's control points; as it is where they are of other images.

    Heights count from what the file says, else from what those of the terrain do; points without a
    height get that of the terrain.

    Raises
    ------
    InvalidParameter
        See `points_file` and `refine_rpc`; also: a kind of fit that is not for an RPC, no CRS, no
        datum, no terrain.
    ConfigError, SourceError
        The terrain cannot be used.
    """
    fit = options.gcp_fit or "shift"
    if fit not in _RPC_FITS:
        raise InvalidParameter("--gcp-fit", fit, "shift or affine for an RPC")
    file = points_file(product, options)
    if not file.has_points_of(PurePath(path).name):
        # A table of some images of a folder leaves the others as they are.
        note = f"{PurePath(options.gcps).name} has no control points of it."
        return Fitted(record, {}, (note,))
    points = file.points_of(PurePath(path).name)
    crs = crs_of_points(file, options)
    if not crs:
        raise InvalidParameter("--srs", "", "the CRS of the control points: say it")
    gcps = _on_ellipsoid(in_one_piece(_in_degrees(points, crs)), file, record, options.terrain)
    found = refine_rpc(record, gcps, "affine" if fit == "affine" else "shift")
    before, after = found.rms_before_px, found.rms_after_px
    missed = f"{before:.2f} px before and {after:.3f} px after"
    notes = [f"Fitted to {len(gcps)} control points ({fit}): they are missed by {missed}."]
    if after > LARGE_RESIDUAL_PX:
        notes.append(large_residual_note(after, worst_point(gcps, found.after)))
    notes.extend(_height_doubts(gcps, record, options.terrain))
    attributes: Attributes = {
        "GcpCount": len(gcps),
        "GcpFit": fit,
        "GcpRmsBefore": before,
        "GcpRmsAfter": after,
    }
    return Fitted(found.record, attributes, tuple(notes))


def large_residual_note(rms_px: float, worst: str) -> str:
    """Return the warning about points that a fit misses."""
    return (
        f"Its control points are missed by {rms_px:.1f} px still, most {worst}: are they of this image,"
        " and their coordinates and heights of the stated systems?"
    )


def worst_point(gcps: Sequence[Gcp], residuals: Floats) -> str:
    """Return the name of the point that is missed by most, and by how much."""
    sizes = np.nan_to_num(np.hypot(residuals[:, 0], residuals[:, 1]))
    number = int(np.argmax(sizes))
    return f"{gcps[number].id or number + 1} by {sizes[number]:.1f} px"


def _in_degrees(points: Sequence[Gcp], crs: str) -> tuple[Gcp, ...]:
    x, y = np.array([gcp.x for gcp in points]), np.array([gcp.y for gcp in points])
    lon, lat = inverse(operation(LONLAT, crs).pipeline, x, y)
    if not np.isfinite([lon, lat]).all():
        raise InvalidParameter("gcps", f"points in {crs}", "points that have a place on Earth")
    return tuple(
        msgspec.structs.replace(gcp, x=float(lon[n]), y=float(lat[n]))
        for n, gcp in enumerate(points)
    )


def _on_ellipsoid(
    points: tuple[Gcp, ...], file: GcpFile, record: RpcRecord, terrain: TerrainDefinition | None
) -> tuple[Gcp, ...]:
    """Return points with heights in the RPC's vertical datum, from the terrain where they have none."""
    if any(gcp.z is None for gcp in points):
        if terrain is None:
            raise InvalidParameter("--dem", "", "a terrain for control points without a height")
        return _with_terrain(points, record, terrain)
    datum = file.vertical_datum or str(getattr(terrain, "vertical_datum", ""))
    if not datum:
        raise InvalidParameter("--dem-datum", "", "what heights of control points count from")
    shift = DatumShift(datum, record.vertical_datum or ELLIPSOID, process_memory())
    if shift.is_none:
        return points
    moved = shift.at(np.array([gcp.x for gcp in points]), np.array([gcp.y for gcp in points]))
    return tuple(
        msgspec.structs.replace(gcp, z=(gcp.z or 0.0) + float(moved[n]))
        for n, gcp in enumerate(points)
    )


def _height_doubts(
    gcps: Sequence[Gcp], record: RpcRecord, terrain: TerrainDefinition | None
) -> tuple[str, ...]:
    """Compare the heights of control points with the terrain: both are above the ellipsoid by now."""
    if not isinstance(terrain, RasterTerrain):
        return ()
    above = np.array([gcp.z for gcp in gcps], np.float64) - _terrain_at(gcps, record, terrain)
    known = above[np.isfinite(above)]
    if not known.size or abs(float(np.median(known))) <= _HEIGHT_DIFFERENCE_M:
        return ()
    words = f"{np.abs(np.median(known)):.0f} m {'above' if np.median(known) > 0 else 'below'}"
    doubt = "is the terrain's datum right, or its undulation of the wrong sign?"
    return (f"Its control points lie {words} the terrain: {doubt}",)


def _terrain_at(points: Sequence[Gcp], record: RpcRecord, definition: TerrainDefinition) -> Floats:
    opener = TerrainOpener(process_memory(), open_service=open_service_posts)
    terrain = opener.open(definition, record.bind())
    lon, lat = np.array([gcp.x for gcp in points]), np.array([gcp.y for gcp in points])
    return terrain.heights(*transform(operation(LONLAT, terrain.crs).pipeline, lon, lat), 0.0)


def _with_terrain(
    points: tuple[Gcp, ...], record: RpcRecord, definition: TerrainDefinition
) -> tuple[Gcp, ...]:
    heights = _terrain_at(points, record, definition)
    for gcp, height in zip(points, heights.tolist(), strict=True):
        if not math.isfinite(height):
            raise InvalidParameter("gcps", gcp.id, "points that the terrain covers")
    return tuple(msgspec.structs.replace(gcp, z=float(heights[n])) for n, gcp in enumerate(points))
