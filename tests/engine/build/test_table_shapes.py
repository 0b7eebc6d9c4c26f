"""Footprints of tables: read, repaired, reprojected with their edges bent as they should be."""

from __future__ import annotations

import numpy as np
import shapely

from engine.build.table_shapes import bounds_of, is_box_of, read_shapes, reproject_shapes
from engine.geometry.projection import operation, transform


def test_areas_become_multipolygons_and_all_else_nothing() -> None:
    texts = ["POLYGON ((0 0, 1 0, 1 1, 0 0))", b"", "POINT (1 2)", "no shape", b"\x01\x02"]
    shapes = read_shapes([*texts, shapely.to_wkb(shapely.box(0, 0, 1, 1))])
    assert [shape is not None for shape in shapes] == [True, False, False, False, False, True]
    assert {shape.geom_type for shape in shapes if shape is not None} == {"MultiPolygon"}


def test_a_bow_is_repaired_to_its_two_areas() -> None:
    (shape,) = read_shapes(["POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"])
    assert shape.is_valid
    assert shape.area == 2.0


def test_edges_are_divided_where_the_other_crs_bends_them() -> None:
    box = shapely.MultiPolygon([shapely.box(10.0, 50.0, 14.0, 54.0)])
    (moved,) = reproject_shapes(np.array([box], object), "EPSG:4326", "EPSG:32633")
    lon = np.linspace(10.0, 14.0, 1001)
    x, y = transform(operation("EPSG:4326", "EPSG:32633").pipeline, lon, np.full(1001, 54.0))
    away = shapely.distance(moved.boundary, shapely.points(x, y))
    assert away.max() < 1e-4 * (x.max() - x.min())


def test_a_shape_without_a_place_in_the_other_crs_is_left_out() -> None:
    shapes = read_shapes(
        ["POLYGON ((0 0, 1e300 0, 1 1, 0 0))", "POLYGON ((9 50, 9 51, 10 50, 9 50))"]
    )
    moved = reproject_shapes(shapes, "EPSG:4326", "EPSG:32633")
    assert moved[0] is None
    assert moved[1] is not None
    assert bounds_of(moved) is not None
    assert bounds_of(moved[:1]) is None


def test_a_box_stands_for_a_raster_only_if_it_leaves_nothing_out() -> None:
    own = shapely.box(0, 0, 100, 100)
    assert is_box_of(shapely.box(-1, -1, 101, 101), own)
    assert is_box_of(shapely.box(0.2, 0, 100, 100), own)
    assert not is_box_of(shapely.box(0, 0, 50, 100), own)
    assert not is_box_of(shapely.Point(50, 50).buffer(90), own)
