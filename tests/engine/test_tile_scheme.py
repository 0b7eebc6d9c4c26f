"""Schemes against morecantile, and every tile against the box that a client computes for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import morecantile
import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config.definition import TileSchemeName
from engine.errors import TileOutsideLimits
from engine.extent import Extent
from engine.geometry.projection import LONLAT, MERCATOR
from engine.request_parts import TileAddress
from engine.target_grid import grid_of_extent, grid_of_tile
from engine.tile_scheme import (
    GEOGRAPHIC,
    MOST_LEVELS,
    TILE_PIXELS,
    WEB_MERCATOR,
    covered,
    known_size,
    own_scheme,
    shows_service,
    tile_scheme,
)
from engine.view_grid import known_pixels
from tests.engine.catalogs import make_summary

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from engine.tile_scheme import TileScheme

_MATRIX_SETS = {
    TileSchemeName.WEB_MERCATOR: morecantile.tms.get("WebMercatorQuad"),
    TileSchemeName.GEOGRAPHIC: morecantile.tms.get("WorldCRS84Quad"),
}
_PART = st.floats(0, 1, exclude_max=True)
_BOX = Extent(612_345.67, 5_001_234.5, 650_345.67, 5_061_234.5)


def _service(**properties: object) -> ServiceSummary:
    summary = make_summary(crs="EPSG:32632", extent=_BOX, pixel_size_x=10.0, pixel_size_y=10.0)
    changed = msgspec.structs.replace(summary.properties, **properties)
    return msgspec.structs.replace(summary, properties=changed)


_SERVICES = {
    "native": _service(),
    "double": _service(tile_size=512),
    "stated": _service(
        tile_origin=(600_000.123, 5_100_000.77),
        tile_resolutions=(1000.0, 333.3, 140.0, 37.7, 10.0, 2.5),
    ),
    "scales": _service(
        tile_origin=(-5_120_900.0, 9_998_100.0), tile_scales=(4e6, 5e5, 250_000.0, 1e5, 5e4)
    ),
}


def test_constants_are_those_of_the_projections() -> None:
    assert (WEB_MERCATOR.crs, GEOGRAPHIC.crs) == (MERCATOR, LONLAT)


@pytest.mark.parametrize("scheme", [WEB_MERCATOR, GEOGRAPHIC], ids=lambda each: each.name)
@given(level=st.integers(0, 23), x=_PART, y=_PART)
def test_tiles_of_the_world_are_those_of_the_standards(
    scheme: TileScheme, level: int, x: float, y: float
) -> None:
    matrices = _MATRIX_SETS[scheme.name]
    matrix = matrices.matrix(level)
    assert (scheme.rows(level), scheme.cols(level)) == (matrix.matrixHeight, matrix.matrixWidth)
    row, col = int(y * scheme.rows(level)), int(x * scheme.cols(level))
    scheme.check(level, row, col)
    expected = matrices.xy_bounds(morecantile.Tile(col, row, level))
    found = scheme.extent(level, row, col)
    assert (found.xmin, found.ymin, found.xmax, found.ymax) == pytest.approx(
        tuple(expected), abs=1e-6 if scheme is WEB_MERCATOR else 1e-9
    )


@pytest.mark.parametrize("name", _SERVICES)
def test_own_tiles_are_those_of_a_matrix_set_of_the_same_numbers(name: str) -> None:
    scheme = own_scheme(_SERVICES[name])
    matrices = morecantile.TileMatrixSet(
        crs={"uri": f"http://www.opengis.net/def/crs/EPSG/0/{scheme.crs[5:]}"},
        tileMatrices=[
            {
                "id": str(level),
                "scaleDenominator": size / 0.28e-3,
                "cellSize": size,
                "pointOfOrigin": [scheme.origin_x, scheme.origin_y],
                "tileWidth": TILE_PIXELS,
                "tileHeight": TILE_PIXELS,
                "matrixWidth": scheme.cols(level),
                "matrixHeight": scheme.rows(level),
            }
            for level, size in enumerate(scheme.resolutions)
        ],
    )
    for level in range(len(scheme.resolutions)):
        for x, y in ((613_000.0, 5_061_000.0), (630_000.5, 5_030_000.5), (650_000.0, 5_001_300.0)):
            tile = matrices._tile(x, y, level)
            scheme.check(level, tile.y, tile.x)
            found = scheme.extent(level, tile.y, tile.x)
            expected = tuple(matrices.xy_bounds(tile))
            assert (found.xmin, found.ymin, found.xmax, found.ymax) == pytest.approx(
                expected, abs=1e-6
            )
            assert found.xmin <= x < found.xmax
            assert found.ymin < y <= found.ymax


def test_own_levels_end_with_the_services_pixels_and_begin_with_one_tile() -> None:
    scheme = own_scheme(_SERVICES["native"])
    assert scheme.resolutions[-1] == 10.0
    assert (scheme.rows(0), scheme.cols(0)) == (1, 1)
    assert (scheme.rows(1), scheme.cols(1)) == (2, 1)
    assert (scheme.origin_x, scheme.origin_y) == (_BOX.xmin, _BOX.ymax)
    # Tiles of 512 pixels at the service's own size are those of 256 at half of it.
    double = own_scheme(_SERVICES["double"])
    assert double.resolutions[-1] == 20.0
    tiny = msgspec.structs.replace(_SERVICES["native"], extent=Extent(0, 0, 50, 50))
    assert own_scheme(tiny).resolutions == (20.0, 10.0)


def test_scales_are_counted_at_96_dpi() -> None:
    scheme = own_scheme(_SERVICES["scales"])
    assert scheme.resolutions[-1] == pytest.approx(5e4 / 96 / 39.37)
    degrees = msgspec.structs.replace(
        _service(tile_scales=(295_497_598.570834, 147_748_799.285417)),
        crs="EPSG:4326",
        is_geographic=True,
        extent=Extent(0, 0, 10, 10),
        pixel_size_x=0.01,
        pixel_size_y=0.01,
    )
    # The scales of Esri's geographic scheme are its very sizes.
    assert own_scheme(degrees).resolutions == pytest.approx((0.703125, 0.3515625), rel=1e-9)


@pytest.mark.parametrize("name", _SERVICES)
@pytest.mark.parametrize("samples", ["pixels", "posts"])
@pytest.mark.parametrize("scale", [1, 2])
@settings(max_examples=60, deadline=None)
@given(step=_PART, x=_PART, y=_PART)
def test_the_box_of_an_own_tile_falls_on_its_pixels(
    name: str, samples: str, scale: int, step: float, x: float, y: float
) -> None:
    summary = _SERVICES[name]
    scheme = own_scheme(summary)
    level = int(step * len(scheme.resolutions))
    row, col = int(y * scheme.rows(level)), int(x * scheme.cols(level))
    address = TileAddress(level=level, row=row, col=col, scale=scale, samples=samples)  # type: ignore[arg-type]  # -- a Literal
    tile = grid_of_tile(address, scheme)
    _is_met_by_its_box(scheme, tile, address, summary)


@pytest.mark.parametrize("samples", ["pixels", "posts"])
@settings(max_examples=100, deadline=None)
@given(level=st.integers(0, 22), x=_PART, y=_PART, double=st.booleans())
def test_the_box_of_a_geographic_tile_falls_on_its_pixels(
    samples: str, level: int, x: float, y: float, double: bool
) -> None:
    row, col = int(y * GEOGRAPHIC.rows(level)), int(x * GEOGRAPHIC.cols(level))
    address = TileAddress(
        level=level,
        row=row,
        col=col,
        scale=2 if double else 1,
        samples=samples,  # type: ignore[arg-type]  # -- a Literal
    )
    _is_met_by_its_box(GEOGRAPHIC, grid_of_tile(address, GEOGRAPHIC), address, _SERVICES["native"])


def _is_met_by_its_box(
    scheme: TileScheme, tile: object, address: TileAddress, summary: ServiceSummary
) -> None:
    """Check that the box of a tile, as a client computes it, is the tile's grid bit for bit."""
    size = scheme.resolutions[address.level] / address.scale
    pixels = TILE_PIXELS * address.scale
    left = scheme.origin_x + address.col * pixels * size
    top = scheme.origin_y - address.row * pixels * size
    if address.samples == "posts":
        left, top, pixels = left - size / 2, top + size / 2, pixels + 1
    box = Extent(left, top - pixels * size, left + pixels * size, top)
    known = known_pixels(scheme.crs, summary)
    assert grid_of_extent(scheme.crs, box, pixels, pixels, known) == tile


def test_neighbours_share_their_posts() -> None:
    scheme = own_scheme(_SERVICES["stated"])
    here = grid_of_tile(TileAddress(level=4, row=1, col=1, samples="posts"), scheme)
    east = grid_of_tile(TileAddress(level=4, row=1, col=2, samples="posts"), scheme)
    assert here.lattice == east.lattice
    assert (here.width, here.height) == (257, 257)
    assert here.col + 256 == east.col
    # The first post lies on the tile's corner.
    corner = scheme.extent(4, 1, 1)
    assert here.extent.xmin + 5.0 == pytest.approx(corner.xmin)
    assert here.extent.ymax - 5.0 == pytest.approx(corner.ymax)


@pytest.mark.parametrize(
    ("scheme", "address"),
    [
        (WEB_MERCATOR, (-1, 0, 0)),
        (WEB_MERCATOR, (MOST_LEVELS, 0, 0)),
        (WEB_MERCATOR, (1, 2, 0)),
        (WEB_MERCATOR, (1, 0, 2)),
        (WEB_MERCATOR, (1, -1, 0)),
        (GEOGRAPHIC, (0, 1, 0)),
        (GEOGRAPHIC, (0, 0, 2)),
        (own_scheme(_SERVICES["native"]), (0, 0, 1)),
        (own_scheme(_SERVICES["stated"]), (6, 0, 0)),
    ],
)
def test_addresses_outside_a_scheme_are_refused(
    scheme: TileScheme, address: tuple[int, int, int]
) -> None:
    with pytest.raises(TileOutsideLimits):
        scheme.check(*address)


def test_a_level_shows_every_pixel() -> None:
    assert WEB_MERCATOR.level_of_pixel_size(156543.03392804097) == 0
    assert WEB_MERCATOR.level_of_pixel_size(156543.0) == 1
    assert WEB_MERCATOR.level_of_pixel_size(10) == 14
    assert WEB_MERCATOR.level_of_pixel_size(1e-9) == 24
    assert WEB_MERCATOR.level_of_pixel_size(1e9) == 0
    assert own_scheme(_SERVICES["stated"]).level_of_pixel_size(10.0) == 4


def test_sizes_as_tables_round_them_are_meant() -> None:
    assert known_size(MERCATOR, 4.77731426794937) == WEB_MERCATOR.resolutions[15]
    assert known_size(LONLAT, 0.703125 / 2**9 * (1 + 1e-12)) == GEOGRAPHIC.resolutions[9]
    assert known_size("EPSG:32632", 20.0000000001, (10.0,)) == 20.0
    assert known_size("EPSG:32632", 20.001, (10.0,)) == 20.001


def test_a_service_has_three_schemes_by_name() -> None:
    summary = _SERVICES["native"]
    assert tile_scheme(summary) is WEB_MERCATOR
    for name in TileSchemeName:
        assert tile_scheme(summary, name).name is name


def test_tiles_show_a_service_where_they_share_an_area() -> None:
    summary = msgspec.structs.replace(
        _SERVICES["native"],
        extent_mercator=Extent(0.0, 0.0, 2560.0, 2560.0),
        extent_lonlat=Extent(0.0, 0.0, 1.0, 1.0),
    )
    for scheme, col in ((WEB_MERCATOR, 1), (GEOGRAPHIC, 2)):
        box = covered(summary, scheme)
        assert box is not None
        assert box.xmin == 0.0
        shown = {
            (row, each)
            for row in range(scheme.rows(1))
            for each in range(scheme.cols(1))
            if shows_service(summary, scheme, 1, row, each)
        }
        assert shown == {(0, col)}
    nowhere = msgspec.structs.replace(summary, extent_mercator=None)
    assert not shows_service(nowhere, WEB_MERCATOR, 0, 0, 0)


@settings(max_examples=100, deadline=None)
@given(
    left=st.floats(-1e6, 1e6),
    top=st.floats(-1e6, 1e6),
    size=st.floats(0.01, 1e4),
    rows=st.integers(1, 40_000),
    cols=st.integers(1, 40_000),
)
def test_own_tiles_of_any_service_cover_it_and_no_more(
    left: float, top: float, size: float, rows: int, cols: int
) -> None:
    extent = Extent(left, top - rows * size, left + cols * size, top)
    assume(extent.width > 0 and extent.height > 0)
    summary = msgspec.structs.replace(
        _SERVICES["native"], extent=extent, pixel_size_x=size, pixel_size_y=size
    )
    scheme = own_scheme(summary)
    for level in range(len(scheme.resolutions)):
        side = scheme.resolutions[level] * TILE_PIXELS
        assert scheme.cols(level) == max(1, math.ceil(extent.width / side - 1e-6))
        last = scheme.extent(level, scheme.rows(level) - 1, scheme.cols(level) - 1)
        assert last.xmax >= extent.xmax - size * 1e-3
        assert last.ymin <= extent.ymin + size * 1e-3
        assert shows_service(summary, scheme, level, scheme.rows(level) - 1, 0)
