"""Rasters of longitudes 0 to 360, and others beyond the map's edge: each longitude shows where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from rasterio import Affine

from config.definition import Interpolation, ServiceProperties
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.explain import explain
from engine.extent import Extent
from engine.geometry.projection import LONLAT, MERCATOR
from engine.identify import identify
from engine.render_work import Work
from engine.request import IdentifyRequest, ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.service import open_service
from engine.world_turns import object_id, turned_items, turns_of, world_boxes
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.catalogs import make_item
from tests.engine.rasters import samples, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService

_HALF = 20037508.342789244
_COLUMNS, _ROWS = 240, 120


def _raster(folder: Path, west: float, span: float = 360.0) -> Path:
    """A raster whose value says its column, 1 to 240, over `span` degrees from `west`."""
    data = np.broadcast_to(np.arange(1, _COLUMNS + 1, dtype=np.uint8), (1, _ROWS, _COLUMNS))
    place = Affine(span / _COLUMNS, 0, west, 0, -180 / _ROWS, 90)
    return write_raster(folder / "columns.tif", np.ascontiguousarray(data), LONLAT, place)


def _mosaic(path: Path, crs: str) -> ImageService:
    folder = DefinitionFolder.create(path.with_suffix(".isdef"), ServiceProperties(crs=crs))
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=(path,)))
    build_definition(folder, BuildOptions(overviews="none"))
    out = path.with_suffix(".mosaic.zmd")
    compile_definition(folder.path, out)
    return open_service(str(out))


def _service(path: Path, kind: str) -> ImageService:
    return single_service(path) if kind == "raster" else _mosaic(path, kind)


def _look(service: ImageService, box: Extent, crs: str, width: int, height: int) -> PixelBlock:
    view = View(extent=box, extent_crs=crs, out_crs=crs, width=width, height=height)
    encoding = Encoding(format="bsq")
    return samples(
        service, ImageRequest(view=view, encoding=encoding, interpolation=Interpolation.NEAREST)
    )


@pytest.mark.parametrize("kind", ["raster", LONLAT, MERCATOR])
@pytest.mark.parametrize("west", [0.0, 20.0, -180.0, -200.0, 180.0])
def test_each_longitude_shows_where_it_is(tmp_path: Path, west: float, kind: str) -> None:
    service = _service(_raster(tmp_path, west), kind)
    for lon in (-179.2, -91.2, -1.2, 0.4, 19.3, 21.4, 95.2, 179.2):
        x = lon / 180 * _HALF
        expected = (lon - west) % 360 // 1.5 + 1
        for crs, at, half in ((MERCATOR, x, 1000.0), (LONLAT, lon, 0.01)):
            block = _look(service, Extent(at - half, -half, at + half, half), crs, 4, 4)
            assert block.valid.all(), (lon, crs)
            assert (block.data == expected).all(), (lon, crs)


@pytest.mark.parametrize("kind", ["raster", LONLAT, MERCATOR])
@pytest.mark.parametrize("crs", [LONLAT, MERCATOR])
def test_the_whole_map_has_no_seam(tmp_path: Path, kind: str, crs: str) -> None:
    service = _service(_raster(tmp_path, 0.0), kind)
    half = 180.0 if crs == LONLAT else _HALF
    # An odd number of columns: the middle one lies across 0.
    block = _look(service, Extent(-half, -half / 4, half, half / 4), crs, 253, 64)
    assert block.valid.all()
    assert service.summary.extent_mercator is not None
    assert service.summary.extent_mercator.width == pytest.approx(2 * _HALF)


def test_a_region_beyond_180_shows_at_its_place_alone(tmp_path: Path) -> None:
    service = single_service(_raster(tmp_path, 190.0, 24.0))
    unit = _HALF / 180
    inside = _look(service, Extent(-169 * unit, -1e6, -147 * unit, 1e6), MERCATOR, 64, 64)
    assert inside.valid.all()
    assert inside.data[0, 0, 0] == 12
    assert not _look(service, Extent(-1e6, -1e6, 1e6, 1e6), MERCATOR, 8, 8).valid.any()
    assert not _look(service, Extent(150 * unit, -1e6, _HALF, 1e6), MERCATOR, 8, 8).valid.any()


def test_tiles_on_both_sides_of_0_are_full(tmp_path: Path) -> None:
    service = single_service(_raster(tmp_path, 0.0))
    for level, col in ((0, 0), (1, 0), (1, 1), (4, 7), (4, 8), (4, 15), (12, 2047), (12, 2048)):
        view = View(tile=TileAddress(level=level, row=2**level // 2, col=col))
        block = samples(service, ImageRequest(view=view, encoding=Encoding(format="bsq")))
        assert block.valid.all(), (level, col)


def test_identify_and_explain_know_one_item(tmp_path: Path) -> None:
    service = _mosaic(_raster(tmp_path, 0.0), MERCATOR)
    work = Work(service, UNLIMITED)
    for geometry in (shapely.box(-1e6, -1e6, 1e6, 1e6), shapely.Point(-5e6, 1e6)):
        request = IdentifyRequest(geometry=shapely.to_wkb(geometry), crs=MERCATOR)
        (item,) = identify(request, work).items
        assert (item.id, item.visibility) == (1, 1.0)
        assert item.attributes["Name"] == "columns"
    view = View(extent=Extent(-1e7, -1e6, 1e7, 1e6), width=64, height=64)
    told = explain(ImageRequest(view=view, encoding=Encoding(format="png")), work)
    assert [raster.id for raster in told.rasters] == [1, 1]


@pytest.mark.parametrize(
    ("west", "east", "turns"),
    [
        (-180.0, 180.0, (0,)),
        (-10.0, 10.0, (0,)),
        (0.0, 360.0, (0, 1)),
        (190.0, 200.0, (1,)),
        (-180.5, 179.5, (-1, 0)),
        (-190.0, 190.0, (-1, 0, 1)),
        (180.0, 540.0, (1,)),
        (0.0, 1e6, (0,)),
    ],
)
def test_turns_are_those_that_reach_the_map(
    west: float, east: float, turns: tuple[int, ...]
) -> None:
    box = Extent(west, -5, east, 5)
    assert turns_of(LONLAT, box) == turns
    assert turns_of("EPSG:32632", box) == (0,)
    if len(turns) > 1 or turns[0]:
        boxes = world_boxes(LONLAT, box)
        assert all(-180 <= part.xmin < part.xmax <= 180 for part in boxes)


def test_an_edge_that_rounding_moved_beyond_180_makes_no_turn() -> None:
    item = make_item(7, crs=LONLAT, geotransform=(-180.0000001, 36.00000001, 0.0, 90.0, 0.0, -9.0))
    assert turned_items(item) == (item,)


def test_turned_items_tell_their_object_id() -> None:
    item = make_item(7, crs=LONLAT, geotransform=(-190.0, 38.0, 0.0, 90.0, 0.0, -9.0))
    turned = turned_items(item)
    assert [object_id(part.id) for part in turned] == [7, 7, 7]
    assert len({part.id for part in turned}) == 3
    assert [part.geotransform[0] for part in turned] == [170.0, -190.0, -550.0]
