"""One good record for every geotransform, and where to try it: what the conformance tests run on.

A plane transform: positions of its source that it is good for. A sensor model: ground points.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.geotransforms import (
    Affine,
    DisplacementGrid,
    Polynomial,
    PolynomialFromGcps,
    Projective,
    ThinPlateSpline,
)
from engine.geotransforms.gcps import Gcp
from tests.engine.geotransforms.cameras import aerial_camera, tabulated
from tests.engine.geotransforms.rpc_models import made_record

if TYPE_CHECKING:
    from engine.geotransforms import Geotransform


class Sample(NamedTuple):
    """A record and the box (x0, y0, x1, y1) of source positions, or (x, y, z) ranges of ground points."""

    record: Geotransform
    low: tuple[float, ...]
    high: tuple[float, ...]


def bent(col: float, row: float) -> tuple[float, float]:
    """A smooth map from an image of 1000 × 800 pixels to UTM coordinates."""
    bend = 40 * math.sin(col / 300) * math.cos(row / 250)
    return 500_000 + 2.0 * col + 0.3 * row + bend, 4_500_000 - 2.1 * row + 0.2 * col - bend / 2


def bent_gcps(per_side: int = 6) -> tuple[Gcp, ...]:
    """Control points of `bent` on a lattice."""
    cols, rows = (np.linspace(0, end, per_side).tolist() for end in (1000, 800))
    places = [(col, row, *bent(col, row)) for col in cols for row in rows]
    return tuple(
        Gcp(col=col, row=row, x=x, y=y, id=f"p{n}") for n, (col, row, x, y) in enumerate(places)
    )


def waves(scale: float) -> tuple[tuple[float, ...], ...]:
    """Shifts of a displacement grid of 9 × 11 nodes."""
    return tuple(
        tuple(scale * math.sin(col / 2) * math.cos(row / 3) for col in range(11))
        for row in range(9)
    )


_IMAGE = ((0.0, 0.0), (1000.0, 800.0))

SAMPLES: dict[str, Sample] = {
    "Affine": Sample(
        Affine(source_to_output=(500_000.0, 2.0, 0.3, 4_500_000.0, 0.2, -2.1)), *_IMAGE
    ),
    "Projective": Sample(
        Projective(source_to_output=(2.0, 0.3, 500_000.0, 0.2, -2.1, 4_500_000.0, 1e-7, 2e-7, 1.0)),
        *_IMAGE,
    ),
    "Polynomial": Sample(
        Polynomial(
            to_source_col=(500.0, 490.0, 5.0, 12.0, -3.0, 2.0, 1.0, 0.5, -0.5, 0.2),
            to_source_row=(400.0, 4.0, -380.0, 2.0, 5.0, -6.0),
            center=(501_000.0, 4_499_000.0),
            scale=(1000.0, 900.0),
        ),
        *_IMAGE,
    ),
    "PolynomialFromGcps": Sample(PolynomialFromGcps(gcps=bent_gcps(), order=2), *_IMAGE),
    "ThinPlateSpline": Sample(ThinPlateSpline(gcps=bent_gcps()), *_IMAGE),
    "DisplacementGrid": Sample(
        DisplacementGrid(
            origin=(-20.0, 820.0), step=(104.0, -105.0), dx=waves(6.0), dy=waves(-5.0)
        ),
        (0.0, 0.0),
        (1000.0, 800.0),
    ),
    "FrameCamera": Sample(
        aerial_camera(), (299_500.0, 4_999_600.0, 0.0), (300_500.0, 5_000_400.0, 400.0)
    ),
    "GridSensor": Sample(
        tabulated(aerial_camera(), (0.0, 200.0, 400.0)),
        (299_700.0, 4_999_800.0, 0.0),
        (300_300.0, 5_000_200.0, 400.0),
    ),
    "RPC": Sample(
        made_record(correction=(3.0, 1.0001, 2e-5, -4.0, -1e-5, 0.9999), shift_px=(0.5, -0.25)),
        (5.22, 44.05, 200.0),
        (5.34, 44.15, 1900.0),
    ),
}
