"""Geometries of requests, against shapely."""

from __future__ import annotations

import json
import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.extent import Extent
from server.protocols.arcgis.geometry import Geometry, geometry_parameter, pack_box
from server.protocols.arcgis.parameters import Parameters
from server.protocols.input_limits import MAX_VERTICES


def _read(text: str, **others: str) -> Geometry:
    geometry = geometry_parameter(Parameters([("geometry", text), *others.items()]))
    assert geometry is not None
    return geometry


def test_a_point_of_terria_has_bare_keys() -> None:
    geometry = _read("{x: 15.5, y: 49.25, spatialReference: {wkid: 4326}}")
    assert (geometry.kind, geometry.crs) == ("point", "EPSG:4326")
    assert shapely.from_wkb(geometry.wkb) == shapely.Point(15.5, 49.25)


def test_the_short_forms_are_read() -> None:
    assert shapely.from_wkb(_read("1,2").wkb) == shapely.Point(1, 2)
    assert shapely.from_wkb(_read("3,4,1,2").wkb).equals(shapely.box(1, 2, 3, 4))


def test_a_parameter_gives_the_reference_that_the_geometry_lacks() -> None:
    assert _read("1,2", inSR="4326").crs == "EPSG:4326"
    assert _read('{"x":1,"y":2,"spatialReference":{"wkid":3857}}', inSR="4326").crs == "EPSG:3857"


def test_the_keys_decide_the_kind_whatever_geometry_type_says() -> None:
    geometry = _read('{"rings":[[[0,0],[0,1],[1,1],[0,0]]]}', geometryType="esriGeometryPoint")
    assert geometry.kind == "polygon"


def test_holes_belong_to_the_ring_around_them() -> None:
    outer_a = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]
    outer_b = [[20, 0], [20, 10], [30, 10], [30, 0], [20, 0]]
    hole_b = [[22, 2], [28, 2], [28, 8], [22, 8], [22, 2]]
    polygon = shapely.from_wkb(_read(json.dumps({"rings": [outer_a, hole_b, outer_b]})).wkb)
    assert polygon.equals(
        shapely.box(0, 0, 10, 10) | (shapely.box(20, 0, 30, 10) - shapely.box(22, 2, 28, 8))
    )


def test_a_ring_of_the_wrong_turn_alone_is_still_a_polygon() -> None:
    ring = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
    assert shapely.from_wkb(_read(json.dumps({"rings": [ring]})).wkb).area == 100
    assert (
        shapely.from_wkb(
            _read(json.dumps({"rings": [ring, [[x + 20, y] for x, y in ring]]})).wkb
        ).area
        == 200
    )


def test_a_ring_that_crosses_itself_is_made_valid() -> None:
    bow = {"rings": [[[0, 0], [10, 10], [10, 0], [0, 10], [0, 0]]]}
    assert shapely.from_wkb(_read(json.dumps(bow)).wkb).is_valid


def test_a_ring_of_one_point_is_that_point() -> None:
    ring = {"rings": [[[3, 4], [3, 4], [3, 4], [3, 4]]]}
    assert shapely.from_wkb(_read(json.dumps(ring)).wkb).geom_type == "Point"


def test_a_ring_that_crosses_itself_all_over_is_refused() -> None:
    def star(points: int) -> str:
        turns = [math.tau * at * (points // 2) / points for at in range(points + 1)]
        return json.dumps({"rings": [[[math.cos(turn), math.sin(turn)] for turn in turns]]})

    assert shapely.from_wkb(_read(star(21)).wkb).is_valid
    for points in (51, 20_001):
        with pytest.raises(RequestError, match="crossings"):
            _read(star(points))


def test_lines_and_multipoints_are_read() -> None:
    line = shapely.from_wkb(_read('{"paths":[[[0,0],[3,4]]]}').wkb)
    assert line.length == 5
    points = shapely.from_wkb(_read('{"points":[[0,0],[3,4]]}').wkb)
    assert len(points.geoms) == 2


def test_a_box_without_an_area_is_a_line_or_a_point() -> None:
    assert shapely.from_wkb(pack_box(Extent(1, 2, 1, 2))) == shapely.Point(1, 2)
    assert shapely.from_wkb(pack_box(Extent(1, 2, 1, 5))).length == 3


@pytest.mark.parametrize(
    "text",
    ["1", "1,2,3", "1,NaN", "1,1e400", "a,b", '{"x":1}', '{"x":"NaN","y":1}', '{"rings":[]}',
     '{"rings":[[[0,0],[1,1]]]}', '{"rings":[[[0,0],[1,1],["a",2]]]}', '{"paths":5}',
     '{"points":[]}', '{"curveRings":[]}', '{"xmin":1}', "[1]", '"x"', "POINT(1 2)"],
)  # fmt: skip
def test_what_is_no_geometry_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="geometry"):
        _read(text)


def test_too_many_vertices_are_refused() -> None:
    points = {"points": [[0, 0]] * (MAX_VERTICES + 1)}
    with pytest.raises(RequestError, match="number of vertices"):
        _read(json.dumps(points))


@pytest.mark.parametrize("text", ["", "{}", "null", "undefined"])
def test_no_geometry_is_none(text: str) -> None:
    assert geometry_parameter(Parameters([("geometry", text)])) is None


_NUMBER = st.floats(width=32) | st.integers(-100, 100) | st.text(max_size=2)
_POINTS = st.lists(st.lists(_NUMBER, max_size=3), max_size=6)


@given(
    st.dictionaries(
        st.sampled_from(["x", "y", "xmin", "ymin", "xmax", "ymax", "points", "rings", "paths"]),
        _NUMBER | _POINTS | st.lists(_POINTS, max_size=4),
    )
)
def test_any_object_gives_readable_wkb_or_a_request_error(value: dict[str, object]) -> None:
    try:
        geometry = geometry_parameter(Parameters([("geometry", json.dumps(value))]))
    except RequestError:
        return
    if geometry is not None:
        assert shapely.is_valid_input(shapely.from_wkb(geometry.wkb))


def test_a_ring_that_is_a_point_beside_one_that_crosses_itself_is_left_out() -> None:
    rings = "[[0,0],[0,0],[0,0]],[[0,3],[3,1],[2,2],[1,1]]"
    shape = shapely.from_wkb(_read(f'{{"rings":[{rings}]}}').wkb)
    assert shape.is_valid
    assert shape.area > 0
