"""LERC: the version in the file, tolerances, NaN, and what is refused."""

from __future__ import annotations

import lerc
import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions
from engine.formats.lerc import encode_lerc2
from engine.pixels import PixelBlock


def surface(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return (1000 + 200 * np.sin(x / 9) + 100 * np.cos(y / 7)).astype(np.float32)[np.newaxis]


def test_blobs_have_a_version_that_old_clients_read() -> None:
    data = encode_lerc2(PixelBlock(surface((8, 8)), np.ones((1, 8, 8), np.bool_)), 0)
    assert data[:6] == b"Lerc2 "
    assert int.from_bytes(data[6:10], "little") == 4


@pytest.mark.parametrize("tolerance", [0.01, 1.0])
def test_errors_stay_within_the_tolerance_and_bytes_shrink(tolerance: float) -> None:
    block = PixelBlock(surface((64, 64)), np.ones((1, 64, 64), np.bool_))
    data = encode_lerc2(block, tolerance)
    _, values, *_ = lerc.decode(data)
    rounding = np.spacing(values.max())
    assert np.abs(values - block.data[0]).max() <= tolerance + rounding
    assert len(data) < len(encode_lerc2(block, 0))


def test_each_band_is_a_blob_of_its_own() -> None:
    block = PixelBlock(np.zeros((3, 5, 5), np.int16), np.ones((1, 5, 5), np.bool_))
    assert encode_lerc2(block, 0).count(b"Lerc2 ") == 3


def test_nan_is_masked() -> None:
    data = surface((6, 6))
    data[0, 2, 3] = np.nan
    status, values, mask, *_ = lerc.decode(
        encode_lerc2(PixelBlock(data, np.ones((1, 6, 6), np.bool_)), 0)
    )
    assert status == 0
    assert (mask.astype(np.bool_) == ~np.isnan(data[0])).all()
    assert (values[mask.astype(np.bool_)] == data[0][~np.isnan(data[0])]).all()


def test_noise_that_does_not_compress_still_fits() -> None:
    random = np.random.default_rng(2)
    data = random.integers(0, 2**32, (3, 40, 40), np.uint32).view(np.float32)
    block = PixelBlock(data, random.random((3, 40, 40)) > 0.5)
    usable = block.valid & ~np.isnan(data)
    _, values, mask, *_ = lerc.decode(encode_lerc2(block, 0))
    assert (mask.astype(np.bool_) == usable).all()
    assert (values[usable] == data[usable]).all()


@pytest.mark.parametrize("version", [0, 3])
def test_other_versions_are_refused_by_name(version: int) -> None:
    block = PixelBlock(surface((4, 4)), np.ones((1, 4, 4), np.bool_))
    with pytest.raises(InvalidParameter, match="lercVersion"):
        FORMATS["lerc"].encode(block, EncodeOptions(lerc_version=version))


@pytest.mark.parametrize("tolerance", [-0.1, float("nan"), float("inf")])
def test_a_tolerance_that_is_none_is_refused(tolerance: float) -> None:
    block = PixelBlock(surface((4, 4)), np.ones((1, 4, 4), np.bool_))
    with pytest.raises(InvalidParameter, match="compressionTolerance"):
        FORMATS["lerc"].encode(block, EncodeOptions(tolerance=tolerance))
