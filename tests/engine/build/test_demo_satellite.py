"""The invented satellite sees what its formulas say, and its RPC says the same."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio.transform import RPCTransformer
from rasterio.warp import transform

from engine.build.demo_satellite import Satellite, fit_rpc
from engine.extent import Extent

UTM = "EPSG:32627"
BOX = Extent(524_000.0, 4_895_000.0, 527_000.0, 4_898_000.0)
SATELLITE = Satellite(
    525_500.0, 4_896_500.0, 900, 800, 3.0, from_east_deg=26.0, from_south_deg=-8.0
)


def _points() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x, y = rng.uniform(BOX.xmin, BOX.xmax, 200), rng.uniform(BOX.ymin, BOX.ymax, 200)
    return x, y, rng.uniform(0, 1500, 200)


def test_the_middle_of_the_image_is_seen_from_the_east() -> None:
    middle = np.array([SATELLITE.columns / 2]), np.array([SATELLITE.rows / 2])
    rays = SATELLITE.rays(*middle)
    assert (rays.x[0], rays.y[0]) == (SATELLITE.x, SATELLITE.y)
    assert np.degrees(np.arctan(rays.lean_x[0])) == pytest.approx(26.0)
    assert np.degrees(np.arctan(rays.lean_y[0])) == pytest.approx(8.0)


def test_positions_are_where_rays_come_from() -> None:
    x, y, z = _points()
    back_x, back_y = SATELLITE.rays(*SATELLITE.positions(x, y, z)).at(z)
    assert np.abs(back_x - x).max() < 1e-6
    assert np.abs(back_y - y).max() < 1e-6


def test_the_rpc_says_what_the_satellite_sees() -> None:
    x, y, z = _points()
    model = fit_rpc(SATELLITE, UTM, BOX, (0.0, 1500.0))
    lon, lat = transform(UTM, "EPSG:4326", x, y)
    with RPCTransformer(model) as transformer:
        rows, cols = transformer.rowcol(lon, lat, zs=z.tolist(), op=float)
    col, row = SATELLITE.positions(x, y, z)
    assert np.abs(np.array(cols) - col).max() < 1e-4
    assert np.abs(np.array(rows) - row).max() < 1e-4
