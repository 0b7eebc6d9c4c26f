"""GDAL's own GCP transformers, as oracles."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.geotransforms.gcps import Gcp

Floats = NDArray[np.float64]


def spline_to_source(gcps: Sequence[Gcp], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Columns and rows by GDAL's thin-plate spline transformer."""
    points = [GroundControlPoint(row=p.row, col=p.col, x=p.x, y=p.y, z=0.0) for p in gcps]
    with GCPTransformer(points, tps=True) as transformer:
        rows, cols = transformer.rowcol(x, y, op=_as_it_is)
    return np.asarray(cols), np.asarray(rows)


def polynomial_to_source(
    program: Path, gcps: Sequence[Gcp], order: int, places: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Columns and rows by the program gdaltransform."""
    listed = [f"{number!r}" for p in gcps for number in (p.col, p.row, p.x, p.y)]
    options = [text for i in range(0, len(listed), 4) for text in ("-gcp", *listed[i : i + 4])]
    asked = "".join(f"{x!r} {y!r}\n" for x, y in zip(*(v.tolist() for v in places), strict=True))
    ran = subprocess.run(
        [program, "-i", "-order", str(order), *options],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = np.array([[float(v) for v in line.split()] for line in ran.stdout.splitlines()])
    return answers[:, 0], answers[:, 1]


def _as_it_is(value: Floats) -> Floats:
    return value
