"""The RGBV kernel against slow numpy: weights, validity, borders, what is filled already."""

from __future__ import annotations

import numpy as np
import pytest

from engine.geometry.position_grid import CellWindow, NodeGrid
from engine.samplers.placement import CanvasPart, LevelAffine
from engine.samplers.rgbv import BILINEAR, NEAREST, sample_rgbv

# Unsigned lanes wrap by design; compiled they do so in silence.
pytestmark = [
    pytest.mark.small,
    pytest.mark.filterwarnings("ignore:overflow encountered in scalar:RuntimeWarning"),
]


def _words(data: np.ndarray, valid: np.ndarray) -> np.ndarray:
    r, g, b = (data[band].astype(np.uint32) for band in range(3))
    return np.where(valid, r | g << 8 | b << 16 | np.uint32(0xFF000000), 0).astype(np.uint32)


def _part(size: int, scale: float, offset: float, step: int = 16) -> CanvasPart:
    """A canvas whose pixel k lies at level position (k + 0.5) * scale + offset on both axes."""
    axis = (np.arange(0, size + step, step) + 0.5) * scale + offset
    x, y = np.meshgrid(axis, axis)
    quads = np.ones((len(axis) - 1, len(axis) - 1), np.uint8)
    nodes = NodeGrid(x, y, quads, step, CellWindow(0, 0, size, size), 0.0)
    return CanvasPart(nodes, 0, 0, 0, size, 0, size)


def _identity(rows: int, cols: int) -> LevelAffine:
    return LevelAffine(1, 0, 0, 0, 1, 0, float(cols), float(rows))


def _sample(
    words: np.ndarray, part: CanvasPart, kernel: int, canvas: np.ndarray | None = None
) -> np.ndarray:
    size = part.col_stop
    fresh = canvas is None
    canvas = np.zeros((size, size), np.uint32) if canvas is None else canvas
    all_valid = bool((words != 0).all())
    before = np.count_nonzero(canvas)
    new = sample_rgbv(
        words, (0, 0), _identity(*words.shape), part, canvas, (kernel, all_valid, fresh)
    )
    assert new == np.count_nonzero(canvas) - before
    return canvas


def _slow(
    data: np.ndarray, valid: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bilinear by definition: weights renormalised over valid taps, borders replicated."""
    rows, cols = valid.shape
    size = len(positions)
    out = np.zeros((3, size, size))
    good = np.zeros((size, size), np.bool_)
    for i, y in enumerate(positions):
        for j, x in enumerate(positions):
            if not (0 <= x < cols and 0 <= y < rows) or not valid[int(y), int(x)]:
                continue
            good[i, j] = True
            c, r = np.floor(x - 0.5), np.floor(y - 0.5)
            fx, fy = x - 0.5 - c, y - 0.5 - r
            total, value = 0.0, np.zeros(3)
            for dr, wy in ((0, 1 - fy), (1, fy)):
                for dc, wx in ((0, 1 - fx), (1, fx)):
                    rr = min(max(int(r) + dr, 0), rows - 1)
                    cc = min(max(int(c) + dc, 0), cols - 1)
                    if valid[rr, cc]:
                        total += wx * wy
                        value += wx * wy * data[:, rr, cc]
            out[:, i, j] = value / total
    return out, good


@pytest.mark.parametrize("scale", [0.37, 1.0, 1.61])
@pytest.mark.parametrize("share_invalid", [0.0, 0.3, 1.0])
def test_bilinear_equals_its_definition(scale: float, share_invalid: float) -> None:
    rng = np.random.default_rng(3)
    data = rng.integers(0, 256, (3, 11, 13)).astype(np.uint8)
    valid = rng.random((11, 13)) >= share_invalid
    part = _part(16, scale, -1.3)
    got = _sample(_words(data, valid), part, BILINEAR)
    want, good = _slow(data, valid, (np.arange(16) + 0.5) * scale - 1.3)
    np.testing.assert_array_equal(got != 0, good)
    rgb = got.view(np.uint8).reshape(16, 16, 4)
    difference = np.abs(np.moveaxis(rgb[..., :3], 2, 0) - want)[:, good]
    # Positions are rounded to 1/256 pixel: at most 255 / 256 a axis, and the rounding of the value.
    assert difference.size == 0 or difference.max() <= 1.6
    assert (rgb[..., 3][good] == 255).all()


def test_a_position_on_a_pixel_centre_returns_the_pixel() -> None:
    data = np.random.default_rng(1).integers(0, 256, (3, 16, 16)).astype(np.uint8)
    words = _words(data, np.ones((16, 16), np.bool_))
    for kernel in (NEAREST, BILINEAR):
        np.testing.assert_array_equal(_sample(words, _part(16, 1.0, 0.0), kernel), words)


def test_one_pixel_fills_what_it_covers_and_no_more() -> None:
    words = np.array([[0xFF030201]], np.uint32)
    got = _sample(words, _part(16, 0.25, -1.0), BILINEAR)
    assert (got[4:8, 4:8] == 0xFF030201).all()
    assert np.count_nonzero(got) == 16


def test_all_invalid_leaves_the_canvas_as_it_is() -> None:
    got = _sample(np.zeros((9, 9), np.uint32), _part(16, 0.5, 0.0), BILINEAR)
    assert not got.any()


def test_the_exact_border_belongs_to_the_upper_left() -> None:
    words = np.full((4, 4), 0xFF101010, np.uint32)
    # Pixel centres at 0, 1, 2, 3, 4: the last lies on the far border and is outside.
    got = _sample(words, _part(16, 1.0, -0.5), NEAREST)
    assert np.count_nonzero(got[:4, :4]) == 16
    assert np.count_nonzero(got) == 16


def test_what_is_filled_is_left_alone() -> None:
    canvas = np.zeros((16, 16), np.uint32)
    canvas[::2] = 0xFF777777
    words = np.full((16, 16), 0xFF101010, np.uint32)
    got = _sample(words, _part(16, 1.0, 0.0), BILINEAR, canvas)
    assert (got[::2] == 0xFF777777).all()
    assert (got[1::2] == 0xFF101010).all()


def test_fill_never_bleeds_into_data() -> None:
    data = np.full((3, 8, 8), 200, np.uint8)
    valid = np.ones((8, 8), np.bool_)
    valid[:, 4:] = False
    got = _sample(_words(data, valid), _part(16, 0.5, 0.0), BILINEAR)
    assert set(np.unique(got)) == {0, 0xFFC8C8C8}


def test_any_cut_of_the_canvas_gives_the_same_pixels() -> None:
    data = np.random.default_rng(5).integers(0, 256, (3, 16, 16)).astype(np.uint8)
    words = _words(data, np.ones((16, 16), np.bool_))
    whole = _sample(words, _part(16, 0.83, 0.4), BILINEAR)
    pieces = np.zeros((16, 16), np.uint32)
    part = _part(16, 0.83, 0.4)
    for c0, c1, r0, r1 in ((0, 5, 0, 16), (5, 16, 0, 3), (5, 9, 3, 16), (9, 16, 3, 16)):
        piece = CanvasPart(part.nodes, 0, 0, c0, c1, r0, r1)
        sample_rgbv(words, (0, 0), _identity(16, 16), piece, pieces, (BILINEAR, True, True))
    np.testing.assert_array_equal(pieces, whole)


def test_unusable_quads_are_left_blank() -> None:
    part = _part(16, 1.0, 0.0, step=8)
    part.nodes.quads[0, 1] = 0
    got = _sample(np.full((16, 16), 0xFF010101, np.uint32), part, BILINEAR)
    assert not got[:8, 8:].any()
    assert got[8:].all()
    assert got[:8, :8].all()
