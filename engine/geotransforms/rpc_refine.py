"""Refinement of an RPC by ground control points: a shift, or an affine by least squares, in image space."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import least_squares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.geotransforms.gcps import Gcp
    from engine.geotransforms.positions import Floats
    from engine.geotransforms.rpc import RpcRecord

Refining = Literal["shift", "affine"]
_LEAST = {"shift": 1, "affine": 3}


@dataclass(frozen=True, slots=True)
class Refinement:
    """A refined record, and how well it fits.

    Attributes
    ----------
    record : RpcRecord
    before, after : float64 (n, 2)
        Measured minus projected positions in pixels (columns, rows), one row a point, in their order.
    """

    record: RpcRecord
    before: Floats
    after: Floats

    @property
    def rms_before_px(self) -> float:
        """Root mean square distance before."""
        return _rms(self.before)

    @property
    def rms_after_px(self) -> float:
        """Root mean square distance after; 0 for an affine through three points, which proves nothing."""
        return _rms(self.after)


def refine_rpc(record: RpcRecord, gcps: Sequence[Gcp], kind: Refining) -> Refinement:
    """Fit an RPC to control points; a correction that it has already is kept and refined.

    Parameters
    ----------
    gcps
        Longitude (x), latitude (y), height (z, in the record's vertical datum), and the measured
        position (corner origin).
    kind
        "shift": the mean residual. "affine": six numbers by least squares, from three points on.

    Raises
    ------
    InvalidParameter
        Too few points, points on a line, a point without height or outside the model.
    """
    if len(gcps) < _LEAST[kind]:
        raise InvalidParameter("gcps", f"{len(gcps)} points", f"at least {_LEAST[kind]} for {kind}")
    measured = np.array([(gcp.col, gcp.row) for gcp in gcps], np.float64)
    before = measured - _projected(record, gcps)
    refined = _shifted(record, before) if kind == "shift" else _fitted(record, gcps, measured)
    return Refinement(refined, before, measured - _projected(refined, gcps))


def _projected(record: RpcRecord, gcps: Sequence[Gcp]) -> Floats:
    for gcp in gcps:
        if gcp.z is None or not math.isfinite(gcp.z):
            raise InvalidParameter("gcps", _named(gcp), "a height for every point")
        if not all(math.isfinite(number) for number in (gcp.x, gcp.y, gcp.col, gcp.row)):
            raise InvalidParameter("gcps", _named(gcp), "finite positions and coordinates")
    ground = np.array([(gcp.x, gcp.y, gcp.z) for gcp in gcps], np.float64)
    positions = np.stack(record.bind().ground_to_image(*ground.T), axis=1)
    outside = np.flatnonzero(np.isnan(positions).any(axis=1))
    if outside.size:
        raise InvalidParameter("gcps", _named(gcps[outside[0]]), "points that the RPC covers")
    return positions


def _shifted(record: RpcRecord, residuals: Floats) -> RpcRecord:
    cols, rows = residuals.mean(axis=0).tolist()
    shift = (record.shift_px[0] + cols, record.shift_px[1] + rows)
    return msgspec.structs.replace(record, shift_px=shift)


def _fitted(record: RpcRecord, gcps: Sequence[Gcp], measured: Floats) -> RpcRecord:
    # What is fitted is the residual, centred: pixel numbers of a full scene would cost digits.
    start = _projected(record, gcps)
    center = start.mean(axis=0)
    reach = float(np.abs(start - center).max()) or 1.0
    fit = least_squares((start - center) / reach, measured - start, 1)
    (c0, c1, c2), (r0, r1, r2) = fit.tolist()
    c1, c2, r1, r2 = c1 / reach, c2 / reach, r1 / reach, r2 / reach
    moved_col = c0 - c1 * float(center[0]) - c2 * float(center[1])
    moved_row = r0 - r1 * float(center[0]) - r2 * float(center[1])
    return after_affine(record, (moved_col, 1 + c1, c2, moved_row, r1, 1 + r2))


def after_affine(record: RpcRecord, affine: tuple[float, ...]) -> RpcRecord:
    """Return a record whose positions are those of `record` put through an affine (GDAL's order)."""
    a0, a1, a2, b0, b1, b2 = affine
    c0, c1, c2, r0, r1, r2 = record.correction
    c0, r0 = c0 + record.shift_px[0], r0 + record.shift_px[1]
    joined = (
        *(a0 + a1 * c0 + a2 * r0, a1 * c1 + a2 * r1, a1 * c2 + a2 * r2),
        *(b0 + b1 * c0 + b2 * r0, b1 * c1 + b2 * r1, b1 * c2 + b2 * r2),
    )
    return msgspec.structs.replace(record, correction=joined, shift_px=(0.0, 0.0))


def _rms(residuals: Floats) -> float:
    return float(np.sqrt((residuals**2).sum(axis=1).mean()))


def _named(gcp: Gcp) -> str:
    name = f"{gcp.id} " if gcp.id else ""
    return f"{name}({gcp.col:g}, {gcp.row:g}) at ({gcp.x:.10g}, {gcp.y:.10g}, {gcp.z})"
