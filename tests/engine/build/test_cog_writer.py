"""Files written tile by tile are what GDAL reads: samples, masks, levels, place, no data.

Covers engine.build.cog_tiles, engine.build.halving.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio

from engine.build.cog_writer import CogShape, CogWriter, levels_of
from engine.build.halving import halved_majority, halved_mean

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TILE = 64


def _write(
    path: Path, data: NDArray[Any], valid: NDArray[np.bool_], no_data: float | None = None
) -> Path:
    """Write all levels, each halved from the one before."""
    bands, rows, cols = data.shape
    shape = CogShape(
        levels=levels_of(cols, rows, TILE),
        tile_px=TILE,
        bands=bands,
        dtype=data.dtype,
        crs="EPSG:32633",
        geotransform=(500_000.0, 10.0, 0.0, 5_000_000.0, 0.0, -10.0),
    )
    with closing(CogWriter(shape, path.parent)) as writer:
        for level in range(len(shape.levels)):
            for row in range(0, data.shape[1], TILE):
                for col in range(0, data.shape[2], TILE):
                    at = np.s_[row : row + TILE, col : col + TILE]
                    writer.put((level, row // TILE, col // TILE), data[:, *at], valid[at])
            data, several = halved_mean(data, valid[np.newaxis])
            valid = several[0]
        writer.finish(path, no_data)
    return path


@pytest.mark.parametrize("bands", [1, 3, 5])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_gdal_reads_the_samples_that_were_put(tmp_path: Path, dtype: str, bands: int) -> None:
    rng = np.random.default_rng(3)
    data = (rng.random((bands, 150, 200)) * 250).astype(dtype)
    path = _write(tmp_path / "a.tif", data, np.ones((150, 200), np.bool_))
    with rasterio.open(path) as dataset:
        assert (dataset.read() == data).all()
        assert (dataset.dataset_mask() == 255).all()
        assert dataset.overviews(1) == [2, 4]
        assert dataset.crs.to_epsg() == 32633
        assert tuple(dataset.transform)[:6] == (10, 0, 500_000, 0, -10, 5_000_000)
    with rasterio.open(path, overview_level=0) as half:
        expected, _ = halved_mean(data, np.ones((1, 150, 200), np.bool_))
        assert (half.read() == expected).all()


def test_masks_are_read_at_each_level_and_empty_tiles_take_no_room(tmp_path: Path) -> None:
    valid = np.zeros((200, 200), np.bool_)
    valid[3:90, 5:70] = True
    data = np.where(valid, 7, 0).astype("uint8")[np.newaxis]
    path = _write(tmp_path / "a.tif", data, valid)
    with rasterio.open(path) as dataset:
        assert ((dataset.dataset_mask() != 0) == valid).all()
        assert (dataset.read() == data).all()
    with rasterio.open(path, overview_level=1) as quarter:
        assert (quarter.dataset_mask() != 0).sum() == pytest.approx(valid.sum() / 16, rel=0.15)
        assert set(np.unique(quarter.read())) == {0, 7}
    assert path.stat().st_size < 6000


def test_a_value_that_stands_for_holes_is_declared(tmp_path: Path) -> None:
    data = np.full((2, 70, 70), 5, "uint8")
    path = _write(tmp_path / "a.tif", data, np.ones((70, 70), np.bool_), no_data=0.0)
    with rasterio.open(path) as dataset:
        assert dataset.nodata == 0


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_means_are_of_valid_pixels_only(dtype: str, share: float) -> None:
    rng = np.random.default_rng(4)
    data = (rng.random((2, 13, 18)) * 200 - (0 if dtype[0] == "u" else 100)).astype(dtype)
    valid = rng.random((1, 13, 18)) < share
    for square in (np.s_[:, :12], np.s_[:, :]):
        _assert_means(np.ascontiguousarray(data[square]), np.ascontiguousarray(valid[square]))


def _assert_means(data: NDArray[Any], valid: NDArray[np.bool_]) -> None:
    out, good = halved_mean(data, valid)
    for (band, row, col), value in np.ndenumerate(out):
        at = np.s_[2 * row : 2 * row + 2, 2 * col : 2 * col + 2]
        samples = data[band][at][valid[0][at]].astype(float)
        assert good[0, row, col] == bool(samples.size)
        if samples.size:
            mean = samples.mean()
            expected = mean if data.dtype.kind == "f" else np.floor(mean + 0.5)
            assert value == pytest.approx(expected, rel=1e-6)


def test_of_classes_the_commonest_stays_and_of_equals_the_first() -> None:
    data = np.array([[[1, 2, 3, 3, 9], [2, 2, 4, 4, 8]]], "uint8")
    valid = np.ones((1, 2, 5), np.bool_)
    out, good = halved_majority(data, valid)
    assert out.tolist() == [[[2, 3, 9]]]
    valid[0, :, :2] = [[True, False], [False, False]]
    out, good = halved_majority(data, valid)
    assert out.tolist() == [[[1, 3, 9]]]
    assert good.all()
