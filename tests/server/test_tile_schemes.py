"""The Web Mercator scheme against morecantile."""

import morecantile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import TileOutsideLimits
from server.tile_schemes import (
    check_tile,
    level_of_extent,
    level_of_pixel_size,
    tile_extent,
)

SCHEME = morecantile.tms.get("WebMercatorQuad")


@given(st.integers(0, 24), st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True))
def test_extents_are_those_of_the_standard(level, x, y):
    row, col = int(y * 2**level), int(x * 2**level)
    found = tile_extent(level, row, col)
    expected = SCHEME.xy_bounds(morecantile.Tile(col, row, level))
    assert tuple(expected) == pytest.approx(
        (found.xmin, found.ymin, found.xmax, found.ymax), abs=1e-6
    )


@pytest.mark.parametrize("address", [(-1, 0, 0), (25, 0, 0), (1, 2, 0), (1, 0, 2), (1, -1, 0)])
def test_addresses_outside_the_scheme_are_refused(address):
    with pytest.raises(TileOutsideLimits):
        check_tile(*address)


def test_a_level_shows_every_pixel():
    assert level_of_pixel_size(156543.03392804097) == 0
    assert level_of_pixel_size(156543.0) == 1
    assert level_of_pixel_size(10) == 14
    assert level_of_pixel_size(1e-9) == 24
    assert level_of_pixel_size(1e9) == 0


def test_a_box_fits_one_tile_of_its_level():
    assert level_of_extent(40075016, 10) == 0
    assert level_of_extent(20037508, 10) == 1
    assert level_of_extent(0, 0) == 24
