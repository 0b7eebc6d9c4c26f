"""The kit's location grids of Ventoux against its published values and its RPC reference points."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from engine.errors import InvalidParameter
from raster_types.sensor_files.image_window import ImageWindow
from raster_types.sensor_files.location_grid import read_location_grid

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geotransforms.grid_sensor import GridSensor

LEFT = "GRID_PHR1B_P_201308051042194_SEN_690908101-001"
RIGHT = "GRID_PHR1B_P_201308051042523_SEN_690908101-002"
CROPS = {
    LEFT: ImageWindow(first_col=5000.0, first_row=5000.0),
    LEFT + "_LARGE": ImageWindow(first_col=5000.0, first_row=5000.0),
    RIGHT: ImageWindow(first_col=4915.0, first_row=5162.0),
}


def model_of(shared_data: Path, name: str) -> GridSensor:
    path = shared_data / "04_rpc_satellite" / "phr_ventoux" / "grids" / f"{name}.tif"
    with rasterio.open(path) as dataset:
        return read_location_grid(
            dataset.read(),
            dataset.transform.to_gdal(),
            dataset.tags(ns="GTiff"),
            window=CROPS[name],
        ).bind()


def truth(shared_data: Path) -> dict[str, Any]:
    path = shared_data / "04_rpc_satellite" / "phr_ventoux" / "reference" / "truth.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("name", [LEFT, LEFT + "_LARGE"])
def test_the_published_position_of_the_first_pixel_is_met_within_its_tolerance(
    shared_data: Path, name: str
) -> None:
    cases = truth(shared_data)["published"]["cases"]
    case = next(case for case in cases if "physical_grid" in case["name"])
    col, row, h = np.array([[case["col"] + 0.5], [case["row"] + 0.5], [case["h"]]])
    lon, lat = model_of(shared_data, name).image_to_ground(col, row, h)
    assert abs(lon[0] - case["lon"]) < case["tol_deg"]
    assert abs(lat[0] - case["lat"]) < case["tol_deg"]


@pytest.mark.parametrize("name", CROPS)
def test_the_physical_model_and_its_rpc_agree_as_closely_as_the_rpc_was_fitted(
    shared_data: Path, name: str
) -> None:
    model = model_of(shared_data, name)
    image = truth(shared_data)["computed"][int(name == RIGHT)]
    for sort, count in (("direct_constant_height", 75), ("direct_on_dem", 25)):
        points = {key: np.array([p[key] for p in image[sort]]) for key in image[sort][0]}
        assert points["h"].size == count
        lon, lat = model.image_to_ground(points["col"] + 0.5, points["row"] + 0.5, points["h"])
        assert np.abs(lon - points["lon"]).max() < 1e-7
        assert np.abs(lat - points["lat"]).max() < 1e-7
    points = {key: np.array([p[key] for p in image["inverse"]]) for key in image["inverse"][0]}
    col, row = model.ground_to_image(points["lon"], points["lat"], points["h"])
    assert np.abs(col - 0.5 - points["col"]).max() < 0.02
    assert np.abs(row - 0.5 - points["row"]).max() < 0.02


@pytest.mark.parametrize("name", CROPS)
def test_the_inverse_meets_the_pixel_it_came_from(shared_data: Path, name: str) -> None:
    model = model_of(shared_data, name)
    random = np.random.default_rng(11)
    col, row = random.uniform(-900, 1900, 2000), random.uniform(-900, 1500, 2000)
    z = random.uniform(*model.height_range, 2000)
    x, y = model.image_to_ground(col, row, z)
    inside = np.isfinite(x)
    assert inside.sum() > 1500
    again = model.ground_to_image(x[inside], y[inside], z[inside])
    assert np.hypot(again[0] - col[inside], again[1] - row[inside]).max() < 1e-5


TAGS = {
    "LG_GRID_TYPE": "DIRECT_LOCATION",
    "LG_REF": "EPSG:4326",
    **{f"LG_FIELD_B{n}": "lon" if n % 2 == 0 else "lat" for n in range(4)},
    **{f"LG_ALTITUDE_B{n}": str(100 * (n // 2)) for n in range(4)},
}
BANDS = np.zeros((4, 3, 3))
NORTH_UP = (0.5, 10.0, 0.0, 0.5, 0.0, 10.0)


@pytest.mark.parametrize(
    ("changes", "geotransform", "match"),
    [
        ({"LG_GRID_TYPE": "INVERSE_LOCATION"}, NORTH_UP, "LG_GRID_TYPE"),
        ({"LG_REF": ""}, NORTH_UP, "LG_REF"),
        ({"LG_FIELD_B2": "row"}, NORTH_UP, "LG_FIELD_B2"),
        ({"LG_FIELD_B2": "lat"}, NORTH_UP, "LG_FIELD"),
        ({"LG_ALTITUDE_B1": "high"}, NORTH_UP, "LG_ALTITUDE_B1"),
        ({"LG_ALTITUDE_B1": "nan"}, NORTH_UP, "LG_ALTITUDE_B1"),
        ({}, (0.5, 10.0, 1.0, 0.5, 0.0, 10.0), "geotransform"),
    ],
)
def test_what_is_no_such_grid_is_refused(
    changes: dict[str, str], geotransform: tuple[float, ...], match: str
) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_location_grid(BANDS, geotransform, TAGS | changes)


def test_a_grid_of_zeros_is_refused_when_it_is_bound() -> None:
    with pytest.raises(InvalidParameter, match="folds over"):
        read_location_grid(BANDS, NORTH_UP, TAGS).bind()
