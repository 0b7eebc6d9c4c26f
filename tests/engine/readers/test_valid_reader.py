"""Means of what counts, where the file itself does not say so: equal to numpy's, however they are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from engine.item import Level
from engine.levels import view_of_level
from engine.readers.drivers import open_raster
from engine.readers.valid_reader import read_valid
from engine.sample_rule import SampleRule

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 203, 117
RULE = SampleRule(0.0, (0.0, 900.0))


def _samples() -> np.ndarray:
    data = np.random.default_rng(3).integers(1, 1000, (HEIGHT, WIDTH)).astype(np.uint16)
    data[20:60, 30:90] = 0
    data[100:, 190:] = 0
    return data


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "width": WIDTH, "height": HEIGHT, "count": 2, "dtype": "uint16"}
    with rasterio.open(file, "w", crs="EPSG:32632", **profile) as out:
        out.write(np.stack([_samples(), _samples()[::-1]]))
    return str(file)


@pytest.mark.parametrize("shrink", [0, 1, 2, 3])
def test_means_are_those_of_the_samples_that_count(path: str, shrink: int) -> None:
    factor, view = 1 << shrink, view_of_level((Level(WIDTH, HEIGHT, 64, 64),), 0, shrink)
    place = (0, 0, view.rows, view.cols)
    with open_raster(path) as dataset:
        found = read_valid(dataset, [1, 2], view, place, [RULE, SampleRule(0.0)], 0)
        part = read_valid(dataset, [2], view, (3, 2, 9, 8), [SampleRule(0.0)], 0)
    np.testing.assert_array_equal(part[0], found[1, 3:12, 2:10])
    data = _samples()
    for row, col in [(0, 0), (5, 7), (view.rows - 1, view.cols - 1), (view.rows - 1, 3)]:
        cell = data[row * factor : (row + 1) * factor, col * factor : (col + 1) * factor]
        counts = cell[(cell > 0) & (cell <= 900)]
        expected = np.floor(counts.mean() + 0.5) if counts.size else 0
        assert found[0, row, col] == expected


def test_a_blurred_level_loses_what_lies_beside_no_data_in_any_cut(path: str) -> None:
    view = view_of_level((Level(WIDTH, HEIGHT, 64, 64),), 0)
    rule = SampleRule(0.0)
    with open_raster(path) as dataset:
        whole = read_valid(dataset, [1], view, (0, 0, HEIGHT, WIDTH), [rule], 1)[0]
        parts = np.zeros_like(whole)
        for row in range(0, HEIGHT, 20):
            for col in range(0, WIDTH, 30):
                rows, cols = min(20, HEIGHT - row), min(30, WIDTH - col)
                place = (row, col, rows, cols)
                parts[row : row + rows, col : col + cols] = read_valid(
                    dataset, [1], view, place, [rule], 1
                )[0]
    np.testing.assert_array_equal(parts, whole)
    hole = np.zeros((HEIGHT, WIDTH), np.bool_)
    hole[19:61, 29:91] = True
    hole[99:, 189:] = True
    np.testing.assert_array_equal(whole == 0, hole)
    np.testing.assert_array_equal(whole[~hole], _samples()[~hole])
