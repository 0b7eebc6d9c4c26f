"""Refinement by control points: QuickBird's five surveyed ones, and made ones whose answer is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import Gcp
from engine.geotransforms.rpc_refine import after_affine, refine_rpc
from tests.engine.geotransforms.rpc_models import (
    by_formula,
    ground_within,
    made_record,
    record_of_raster,
    truth,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geotransforms.rpc import RpcRecord

AFFINE = (-3.0, 1 + 2e-4, -1e-4, 2.5, 3e-5, 1 - 1e-4)


def gcps_of(record: RpcRecord, count: int, noise: float = 0.0) -> list[Gcp]:
    """Points that `record` shows where it says."""
    lon, lat, height = ground_within(record, count)
    cols, rows = by_formula(record, lon, lat, height)
    cols, rows = np.random.default_rng(5).normal((cols, rows), noise)
    ground = zip(lon.tolist(), lat.tolist(), height.tolist(), strict=True)
    return [
        Gcp(col=col, row=row, x=x, y=y, z=z, id=f"p{n}")
        for n, (col, row, (x, y, z)) in enumerate(
            zip(cols.tolist(), rows.tolist(), ground, strict=True)
        )
    ]


def test_quickbirds_surveyed_points_fit_after_the_mean_shift(shared_data: Path) -> None:
    folder = shared_data / "04_rpc_satellite" / "qb2_baviaans"
    reference = truth(folder / "reference")
    gcps = [
        Gcp(
            col=point["measured_col"] + 0.5,
            row=point["measured_row"] + 0.5,
            x=point["lon"],
            y=point["lat"],
            z=point["h"],
            id=point["id"],
        )
        for point in reference["gcps"]
    ]
    fit = refine_rpc(record_of_raster(folder / "qb2_basic1b.tif"), gcps, "shift")
    want = reference["refinement"]
    assert fit.record.shift_px == pytest.approx(want["mean_shift_col_row"], abs=1e-4)
    assert fit.rms_before_px == pytest.approx(want["rms_before_px"], abs=5e-4)
    assert fit.rms_after_px == pytest.approx(want["rms_after_shift_px"], abs=5e-4)
    affine = refine_rpc(record_of_raster(folder / "qb2_basic1b.tif"), gcps, "affine")
    assert affine.rms_before_px == fit.rms_before_px
    assert affine.rms_after_px < fit.rms_after_px


def test_a_shift_is_the_mean_residual_and_adds_to_one_that_is_there() -> None:
    start = made_record(shift_px=(1.0, 2.0))
    moved = made_record(shift_px=(-4.5, 7.25))
    fit = refine_rpc(start, gcps_of(moved, 4), "shift")
    assert fit.record.shift_px == pytest.approx((-4.5, 7.25), abs=1e-7)
    assert fit.before == pytest.approx(np.full((4, 2), (-5.5, 5.25)), abs=1e-7)
    assert fit.rms_after_px < 1e-7


def test_an_affine_is_found_and_joined_to_what_was_there() -> None:
    start = made_record(correction=(5.0, 1.0, 1e-5, -2.0, 0.0, 1.0), shift_px=(0.5, 0.25))
    moved = after_affine(start, AFFINE)
    fit = refine_rpc(start, gcps_of(moved, 8), "affine")
    assert fit.rms_before_px > 1
    assert fit.rms_after_px < 1e-7
    assert fit.record.shift_px == (0.0, 0.0)
    assert fit.record.correction == pytest.approx(moved.correction, abs=1e-6)
    ground = ground_within(start, 50)
    got, want = (record.bind().ground_to_image(*ground) for record in (fit.record, moved))
    assert np.abs(np.subtract(got, want)).max() < 1e-6


def test_joining_an_affine_puts_it_after_everything_else() -> None:
    start = made_record(correction=(5.0, 1.001, 1e-5, -2.0, 0.0, 1.0), shift_px=(0.5, 0.25))
    ground = ground_within(start, 10)
    cols, rows = start.bind().ground_to_image(*ground)
    a0, a1, a2, b0, b1, b2 = AFFINE
    got = after_affine(start, AFFINE).bind().ground_to_image(*ground)
    want = (a0 + a1 * cols + a2 * rows, b0 + b1 * cols + b2 * rows)
    assert np.abs(np.subtract(got, want)).max() < 1e-8


def test_noise_is_reported_as_what_remains() -> None:
    record = made_record()
    fit = refine_rpc(record, gcps_of(made_record(shift_px=(3.0, 4.0)), 400, noise=0.5), "shift")
    assert fit.rms_before_px == pytest.approx(math.hypot(5, 0.5 * math.sqrt(2)), rel=0.02)
    assert fit.rms_after_px == pytest.approx(0.5 * math.sqrt(2), rel=0.1)


def changed(**changes: Any) -> list[Gcp]:
    """Four good points, the third changed."""
    gcps = gcps_of(made_record(), 4)
    gcps[2] = msgspec.structs.replace(gcps[2], **changes)
    return gcps


def on_a_line() -> list[Gcp]:
    """Four points in one row of the image."""
    model = made_record().bind()
    cols, heights = np.linspace(100, 9000, 4), np.full(4, 1000.0)
    lon, lat = model.image_to_ground(cols, np.full(4, 500.0), heights)
    places = zip(cols.tolist(), lon.tolist(), lat.tolist(), strict=True)
    return [Gcp(col=col, row=500.0, x=x, y=y, z=1000.0) for col, x, y in places]


REFUSED = [
    ("shift", [], "at least 1"),
    ("affine", gcps_of(made_record(), 2), "at least 3"),
    ("affine", on_a_line(), "spread in the plane"),
    ("shift", changed(z=None), "a height"),
    ("shift", changed(z=math.nan), "a height"),
    ("shift", changed(col=math.nan), "finite"),
    ("affine", changed(x=80.0), "that the RPC covers"),
]


@pytest.mark.parametrize(("kind", "gcps", "accepted"), REFUSED)
def test_points_that_say_nothing_are_refused(kind: Any, gcps: list[Gcp], accepted: str) -> None:
    with pytest.raises(InvalidParameter, match=accepted):
        refine_rpc(made_record(), gcps, kind)
