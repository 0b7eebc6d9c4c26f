"""LERC 1: read back by Esri's own library, and byte for byte what Esri's encoder wrote."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import lerc
import numpy as np
import pytest

from engine.formats import FORMATS
from engine.formats.base import EncodeOptions
from engine.formats.lerc1 import encode_lerc1
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

# One pixel, less than a block, one block, blocks with a rest, blocks wider than eight.
SHAPES = [(1, 1), (7, 3), (8, 8), (15, 23), (31, 57), (257, 257)]


def read(data: bytes) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Decode with Esri's library: (bands, rows, cols) and one mask."""
    status, values, mask, *_ = lerc.decode(data)
    assert status == 0
    values = values.reshape(-1, *values.shape[-2:])
    valid = np.ones(values.shape[1:], np.bool_) if mask is None else mask.astype(np.bool_)
    return values, valid


def waves(bands: int, shape: tuple[int, int], dtype: str) -> NDArray[np.float32]:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    planes = [90 + 30 * np.sin(x / 9 + band) + 20 * np.cos(y / 7) for band in range(bands)]
    return np.stack(planes).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32"])
def test_lossless_samples_come_back_exactly(shape: tuple[int, int], dtype: str) -> None:
    data = waves(3, shape, dtype)
    values, valid = read(encode_lerc1(PixelBlock(data, np.ones((1, *shape), np.bool_)), 0))
    assert valid.all()
    assert (values == data).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("tolerance", [0.01, 0.5, 4.0])
def test_errors_stay_within_the_tolerance(shape: tuple[int, int], tolerance: float) -> None:
    data = waves(1, shape, "float32")
    values, _ = read(encode_lerc1(PixelBlock(data, np.ones((1, *shape), np.bool_)), tolerance))
    assert np.abs(values.astype(float) - data).max() <= tolerance + np.spacing(data.max())


def test_a_tolerance_makes_the_file_smaller() -> None:
    block = PixelBlock(waves(1, (64, 64), "float32"), np.ones((1, 64, 64), np.bool_))
    sizes = [len(encode_lerc1(block, tolerance)) for tolerance in (0, 0.001, 0.1, 5)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] * 8 < sizes[0]


@pytest.mark.parametrize("pattern", ["noise", "runs", "none"])
def test_the_mask_comes_back_whatever_its_runs(pattern: str) -> None:
    shape = (300, 700)
    valid = np.zeros((1, *shape), np.bool_)
    if pattern == "noise":
        valid = np.random.default_rng(4).random((1, *shape)) > 0.5
    elif pattern == "runs":
        valid[0, 20:250, 100:613] = True
    data = waves(1, shape, "float32")
    values, found = read(encode_lerc1(PixelBlock(data, valid), 0.01))
    assert (found == valid[0]).all()
    assert np.abs(values - data)[valid].max(initial=0) <= 0.0101


def test_a_mask_longer_than_a_run_can_say() -> None:
    shape = (1200, 1200)
    valid = np.random.default_rng(5).random((1, *shape)) > 0.5
    valid[0, 600:] = False
    _, found = read(encode_lerc1(PixelBlock(np.ones((1, *shape), np.uint8), valid), 0))
    assert (found == valid[0]).all()


def test_one_mask_stands_for_all_bands() -> None:
    data = waves(2, (20, 20), "float32")
    valid = np.ones((2, 20, 20), np.bool_)
    valid[0, 3, 4] = valid[1, 5, 6] = False
    values, found = read(encode_lerc1(PixelBlock(data, valid), 0))
    assert (found == valid.all(axis=0)).all()
    assert (values[:, found] == data[:, found]).all()


def test_what_invalid_pixels_hold_never_reaches_the_bytes() -> None:
    data, valid = waves(1, (20, 20), "float32"), np.ones((1, 20, 20), np.bool_)
    valid[0, 5:9, 2:17] = False
    other = np.where(valid, data, np.float32(np.nan))
    assert encode_lerc1(PixelBlock(data, valid), 0) == encode_lerc1(PixelBlock(other, valid), 0)


def test_numbers_of_any_size_are_kept_plain_where_steps_do_not_reach() -> None:
    bits = np.random.default_rng(6).integers(0, 2**32, (1, 40, 40), np.uint32)
    data = bits.view(np.float32)
    data[0, 0, 0] = np.inf
    valid = ~np.isnan(data)
    values, found = read(encode_lerc1(PixelBlock(data, valid), 0.01))
    assert (found == valid[0]).all()
    assert (values[valid] == data[valid]).all()


@pytest.mark.small
def test_the_format_writes_the_version_that_is_asked_for() -> None:
    data = np.zeros((1, 8, 8), np.float32)
    data[0, 2, 3] = np.nan
    block = PixelBlock(data, np.ones((1, 8, 8), np.bool_))
    encoded = FORMATS["lerc"].encode(block, EncodeOptions(lerc_version=1))
    assert bytes(encoded.data[:10]) == b"CntZImage "
    _, found = read(bytes(encoded.data))
    assert (found == ~np.isnan(data[0])).all()


def test_a_blob_of_esri_is_written_again_byte_for_byte(shared_data: Path) -> None:
    data = (shared_data / "09_esri" / "lerc" / "world.lerc1").read_bytes()
    values, valid = read(data)
    assert encode_lerc1(PixelBlock(values, valid[np.newaxis]), 0.1) == data


@pytest.mark.parametrize(
    "name", ["california_400_400_1_float.lerc2", "bluemarble_256_256_3_byte.lerc2"]
)
def test_pictures_of_esri_go_through_both_versions(name: str, shared_data: Path) -> None:
    values, valid = read((shared_data / "09_esri" / "lerc" / name).read_bytes())
    if values.shape[-1] == 3:
        values = np.moveaxis(values, 2, 0)
        valid = valid[..., 0] if valid.ndim == 3 else valid
    again, found = read(encode_lerc1(PixelBlock(values, valid[np.newaxis]), 0))
    assert (found == valid).all()
    assert (again[:, valid] == values[:, valid]).all()


def test_plain_samples_are_one_block_as_decoders_in_browsers_want_them() -> None:
    """Those of ArcGIS for JavaScript and of Cesium take a plain block for the whole image."""
    data = waves(1, (31, 57), "float32")
    valid = np.ones((1, 31, 57), np.bool_)
    valid[0, :9, :9] = False
    written = encode_lerc1(PixelBlock(data, valid), 0)
    head = 10 + struct.calcsize("<4id")
    _, _, mask_bytes, _ = struct.unpack_from("<3if", written, head)
    down, across, size, _ = struct.unpack_from("<3if", written, head + 16 + mask_bytes)
    assert (down, across) == (1, 1)
    assert size == 1 + 4 * valid.sum()
    values, read_valid = read(written)
    assert (read_valid == valid[0]).all()
    assert (values[0] == data[0])[valid[0]].all()
