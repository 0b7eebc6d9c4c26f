"""Poles, the antimeridian and CRSs without a transform: partial or empty, finite, never an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio import Affine

from engine.extent import Extent
from engine.geometry.projection import LONLAT, MERCATOR, operation, transform
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from tests.engine.rasters import samples, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService

_HALF = 20037508.342789244


def _flat(folder: Path, crs: str, transform_: Affine, size: int = 256) -> ImageService:
    data = np.full((1, size, size), 90, np.uint8)
    return single_service(write_raster(folder / "flat.tif", data, crs=crs, transform=transform_))


def _look(
    service: ImageService, box: Extent, crs: str, width: int = 64, height: int = 64
) -> PixelBlock:
    view = View(extent=box, extent_crs=crs, out_crs=crs, width=width, height=height)
    block = samples(service, ImageRequest(view=view, encoding=Encoding(format="bsq")))
    assert (block.data[np.broadcast_to(block.valid, block.data.shape)] == 90).all()
    return block


def _across_180(folder: Path) -> ImageService:
    """UTM zone 1 south at Fiji: its left third lies west of the antimeridian."""
    x, y = transform(operation(LONLAT, "EPSG:32701").pipeline, np.array([180.0]), np.array([-17.0]))
    return _flat(folder, "EPSG:32701", Affine(100, 0, x[0] - 8000, 0, -100, y[0] + 12800))


def test_a_scene_across_the_antimeridian_shows_on_both_sides(tmp_path: Path) -> None:
    service = _across_180(tmp_path)
    _, y = transform(operation(LONLAT, MERCATOR).pipeline, np.array([0.0]), np.array([-17.0]))
    east = _look(service, Extent(-_HALF, y[0] - 4000, -_HALF + 8000, y[0] + 4000), MERCATOR)
    west = _look(service, Extent(_HALF - 8000, y[0] - 4000, _HALF, y[0] + 4000), MERCATOR)
    assert east.valid.all()
    assert west.valid.all()


def test_tiles_far_from_such_a_scene_are_blank(tmp_path: Path) -> None:
    service = _across_180(tmp_path)
    view = View(tile=TileAddress(level=8, row=128, col=128))
    assert not samples(
        service, ImageRequest(view=view, encoding=Encoding(format="bsq"))
    ).valid.any()


def test_the_whole_world_at_once_is_finite(tmp_path: Path) -> None:
    service = _across_180(tmp_path)
    block = _look(service, Extent(-_HALF, -_HALF, _HALF, _HALF), MERCATOR)
    assert block.valid.sum() <= 8


@pytest.mark.parametrize(("crs", "lat"), [("EPSG:3413", 89.0), ("EPSG:3031", -89.0)])
def test_a_pole_inside_a_raster_shows_in_its_own_crs(tmp_path: Path, crs: str, lat: float) -> None:
    service = _flat(tmp_path, crs, Affine(5000, 0, -640000, 0, -5000, 640000))
    assert _look(service, Extent(-600000, -600000, 600000, 600000), crs).valid.all()
    around = Extent(-180, min(lat, lat + 0.5), 180, max(lat, lat + 0.5))
    assert _look(service, around, LONLAT, 128, 8).valid.mean() > 0.95


def test_a_raster_at_the_pole_seen_in_web_mercator_is_partial(tmp_path: Path) -> None:
    service = _flat(tmp_path, "EPSG:3413", Affine(5000, 0, -640000, 0, -5000, 640000))
    block = _look(service, Extent(-_HALF, _HALF - 4e6, _HALF, _HALF + 4e6), MERCATOR)
    assert block.valid.any()


def test_a_geographic_raster_of_0_to_360_shows_in_its_own_crs(tmp_path: Path) -> None:
    service = _flat(tmp_path, LONLAT, Affine(360 / 256, 0, 0, 0, -180 / 256, 90))
    assert _look(service, Extent(0, -90, 360, 90), LONLAT).valid.all()
    east = _look(service, Extent(1e6, -1e6, 3e6, 1e6), MERCATOR)
    assert east.valid.all()


def test_a_view_without_place_in_the_rasters_crs_is_blank_or_refused(tmp_path: Path) -> None:
    service = _flat(tmp_path, "EPSG:32632", Affine(10, 0, 500000, 0, -10, 5200000))
    block = _look(service, Extent(-1e6, -1e6, 1e6, 1e6), "EPSG:3031")
    assert not block.valid.any()
    far = _look(service, Extent(1e12, 1e12, 1.1e12, 1.1e12), "EPSG:3413")
    assert not far.valid.any()


@pytest.mark.parametrize("crs", [MERCATOR, LONLAT, "EPSG:3035", "EPSG:32633", "ESRI:54009"])
def test_views_in_other_crss_than_the_services_show_the_raster(tmp_path: Path, crs: str) -> None:
    service = _flat(tmp_path, "EPSG:32632", Affine(10, 0, 500000, 0, -10, 5200000))
    x, y = transform(
        operation("EPSG:32632", crs).pipeline,
        np.array([500500.0, 502000.0]),
        np.array([5198000.0, 5199500.0]),
    )
    block = _look(service, Extent(min(x), min(y), max(x), max(y)), crs)
    assert block.valid.all()
