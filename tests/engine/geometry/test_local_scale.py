"""Sizes of a raster's pixels on a map and on the ground."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from engine.geometry.local_scale import (
    ground_pixel_size_m,
    ground_pixel_sizes_m,
    lonlat_extent,
    map_scale,
    map_scales,
)
from engine.geometry.projection import operation

ZONE = (500_000.0, 10.0, 0.0, 6_700_000.0, 0.0, -10.0)
ROTATED = (500_000.0, 8.0, 6.0, 6_700_000.0, 6.0, -8.0)


@pytest.mark.parametrize("geotransform", [ZONE, ROTATED])
def test_scale_equals_finite_differences_at_the_centre(geotransform: tuple[float, ...]) -> None:
    pipeline = operation("EPSG:3857", "EPSG:32633").pipeline
    scale_x, scale_y = map_scale(geotransform, 100, 60, pipeline)
    a, b, c, d, e, f = geotransform
    x, y = a + 50 * b + 30 * c, d + 50 * e + 30 * f
    back = pyproj.Transformer.from_crs("EPSG:32633", "EPSG:3857", always_xy=True)
    inverse = np.linalg.inv([[b, c], [e, f]])

    def pixel(dx: float, dy: float) -> np.ndarray:
        map_x, map_y = back.transform(x, y)
        moved = back.transform(map_x + dx, map_y + dy, direction="INVERSE")
        return inverse @ (np.array(moved) - [x, y])

    assert scale_x == pytest.approx(np.hypot(*pixel(1.0, 0.0)), rel=1e-4)
    assert scale_y == pytest.approx(np.hypot(*pixel(0.0, 1.0)), rel=1e-4)


def test_many_at_once_are_as_one_by_one() -> None:
    pipeline = operation("EPSG:3857", "EPSG:32633").pipeline
    geotransforms = np.array([ZONE, ROTATED, (9e9, 1.0, 0.0, 9e9, 0.0, -1.0)])
    sizes = np.array([[100.0, 60.0], [4000.0, 3000.0], [10.0, 10.0]])
    scales = map_scales(geotransforms, sizes, pipeline)
    grounds = ground_pixel_sizes_m("EPSG:32633", geotransforms, sizes)
    for place in range(3):
        width, height = map(int, sizes[place])
        assert tuple(scales[place]) == map_scale(geotransforms[place], width, height, pipeline)
        assert grounds[place] == ground_pixel_size_m(
            "EPSG:32633", geotransforms[place], width, height
        )
    assert tuple(scales[2]) == (0, 0)


def test_ground_size_is_metres_whatever_the_crs() -> None:
    assert ground_pixel_size_m("EPSG:32633", ZONE, 100, 100) == pytest.approx(10, rel=0.005)
    degrees = (15.0, 1e-4, 0.0, 60.0, 0.0, -1e-4)
    assert ground_pixel_size_m("EPSG:4326", degrees, 100, 100) == pytest.approx(
        111_195 * 1e-4 * np.sqrt(0.5), rel=0.005
    )
    mercator = (1_000_000.0, 20.0, 0.0, 8_400_000.0, 0.0, -20.0)
    assert ground_pixel_size_m("EPSG:3857", mercator, 10, 10) == pytest.approx(10.0, rel=0.02)


def test_a_raster_across_the_antimeridian_has_an_extent_beyond_180() -> None:
    area = lonlat_extent("EPSG:32601", (116_000.0, 1000.0, 0.0, 100_000.0, 0.0, -1000.0), 100, 80)
    assert area is not None
    assert area.xmin < 180 < area.xmax
    assert area.width < 2
