"""RPC records for tests: a made scene, those of real rasters, and the formula in plain numpy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio

from engine.geotransforms.rpc import RpcRecord
from raster_types.sensor_files.rpc_tags import read_rpc_tags

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def small_terms(seed: int, size: float = 1e-4) -> list[float]:
    """Twenty coefficients as small as those of higher order in real models."""
    return (np.random.default_rng(seed).uniform(-size, size, 20)).tolist()


def made_record(**changes: Any) -> RpcRecord:
    """A scene of 20,000 × 24,000 pixels near 5° E, 44° N with every coefficient different from zero."""
    row, col, row_down, col_down = (small_terms(seed) for seed in range(4))
    row[:4] = [1e-4, 0.02, -0.97, 0.012]
    col[:4] = [4e-3, 0.98, 0.016, 0.003]
    row_down[0] = col_down[0] = 1.0
    fields: dict[str, Any] = {
        "row_offset_px": 12_000.5,
        "col_offset_px": 10_000.5,
        "latitude_offset_deg": 44.1,
        "longitude_offset_deg": 5.28,
        "height_offset_m": 1075.0,
        "row_scale_px": 12_000.0,
        "col_scale_px": 10_000.0,
        "latitude_scale_deg": 0.06,
        "longitude_scale_deg": 0.065,
        "height_scale_m": 885.0,
        "row_numerator": tuple(row),
        "row_denominator": tuple(row_down),
        "col_numerator": tuple(col),
        "col_denominator": tuple(col_down),
    }
    return RpcRecord(**fields | changes)


def ground_within(record: RpcRecord, count: int, reach: float = 1.0) -> list[NDArray[np.float64]]:
    """Random longitudes, latitudes and heights within ±reach of the normalised ranges."""
    share = np.random.default_rng(count).uniform(-reach, reach, (3, count))
    return [
        record.longitude_offset_deg + share[0] * record.longitude_scale_deg,
        record.latitude_offset_deg + share[1] * record.latitude_scale_deg,
        record.height_offset_m + share[2] * record.height_scale_m,
    ]


def terms_rpc00b(lon: Any, lat: Any, high: Any) -> NDArray[np.float64]:
    """The twenty terms as the standard writes them, (20, n)."""
    x, y, z = (np.asarray(value, np.float64) for value in (lon, lat, high))
    return np.stack(
        [
            *(np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x, y * y, z * z),
            *(x * y * z, x**3, x * y * y, x * z * z, x * x * y, y**3, y * z * z),
            *(x * x * z, y * y * z, z**3),
        ]
    )


def by_formula(record: RpcRecord, lon: Any, lat: Any, height_m: Any) -> NDArray[np.float64]:
    """Column and row positions, (2, n), by the standard's formula, correction and shift after it."""
    terms = terms_rpc00b(
        (lon - record.longitude_offset_deg) / record.longitude_scale_deg,
        (lat - record.latitude_offset_deg) / record.latitude_scale_deg,
        (height_m - record.height_offset_m) / record.height_scale_m,
    )
    row = np.dot(record.row_numerator, terms) / np.dot(record.row_denominator, terms)
    col = np.dot(record.col_numerator, terms) / np.dot(record.col_denominator, terms)
    row = record.row_offset_px + row * record.row_scale_px
    col = record.col_offset_px + col * record.col_scale_px
    c0, c1, c2, r0, r1, r2 = record.correction
    return np.stack(
        [
            c0 + c1 * col + c2 * row + record.shift_px[0],
            r0 + r1 * col + r2 * row + record.shift_px[1],
        ]
    )


def record_of_raster(path: Path) -> RpcRecord:
    """The record of a raster's RPC tags."""
    with rasterio.open(path) as dataset:
        return read_rpc_tags(dataset.tags(ns="RPC"))


def truth(folder: Path) -> dict[str, Any]:
    """The reference values beside the rasters of a set."""
    found: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    return found


def columns(points: list[dict[str, float]], *names: str) -> list[NDArray[np.float64]]:
    """Values of points by name; col and row, whole at centres there, from the outer corner here."""
    half = {"col": 0.5, "row": 0.5}
    return [np.array([point[name] for point in points]) + half.get(name, 0.0) for name in names]
