"""Filling voids against a plain search by numpy; widths, edges of rasters, any cut."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ElevationVoidFillRule
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

RNG = np.random.default_rng(43)
DATA = RNG.normal(100, 5, (1, 40, 50)).astype(np.float32)


def _ran(data: np.ndarray, valid: np.ndarray, width: int = 0) -> PixelBlock:
    rule = RenderingRule(
        function="ElevationVoidFill", arguments=ElevationVoidFillRule(max_void_width=width)
    )
    info = BandsInfo(PixelType.F32, 1)
    return FUNCTIONS["ElevationVoidFill"].bind(info, rule).apply(PixelBlock(data, valid))


def _want(row: int, col: int, valid: np.ndarray, widest: int) -> float | None:
    """The nearest pixels along the eight rays, as offsets sorted by distance."""
    found = {}
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        steps = np.arange(1, widest + 1)
        rows, cols = row + dy * steps, col + dx * steps
        inside = (rows >= 0) & (rows < 40) & (cols >= 0) & (cols < 50)
        rows, cols = rows[inside], cols[inside]
        hits = np.flatnonzero(valid[0, rows, cols])
        if hits.size:
            at = hits[0]
            found[dy, dx] = (at + 1, float(DATA[0, rows[at], cols[at]]))
    wide = (0, 1) in found and (0, -1) in found and found[0, 1][0] + found[0, -1][0] - 1 <= widest
    high = (1, 0) in found and (-1, 0) in found and found[1, 0][0] + found[-1, 0][0] - 1 <= widest
    if not (wide or high):
        return None
    weights = [1 / (step * np.hypot(*way)) ** 2 for way, (step, _) in found.items()]
    return float(np.average([value for _, value in found.values()], weights=weights))


@pytest.mark.parametrize("width", [0, 1, 3, 8])
def test_voids_are_filled_from_the_nearest_pixels_around(width: int) -> None:
    valid = RNG.random((1, 40, 50)) > 0.4
    valid[0, 5:17, 10:30] = False
    valid[0, 30:, 44:] = False
    got = _ran(DATA, valid, width)
    np.testing.assert_array_equal(got.data[valid], DATA[valid])
    for row, col in np.argwhere(~valid[0]):
        want = _want(row, col, valid, width or 64)
        assert got.valid[0, row, col] == (want is not None)
        if want is not None:
            assert got.data[0, row, col] == pytest.approx(want, rel=1e-6)


def test_voids_at_the_edge_of_the_data_stay() -> None:
    valid = np.ones((1, 40, 50), np.bool_)
    valid[0, :20, :] = False
    assert not _ran(DATA, valid).valid[0, :20].any()


def test_a_pixel_is_the_same_in_any_cut_that_has_its_padding() -> None:
    valid = RNG.random((1, 40, 50)) > 0.6
    whole = _ran(DATA, valid, 4)
    cut = np.s_[:, 6:34, 9:47]
    part = _ran(np.ascontiguousarray(DATA[cut]), np.ascontiguousarray(valid[cut]), 4)
    inner = np.s_[:, 4:-4, 4:-4]
    np.testing.assert_array_equal(part.valid[inner], whole.valid[cut][inner])
    shown = part.valid[inner]
    np.testing.assert_array_equal(part.data[inner][shown], whole.data[cut][inner][shown])


@pytest.mark.parametrize("width", [-1, 65])
def test_a_width_that_cannot_be_is_named(width: int) -> None:
    with pytest.raises(InvalidParameter, match="MaxVoidWidth"):
        _ran(DATA, np.ones((1, 40, 50), np.bool_), width)
