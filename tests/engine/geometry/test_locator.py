"""Most points of a regular grid are interpolated from few: as exact as they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from engine.geometry.locator import MapLocator, locate_between
from engine.geometry.projection import MERCATOR, operation
from engine.target_grid import Lattice

PLACES = {
    (MERCATOR, "EPSG:32631"): (600000.0, 5500000.0),
    ("EPSG:32631", "EPSG:4326"): (600000.0, 5000000.0),
    ("EPSG:4326", "EPSG:32631"): (5.0, 44.0),
    ("EPSG:4326", "EPSG:3031"): (5.0, -70.0),
    (MERCATOR, "EPSG:4326"): (600000.0, 5500000.0),
}

_HEMISPHERE = (
    'PROJCRS["o",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",'
    'ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["o",METHOD["Orthographic"],'
    'PARAMETER["Latitude of natural origin",0],PARAMETER["Longitude of natural origin",0]],'
    'CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)


def _grid(corner: tuple[float, float], pixel: float, spacing: int) -> list[np.ndarray]:
    steps = np.arange(0, 257, spacing) * pixel
    return np.meshgrid(corner[0] + steps, corner[1] - steps)


@pytest.mark.parametrize("crs", PLACES)
@pytest.mark.parametrize("metres", [0.5, 5.0, 50.0, 500.0, 5000.0])
@pytest.mark.parametrize("spacing", [1, 4])
def test_points_between_few_are_as_exact_as_they_are_said_to_be(
    crs: tuple[str, str], metres: float, spacing: int
) -> None:
    pixel = metres / 111_000 if crs[0] == "EPSG:4326" else metres
    lattice = Lattice(crs[0], pixel, pixel, 0.0, 0.0, 0.0, 0.0)
    locator = MapLocator(operation(*crs).pipeline)
    grid = _grid(PLACES[crs], pixel, spacing)
    x, y, good, off_px = locate_between(locator, *grid, lattice)
    exact_x, exact_y, _ = locator.locate(*grid, lattice)
    size = np.hypot(np.diff(exact_x, axis=1), np.diff(exact_y, axis=1)).min() / spacing
    assert good.all()
    assert off_px <= 1e-7
    assert np.hypot(x - exact_x, y - exact_y).max() / size <= off_px + 1e-7


def test_where_some_points_are_undefined_each_is_worked_out_by_itself() -> None:
    locator = MapLocator(operation("EPSG:4326", _HEMISPHERE).pipeline)
    pixel = 10.0 / 256
    lattice = Lattice("EPSG:4326", pixel, pixel, 0.0, 0.0, 0.0, 0.0)
    grid = _grid((85.0, 5.0), pixel, 1)
    x, y, good, off_px = locate_between(locator, *grid, lattice)
    exact_x, exact_y, exact_good = locator.locate(*grid, lattice)
    assert 0.3 < good.mean() < 0.7
    assert np.array_equal(good, exact_good)
    assert np.array_equal(x, exact_x, equal_nan=True)
    assert np.array_equal(y, exact_y, equal_nan=True)
    assert off_px == 0.0
