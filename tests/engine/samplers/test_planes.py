"""The plain kernel against slow numpy: every type, NaN, validity by band, borders."""

from __future__ import annotations

import numpy as np
import pytest

from engine.geometry.position_grid import CellWindow, NodeGrid
from engine.samplers.placement import CanvasPart, LevelAffine
from engine.samplers.planes import BILINEAR, CUBIC, NEAREST, sample_planes
from engine.samplers.rgbv import sample_rgbv

# Unsigned lanes wrap by design; compiled they do so in silence.
pytestmark = [
    pytest.mark.small,
    pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning"),
]

DTYPES = ["uint8", "int16", "uint16", "float32", "float64"]


def _part(size: int, scale: float, offset: float) -> CanvasPart:
    axis = (np.array([0.0, 16.0]) + 0.5) * scale + offset
    x, y = np.meshgrid(axis, axis)
    nodes = NodeGrid(x, y, np.ones((1, 1), np.uint8), 16, CellWindow(0, 0, size, size), 0.0)
    return CanvasPart(nodes, 0, 0, 0, size, 0, size)


def _sample(
    data: np.ndarray, valid: np.ndarray | None, scale: float, offset: float, kernel: int
) -> tuple[np.ndarray, np.ndarray]:
    size = 16
    bands, rows, cols = data.shape
    affine = LevelAffine(1, 0, 0, 0, 1, 0, float(cols), float(rows))
    out = np.zeros((bands, size, size), data.dtype)
    good = np.zeros((bands, size, size), np.bool_)
    skip = np.zeros((size, size), np.bool_)
    place = (affine, _part(size, scale, offset))
    written = sample_planes(data, valid, (0, 0), place, kernel, (out, good, skip))
    assert written == np.count_nonzero(skip)
    np.testing.assert_array_equal(skip, good.any(axis=0))
    return out, good


def _cubic(t: float) -> list[float]:
    def weight(d: float) -> float:
        d = abs(d)
        if d <= 1:
            return (1.5 * d - 2.5) * d * d + 1
        return ((-0.5 * d + 2.5) * d - 4) * d + 2 if d < 2 else 0.0

    return [weight(t + 1), weight(t), weight(1 - t), weight(2 - t)]


def _slow(band: np.ndarray, valid: np.ndarray, x: float, y: float, kernel: int) -> float | None:
    rows, cols = band.shape
    if not (0 <= x < cols and 0 <= y < rows) or not valid[int(y), int(x)]:
        return None
    if kernel == NEAREST:
        return float(band[int(y), int(x)])
    c, r = int(np.floor(x - 0.5)), int(np.floor(y - 0.5))
    fx, fy = x - 0.5 - c, y - 0.5 - r
    wx, wy, first = ([1 - fx, fx], [1 - fy, fy], 0)
    if kernel == CUBIC:
        wx, wy, first = _cubic(fx), _cubic(fy), -1
    total = value = 0.0
    taps = []
    for i, weight_y in enumerate(wy):
        for j, weight_x in enumerate(wx):
            weight = weight_x * weight_y
            rr = min(max(r + first + i, 0), rows - 1)
            cc = min(max(c + first + j, 0), cols - 1)
            if weight != 0 and valid[rr, cc]:
                total += weight
                value += weight * float(band[rr, cc])
                taps.append(float(band[rr, cc]))
    if abs(total) < 1e-3:
        return float(band[int(y), int(x)])
    value /= total
    return min(max(value, min(taps)), max(taps)) if band.dtype.kind in "ui" else value


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
@pytest.mark.parametrize("share_invalid", [0.0, 0.25])
def test_every_interpolation_equals_its_definition(
    dtype: str, kernel: int, share_invalid: float
) -> None:
    rng = np.random.default_rng(7)
    low = -500 if dtype not in ("uint8", "uint16") else 0
    data = rng.integers(low, 255 if dtype == "uint8" else 3000, (2, 9, 10)).astype(dtype)
    valid = rng.random((2, 9, 10)) >= share_invalid
    # A multiple of 1/256: the kernel's rounding of positions changes nothing.
    scale, offset = 0.71875, -0.640625
    got, good = _sample(data, None if valid.all() else valid, scale, offset, kernel)
    span = float(np.ptp(data))
    for b in range(2):
        for i in range(16):
            for j in range(16):
                x, y = (j + 0.5) * scale + offset, (i + 0.5) * scale + offset
                want = _slow(data[b], valid[b], x, y, kernel)
                assert good[b, i, j] == (want is not None)
                if want is None:
                    continue
                # An 8-bit weight of 1/256 shifts the value by that much of the neighbours' span.
                slack = 0.501 + (span / 256 if dtype == "uint8" and kernel != CUBIC else 0.02)
                if kernel == CUBIC and dtype == "uint8":
                    slack += span * 0.02
                limit = slack if data.dtype.kind in "ui" else 1e-3 * span / 100 + 1e-3
                assert abs(float(got[b, i, j]) - want) <= (0 if kernel == NEAREST else limit)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
def test_positions_on_centres_return_the_pixels_bit_for_bit(dtype: str, kernel: int) -> None:
    data = (np.random.default_rng(2).random((2, 16, 16)) * 250).astype(dtype)
    got, good = _sample(data, None, 1.0, 0.0, kernel)
    assert good.all()
    np.testing.assert_array_equal(got, data)


@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
def test_nan_that_is_marked_invalid_reaches_no_pixel(kernel: int) -> None:
    data = np.random.default_rng(2).random((1, 12, 12)).astype(np.float32)
    data[0, 3:6, 2:9] = np.nan
    got, good = _sample(data, ~np.isnan(data), 0.7, 0.1, kernel)
    assert np.isfinite(got[good]).all()
    assert good.any()
    assert not good.all()


@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
def test_infinity_beside_a_centre_does_not_make_nan(kernel: int) -> None:
    data = np.ones((1, 16, 16), np.float64)
    data[0, :, 8] = np.inf
    got, _ = _sample(data, None, 1.0, 0.0, kernel)
    np.testing.assert_array_equal(got, data)


@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
def test_all_invalid_writes_nothing(kernel: int) -> None:
    data = np.full((3, 7, 7), 9, np.uint16)
    got, good = _sample(data, np.zeros((1, 7, 7), np.bool_), 0.5, 0.0, kernel)
    assert not good.any()
    assert not got.any()


@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
def test_one_pixel_is_replicated_up_to_its_border(kernel: int) -> None:
    got, good = _sample(np.full((1, 1, 1), 77, np.int16), None, 0.25, -1.0, kernel)
    assert good[0, 4:8, 4:8].all()
    assert np.count_nonzero(good) == 16
    assert (got[good] == 77).all()


@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR, CUBIC])
def test_the_exact_far_border_is_outside(kernel: int) -> None:
    _, good = _sample(np.full((1, 4, 4), 5, np.uint8), None, 1.0, -0.5, kernel)
    assert good[0, :4, :4].all()
    assert np.count_nonzero(good) == 16


def test_bands_keep_their_own_validity() -> None:
    data = np.full((2, 16, 16), 50, np.uint8)
    valid = np.ones((2, 16, 16), np.bool_)
    valid[1, :, 8:] = False
    got, good = _sample(data, valid, 1.0, 0.0, BILINEAR)
    np.testing.assert_array_equal(good, valid)
    assert (got[valid] == 50).all()


def test_cubic_does_not_leave_its_neighbourhood_for_integers() -> None:
    data = np.zeros((1, 16, 16), np.uint8)
    data[0, :, 8:] = 255
    data[0, :, :8] = 10
    got, good = _sample(data, None, 0.5, 4.0, CUBIC)
    assert good.all()
    assert (got.min(), got.max()) == (10, 255)


@pytest.mark.parametrize("kernel", [NEAREST, BILINEAR])
@pytest.mark.parametrize("share_invalid", [0.0, 0.4])
def test_both_kernels_give_equal_pixels(kernel: int, share_invalid: float) -> None:
    rng = np.random.default_rng(11)
    data = rng.integers(0, 256, (3, 14, 14)).astype(np.uint8)
    valid = rng.random((1, 14, 14)) >= share_invalid
    planes, good = _sample(data, valid, 0.83, -0.21, kernel)
    rgba = np.dstack([*data, np.full((14, 14), 255, np.uint8)]).copy()
    words = np.where(valid[0], rgba.view(np.uint32)[..., 0], np.uint32(0)).astype(np.uint32)
    canvas = np.zeros((16, 16), np.uint32)
    affine = LevelAffine(1, 0, 0, 0, 1, 0, 14.0, 14.0)
    sample_rgbv(
        words, (0, 0), affine, _part(16, 0.83, -0.21), canvas, (kernel, bool(valid.all()), True)
    )
    fast = np.moveaxis(canvas.view(np.uint8).reshape(16, 16, 4), 2, 0)
    np.testing.assert_array_equal(canvas != 0, good[0])
    np.testing.assert_array_equal(fast[:3][good], planes[good])


def test_a_canvas_of_another_type_is_refused() -> None:
    data = np.zeros((1, 4, 4), np.uint8)
    canvas = (
        np.zeros((1, 16, 16), np.int16),
        np.zeros((1, 16, 16), bool),
        np.zeros((16, 16), bool),
    )
    affine = LevelAffine(1, 0, 0, 0, 1, 0, 4.0, 4.0)
    with pytest.raises(ValueError, match="type or bands"):
        sample_planes(data, None, (0, 0), (affine, _part(16, 1.0, 0.0)), NEAREST, canvas)
