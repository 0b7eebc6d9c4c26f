"""Compiling items: places, boxes, and that many at once are as one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from engine.build.band_mapping import BandMapping
from engine.build.item_compiler import ItemCompiler, ItemParts, NotCompiled
from engine.build.placement import place
from engine.build.zmd_writer import CompiledRow
from engine.extent import Extent
from engine.item import BandSource, Level, Source
from engine.pixel_type import PixelType
from engine.readers.header import BandHeader

MAPPING = BandMapping(
    bands=(BandSource(0, 1),),
    headers=(BandHeader(pixel_type=PixelType.U8),),
    no_data=(None,),
    alpha=None,
    dataset_mask=False,
)


def _parts(crs: str, west: float, north: float, pixel: float, service_crs: str) -> ItemParts:
    geotransform = (west, pixel, 0.0, north, 0.0, -pixel)
    placement = place(crs, geotransform, (100, 80), service_crs, None)
    assert placement is not None
    return ItemParts(
        id=1,
        name="scene",
        category=1,
        crs=crs,
        geotransform=geotransform,
        levels=(Level(100, 80, 64, 64),),
        sources=(Source("/nowhere.tif", "GTiff", 1, 1),),
        mapping=MAPPING,
        wkb=placement.wkb,
        attributes={"CenterX": placement.center_x, "CenterY": placement.center_y, "ZOrder": 3},
        pixel_sizes=(0.0, 0.0, placement.pixel_size, placement.pixel_size),
    )


MERCATOR = "EPSG:3857"
MIXED = [
    _parts("EPSG:32633", 500_000, 5_000_000, 10, MERCATOR),
    _parts("EPSG:32633", 600_000, 7_900_000, 30, MERCATOR),
    _parts("EPSG:32733", 500_000, 8_000_000, 10, MERCATOR),
    _parts("EPSG:4326", 10, 50, 0.001, MERCATOR),
    _parts("EPSG:27700", 400_000, 300_000, 25, MERCATOR),
    _parts("EPSG:3857", 1_000_000, 6_000_000, 10, MERCATOR),
    _parts("EPSG:3413", -1_000_000, -1_000_000, 100, MERCATOR),
]


def test_many_at_once_are_as_one_by_one() -> None:
    together = ItemCompiler(MERCATOR).compile_all(MIXED)
    alone = [ItemCompiler(MERCATOR).compile(parts) for parts in MIXED]
    assert together == alone


@pytest.mark.parametrize("parts", MIXED, ids=lambda parts: parts.crs)
def test_scale_and_ground_size_are_of_the_centre(parts: ItemParts) -> None:
    item = ItemCompiler(MERCATOR).compile(parts).item
    pixel_on_map = 1 / np.sqrt(item.scale_mercator[0] * item.scale_mercator[1])
    latitude = np.degrees(2 * np.arctan(np.exp(item.center_y / 6378137)) - np.pi / 2)
    assert pixel_on_map * np.cos(np.radians(latitude)) == pytest.approx(
        item.ground_size_m, rel=0.01
    )
    assert item.z_order == 3.0


def test_operations_are_pinned_and_kept() -> None:
    compiler = ItemCompiler(MERCATOR)
    rows = [compiler.compile(parts) for parts in MIXED]
    assert {row.item.operation_service for row in rows} <= compiler.operations.keys()
    assert compiler.operations["noop"] == "proj=noop"


def test_a_footprint_across_the_antimeridian_has_a_box_on_either_side() -> None:
    parts = _parts("EPSG:32601", 166_000 - 50_000, 100_000, 1000, MERCATOR)
    row = ItemCompiler(MERCATOR).compile(parts)
    assert len(row.boxes) == 2
    assert sum(box.width for box in row.boxes) == pytest.approx(100_000, rel=0.02)
    assert row.item.extent.width > 3e7


def test_a_footprint_around_a_pole_is_compiled() -> None:
    parts = _parts("EPSG:3413", -50_000, 40_000, 1000, "EPSG:4326")
    row = ItemCompiler("EPSG:4326").compile(parts)
    assert row.item.extent.ymax == pytest.approx(90)
    assert min(row.item.scale_service) > 0


def test_a_raster_without_a_place_on_the_map_is_told() -> None:
    parts = replace(MIXED[0], crs="EPSG:32633", geotransform=(9e9, 10.0, 0.0, 9e9, 0.0, -10.0))
    with pytest.raises(NotCompiled, match="no place in the service's CRS EPSG:3857"):
        ItemCompiler(MERCATOR).compile(parts)


@pytest.mark.parametrize(
    "wkb",
    [
        b"",
        shapely.to_wkb(shapely.Polygon()),
        shapely.to_wkb(shapely.Polygon([(0, 0), (1, 1), (2, 2)])),
    ],
)
def test_a_footprint_without_area_is_told(wkb: bytes) -> None:
    with pytest.raises(NotCompiled, match="has no footprint"):
        ItemCompiler(MERCATOR).compile(replace(MIXED[0], wkb=wkb))


def test_one_bad_item_does_not_spoil_its_group() -> None:
    bad = replace(MIXED[0], wkb=b"")
    results = ItemCompiler(MERCATOR).compile_all([MIXED[0], bad, MIXED[1]])
    assert [type(result) for result in results] == [CompiledRow, NotCompiled, CompiledRow]


def test_footprints_that_were_edited_follow_from_the_map() -> None:
    box = ItemCompiler(MERCATOR).compile(MIXED[0]).item.extent
    half = shapely.box(box.xmin, box.ymin, box.center_x, box.ymax)
    row = ItemCompiler(MERCATOR).compile(
        replace(MIXED[0], wkb=shapely.to_wkb(half), rings=None, attributes={})
    )
    assert row.item.footprint
    assert row.item.extent == Extent(*half.bounds)
    assert row.item.center_x == pytest.approx(half.centroid.x)
