"""Tiles of every scheme are parts of one picture: side by side they equal one export, bit for bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import pytest
import rasterio
from rasterio import Affine

from config.definition import Interpolation, MosaicMethod, ServiceProperties, TileSchemeName
from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.extent import Extent
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest, TilemapRequest
from engine.request_parts import Encoding, MosaicRule, TileAddress, View
from engine.service import ImageService, open_service
from engine.tile_scheme import covered, shows_service, tile_scheme
from engine.tilemap import tilemap
from raster_types.adding.add import AddRequest, add_rasters

if TYPE_CHECKING:
    from pathlib import Path

    from engine.tile_scheme import TileScheme

_SIZE = 400
Samples = Literal["pixels", "posts"]


def _scene(path: Path, epsg: int, left: float, top: float, pixel: float) -> Path:
    """Write a scene of waves with a slanted collar of no-data."""
    rows, cols = np.mgrid[0:_SIZE, 0:_SIZE]
    seed = hash((epsg, left, top)) % 97
    waves = [np.sin(rows / (9 + band) + seed) + np.cos(cols / (7 + band)) for band in range(3)]
    data = (np.stack(waves) * 60 + 125).astype(np.uint8)
    data[:, (rows + 3 * cols < 200) | (rows + 3 * cols > 4 * _SIZE - 260)] = 0
    profile = {"driver": "GTiff", "width": _SIZE, "height": _SIZE, "count": 3, "dtype": "uint8"}
    with rasterio.open(
        path,
        "w",
        crs=f"EPSG:{epsg}",
        transform=Affine(pixel, 0, left, 0, -pixel, top),
        nodata=0,
        tiled=True,
        blockxsize=128,
        blockysize=128,
        **profile,
    ) as dataset:
        dataset.write(data)
        dataset.build_overviews([2, 4], rasterio.enums.Resampling.average)
    return path


def _service(folder: Path, crs: str, scenes: list[Path], **properties: Any) -> ImageService:
    stated = ServiceProperties(crs=crs, **properties)
    definition = DefinitionFolder.create(folder / "d.isdef", stated)
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=tuple(scenes)))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "m.zmd")
    return open_service(str(folder / "m.zmd"))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("scenes")
    return [
        _scene(folder / "a.tif", 32632, 700003.3, 5200001.7, 10.0),
        _scene(folder / "b.tif", 32632, 702503.3, 5198001.7, 10.0),
        _scene(folder / "c.tif", 32633, 248000.0, 5203000.0, 10.0),
    ]


@pytest.fixture(scope="module")
def native(scenes: list[Path], tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return _service(tmp_path_factory.mktemp("native"), "EPSG:32632", scenes)


@pytest.fixture(scope="module")
def stated(scenes: list[Path], tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return _service(
        tmp_path_factory.mktemp("stated"),
        "EPSG:32632",
        scenes,
        tile_scheme=TileSchemeName.OWN,
        tile_origin=(-5_120_900.123, 9_998_100.456),
        tile_resolutions=(1000.0, 333.3, 33.3, 13.7, 10.0, 4.9),
    )


@pytest.fixture(scope="module", params=["EPSG:4326", "EPSG:3857", "EPSG:32660"])
def fiji(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two scenes, built in each CRS; the second goes on at the other side of the antimeridian."""
    folder = tmp_path_factory.mktemp("fiji")
    paths = [
        _scene(folder / "a.tif", 4326, 178.0, -16.0, 1 / 240),
        _scene(folder / "b.tif", 4326, 179.3, -16.5, 1 / 240),
    ]
    if request.param == "EPSG:32660":
        paths = [_scene(folder / "c.tif", 32660, 700_000.0, -1_760_000.0, 700.0)]
    return _service(folder, request.param, paths)


def _pixels(service: ImageService, view: View, form: str, **options: object) -> PixelBlock:
    request = ImageRequest(view=view, encoding=Encoding(format=form), **options)  # type: ignore[arg-type]  # -- a test's shorthand
    pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def _box(scheme: TileScheme, corner: TileAddress, rows: int, cols: int) -> tuple[Extent, int, int]:
    """Return the box of a block of tiles, with its size, as a client computes it."""
    size = scheme.resolutions[corner.level] / corner.scale
    side = 256 * corner.scale
    left = scheme.origin_x + corner.col * side * size
    top = scheme.origin_y - corner.row * side * size
    width, height = cols * side, rows * side
    if corner.samples == "posts":
        left, top, width, height = left - size / 2, top + size / 2, width + 1, height + 1
    return Extent(left, top - height * size, left + width * size, top), width, height


def _tiles_and_export(
    service: ImageService,
    corner: TileAddress,
    blocks: tuple[int, int],
    form: str,
    **options: object,
) -> tuple[PixelBlock, PixelBlock]:
    """Return a block of tiles side by side, and one export of the same box."""
    scheme = tile_scheme(service.summary, corner.scheme)
    rows, cols = blocks
    box, width, height = _box(scheme, corner, rows, cols)
    view = View(extent=box, extent_crs=scheme.crs, out_crs=scheme.crs, width=width, height=height)
    whole = _pixels(service, view, form, **options)
    data = np.zeros((whole.bands, height, width), whole.data.dtype)
    valid = np.zeros((whole.bands, height, width), np.bool_)
    side = 256 * corner.scale
    for row in range(rows):
        for col in range(cols):
            address = msgspec.structs.replace(corner, row=corner.row + row, col=corner.col + col)
            tile = _pixels(service, View(tile=address), form, **options)
            place = np.s_[
                :, row * side : row * side + tile.rows, col * side : col * side + tile.cols
            ]
            shared = valid[place] & np.broadcast_to(tile.valid, tile.data.shape)
            # Posts that neighbours share are the same in both.
            np.testing.assert_array_equal(data[place][shared], tile.data[shared])
            data[place], valid[place] = tile.data, tile.valid
    return PixelBlock(data, valid), whole


def _middle(
    service: ImageService,
    name: TileSchemeName | None,
    level: int,
    scale: int = 1,
    samples: Samples = "pixels",
) -> TileAddress:
    """Return the tile up and left of the one in the middle of a service."""
    scheme = tile_scheme(service.summary, name)
    box = covered(service.summary, scheme)
    assert box is not None
    side = scheme.resolutions[level] * 256
    row = int((scheme.origin_y - box.center_y) // side)
    col = int((box.center_x - scheme.origin_x) // side)
    return TileAddress(
        level=level,
        row=max(0, row - 1),
        col=max(0, col - 1),
        scheme=name,
        scale=scale,
        samples=samples,
    )


def _check(
    service: ImageService, corner: TileAddress, form: str = "bsq", **options: object
) -> None:
    scheme = tile_scheme(service.summary, corner.scheme)
    rows = min(3, scheme.rows(corner.level) - corner.row)
    cols = min(3, scheme.cols(corner.level) - corner.col)
    tiles, whole = _tiles_and_export(service, corner, (rows, cols), form, **options)
    valid = np.broadcast_to(whole.valid, whole.data.shape)
    assert valid.any()
    np.testing.assert_array_equal(tiles.valid, valid)
    np.testing.assert_array_equal(tiles.data[valid], whole.data[valid])


@pytest.mark.parametrize("interpolation", [Interpolation.BILINEAR, Interpolation.CUBIC])
@pytest.mark.parametrize("form", ["png", "bsq"])
@pytest.mark.parametrize("level", [7, 10, 13])
def test_geographic_tiles(
    native: ImageService, level: int, form: str, interpolation: Interpolation
) -> None:
    corner = _middle(native, TileSchemeName.GEOGRAPHIC, level)
    _check(native, corner, form, interpolation=interpolation)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("level", range(3))
def test_own_tiles(native: ImageService, level: int, scale: int) -> None:
    _check(native, _middle(native, TileSchemeName.OWN, level, scale))


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_own_tiles_of_stated_origin_and_resolutions(
    stated: ImageService, level: int, scale: int
) -> None:
    _check(stated, _middle(stated, TileSchemeName.OWN, level, scale))


@pytest.mark.parametrize("name", [None, *TileSchemeName])
def test_posts_of_neighbours_are_the_same(
    native: ImageService, name: TileSchemeName | None
) -> None:
    level = 1 if name is TileSchemeName.OWN else 12
    _check(native, _middle(native, name, level, samples="posts"))


def test_posts_are_values_at_corners(native: ImageService) -> None:
    address = _middle(native, TileSchemeName.OWN, 1, samples="posts")
    posts = _pixels(native, View(tile=address), "bsq", interpolation=Interpolation.NEAREST)
    scheme = tile_scheme(native.summary, TileSchemeName.OWN)
    assert (posts.rows, posts.cols) == (257, 257)
    # A view of one pixel about each corner of the tile is the post there.
    size = scheme.resolutions[1]
    box = scheme.extent(1, address.row, address.col)
    for row, col, x, y in ((0, 0, box.xmin, box.ymax), (256, 256, box.xmax, box.ymin)):
        around = Extent(x - size / 2, y - size / 2, x + size / 2, y + size / 2)
        view = View(extent=around, width=1, height=1)
        alone = _pixels(native, view, "bsq", interpolation=Interpolation.NEAREST)
        assert bool(alone.valid.all()) == bool(posts.valid[..., row, col].all())
        if alone.valid.all():
            np.testing.assert_array_equal(alone.data[:, 0, 0], posts.data[:, row, col])


def test_view_dependent_methods_do_not_depend_on_the_cut(native: ImageService) -> None:
    # Each pixel has its nearest raster: neighbours agree on the posts they share.
    corner = _middle(native, TileSchemeName.OWN, 1, samples="posts")
    east = msgspec.structs.replace(corner, col=corner.col + 1)
    rule = MosaicRule(method=MosaicMethod.CENTER)
    left, right = (_pixels(native, View(tile=each), "bsq", mosaic=rule) for each in (corner, east))
    np.testing.assert_array_equal(left.valid[..., 256], right.valid[..., 0])
    both = np.broadcast_to(left.valid, left.data.shape)[..., 256]
    np.testing.assert_array_equal(left.data[..., 256][both], right.data[..., 0][both])


@pytest.mark.parametrize("name", [None, TileSchemeName.GEOGRAPHIC])
@pytest.mark.parametrize("level", [5, 8, 10])
def test_what_goes_over_the_antimeridian_is_on_both_sides(
    fiji: ImageService, name: TileSchemeName | None, level: int
) -> None:
    scheme = tile_scheme(fiji.summary, name)
    last = scheme.cols(level) - 1
    side = scheme.resolutions[level] * 256
    latitude = -17.0 if name else -1_900_000.0
    row = int((scheme.origin_y - latitude) // side)
    for col in (0, last):
        assert shows_service(fiji.summary, scheme, level, row, col)
        _check(fiji, TileAddress(level=level, row=row, col=max(0, col - 1), scheme=name))
    # Beside the map's edges lies what is beyond them on the ground: 0.3° west and east of it.
    edges = [
        _pixels(fiji, View(tile=TileAddress(level=level, row=row, col=col, scheme=name)), "bsq")
        for col in (0, last)
    ]
    assert edges[0].valid_any()[:, 0].any()
    assert edges[1].valid_any()[:, -1].any()


def test_own_tiles_of_a_service_at_the_edge_of_the_map(fiji: ImageService) -> None:
    scheme = tile_scheme(fiji.summary, TileSchemeName.OWN)
    for level in range(len(scheme.resolutions)):
        _check(fiji, TileAddress(level=level, row=0, col=0, scheme=TileSchemeName.OWN))


# Tilemaps: what they leave out is empty.


def _truth(
    service: ImageService, name: TileSchemeName | None, level: int, place: tuple[int, int]
) -> None:
    scheme = tile_scheme(service.summary, name)
    row, col = max(0, place[0] - 4), max(0, place[1] - 4)
    asked = TilemapRequest(level=level, row=row, col=col, rows=8, cols=8, scheme=name)
    said = np.frombuffer(tilemap(asked, Work(service, UNLIMITED)).data, np.uint8).reshape(8, 8)
    assert said.any()
    empty = 0
    for r in range(8):
        for c in range(8):
            if row + r >= scheme.rows(level) or col + c >= scheme.cols(level):
                assert not said[r, c]
                continue
            address = TileAddress(level=level, row=row + r, col=col + c, scheme=name)
            there = bool(_pixels(service, View(tile=address), "bsq").valid.any())
            assert said[r, c] or not there
            empty += bool(said[r, c]) and not there
    # At most the fringe of the data is counted too much.
    assert empty <= 20


@pytest.mark.parametrize(
    ("name", "level"),
    [(None, 6), (None, 14), (None, 15), ("geographic", 13), ("own", 1), ("own", 2)],
)
def test_a_tilemap_leaves_out_no_data(native: ImageService, name: str | None, level: int) -> None:
    scheme = TileSchemeName(name) if name else None
    middle = _middle(native, scheme, level)
    _truth(native, scheme, level, (middle.row, middle.col))


@pytest.mark.parametrize("name", [None, TileSchemeName.GEOGRAPHIC])
@pytest.mark.parametrize("side", ["west", "east"])
def test_a_tilemap_goes_over_the_antimeridian(
    fiji: ImageService, name: TileSchemeName | None, side: str
) -> None:
    scheme, level = tile_scheme(fiji.summary, name), 8
    latitude = -17.0 if name else -1_900_000.0
    row = int((scheme.origin_y - latitude) // (scheme.resolutions[level] * 256))
    _truth(fiji, name, level, (row, 0 if side == "west" else scheme.cols(level) - 1))


def test_blocks_beside_the_data_are_empty(native: ImageService) -> None:
    for level, row, col in ((12, 0, 0), (12, 5000, 5000), (60, 0, 0)):
        asked = TilemapRequest(level=level, row=row, col=col, rows=8, cols=8)
        assert tilemap(asked, Work(native, UNLIMITED)).data == bytes(64)


def test_large_blocks_in_the_middle_of_data_are_full(native: ImageService) -> None:
    level = 21
    middle = _middle(native, None, level)
    asked = TilemapRequest(level=level, row=middle.row, col=middle.col, rows=128, cols=128)
    said = tilemap(asked, Work(native, UNLIMITED)).data
    assert set(said) == {1}
