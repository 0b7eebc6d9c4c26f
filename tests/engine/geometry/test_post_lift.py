"""Samples become heights post by post: factor, offset, voids, then the undulation of each place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from rasterio import Affine

from engine.geometry.geoid import DatumShift
from engine.geometry.post_lift import PostLift
from engine.geometry.posts import SIDE, PostLevel
from engine.geometry.projection import LONLAT, operation, transform
from engine.process_memory import process_memory
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

UTM = PostLevel(0, (500000.0, 90.0, 0.0, 5200000.0, 0.0, -90.0))


def _lift(shift: DatumShift, void_m: float = math.nan, crs: str = "EPSG:32632") -> PostLift:
    return PostLift(factor=2.0, offset_m=1.0, void_m=void_m, crs=crs, shift=shift)


def _none() -> DatumShift:
    return DatumShift("ellipsoid", "ellipsoid", process_memory())


def _geoid(tmp_path: Path) -> DatumShift:
    rng = np.random.default_rng(0)
    grid = rng.uniform(20, 60, (1, 181, 360)).astype(np.float32)
    place = Affine(1, 0, -180.5, 0, -1, 90.5)
    path = write_raster(tmp_path / "g.tif", grid, "EPSG:4326", place)
    return DatumShift(str(path), "ellipsoid", process_memory())


def test_factor_offset_and_voids_come_in_this_order() -> None:
    samples = np.array([[1.0, np.nan]])
    np.testing.assert_array_equal(_lift(_none()).finish(UTM, 0, 0, samples), [[3.0, np.nan]])
    np.testing.assert_array_equal(_lift(_none(), 7.0).finish(UTM, 0, 0, samples), [[3.0, 7.0]])


def test_places_of_a_block_are_exact_enough_for_any_undulation(tmp_path: Path) -> None:
    shift = _geoid(tmp_path)
    found = _lift(shift).finish(UTM, -1, 255, np.zeros((SIDE, SIDE)))
    row, col = np.mgrid[-1 : SIDE - 1, 255 : 255 + SIDE]
    x, y = 500000 + (col + 0.5) * 90.0, 5200000 - (row + 0.5) * 90.0
    lon, lat = transform(operation("EPSG:32632", LONLAT).pipeline, x.ravel(), y.ravel())
    wanted = 1.0 + shift.at(lon, lat).reshape(SIDE, SIDE)
    # Neighbours of this grid differ by 20 m and more, real ones by less than one.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4)


def test_across_the_antimeridian_places_stay_together(tmp_path: Path) -> None:
    shift = _geoid(tmp_path)
    level = PostLevel(0, (300000.0, 5000.0, 0.0, 700000.0, 0.0, -5000.0))
    found = _lift(shift, crs="EPSG:32660").finish(level, 0, 0, np.zeros((SIDE, SIDE)))
    row, col = np.mgrid[0:SIDE, 0:SIDE]
    x, y = 300000 + (col + 0.5) * 5000.0, 700000 - (row + 0.5) * 5000.0
    lon, lat = transform(operation("EPSG:32660", LONLAT).pipeline, x.ravel(), y.ravel())
    assert lon.min() < -170 < 170 < lon.max()
    wanted = 1.0 + shift.at(lon, lat).reshape(SIDE, SIDE)
    # 80 km between nodes here, against 24 m with posts of metres.
    assert np.abs(found - wanted).max() < 1.0
    assert np.abs(found - wanted).mean() < 0.1


def test_undulations_differ_in_their_keys(tmp_path: Path) -> None:
    assert _lift(_none()).key == _lift(_none()).key
    assert _lift(_none()).key != _lift(_none(), 0.0).key
    assert _lift(_none()).key != _lift(_geoid(tmp_path)).key
