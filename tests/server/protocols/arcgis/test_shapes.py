"""Footprints on their way out."""

from __future__ import annotations

import shapely

from server.protocols.arcgis.shapes import (
    Drawing,
    esri_geometries,
    esri_geometry,
    geojson_geometries,
)

_SQUARE = shapely.box(0, 0, 10, 10)
_HOLED = shapely.Polygon(_SQUARE.exterior, [[(2, 2), (4, 2), (4, 4), (2, 4)]])


def _is_clockwise(ring: list[list[float]]) -> bool:
    return not shapely.LinearRing(ring).is_ccw


def test_outer_rings_of_esri_are_clockwise_and_holes_are_not() -> None:
    geometry = esri_geometry(_HOLED.wkb, Drawing())
    assert geometry is not None
    outer, hole = geometry["rings"]
    assert _is_clockwise(outer)
    assert not _is_clockwise(hole)
    assert outer[0] == outer[-1]


def test_outer_rings_of_geojson_are_the_other_way() -> None:
    geometry = geojson_geometries([_HOLED.wkb], Drawing())[0]
    assert geometry is not None
    outer, hole = geometry["coordinates"]
    assert not _is_clockwise(outer)
    assert _is_clockwise(hole)
    assert shapely.geometry.shape(geometry).equals(_HOLED)


def test_several_parts_are_several_rings_or_a_multipolygon() -> None:
    both = shapely.MultiPolygon([_SQUARE, shapely.box(20, 0, 30, 10)])
    esri = esri_geometry(both.wkb, Drawing())
    assert esri is not None
    assert len(esri["rings"]) == 2
    geojson = geojson_geometries([both.wkb], Drawing())[0]
    assert geojson is not None
    assert geojson["type"] == "MultiPolygon"


def test_coordinates_are_rounded_and_thinned_as_asked() -> None:
    shape = shapely.Polygon([(0, 0), (0, 5.0001), (0, 10), (10, 10), (10, 0.123456)])
    geometry = esri_geometry(shape.wkb, Drawing.from_options({"precision": "2", "max_offset": "1"}))
    assert geometry is not None
    assert sorted(map(tuple, geometry["rings"][0][:-1])) == [(0, 0), (0, 10), (10, 0.12), (10, 10)]


def test_no_footprint_is_none() -> None:
    assert esri_geometry(b"", Drawing()) is None
    assert geojson_geometries([shapely.Polygon().wkb, b""], Drawing()) == [None, None]


def test_each_of_many_footprints_gets_its_own_rings() -> None:
    both = shapely.MultiPolygon([_HOLED.reverse(), shapely.box(20, 0, 30, 10)])
    wkbs = [_SQUARE.wkb, b"", both.wkb, shapely.Polygon().wkb, _HOLED.wkb]
    found = esri_geometries(wkbs, Drawing())
    assert [None if each is None else len(each["rings"]) for each in found] == [1, None, 3, None, 2]
    assert found == [esri_geometry(wkb, Drawing()) for wkb in wkbs]
    turned = [_is_clockwise(ring) for ring in (found[2] or {})["rings"]]
    assert turned == [True, False, True]


def test_nothing_is_drawn_of_nothing() -> None:
    assert esri_geometries([], Drawing()) == []
