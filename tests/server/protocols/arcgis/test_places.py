"""Geometries taken apart and put together."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError, RequestTooLarge
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.places import (
    Places,
    place_parameter,
    places_parameter,
    put_together,
    read_shapes,
)
from server.protocols.input_limits import MAX_POSITIONS


def _read(text: str, kind: str = "") -> Places:
    return place_parameter(Parameters.from_mapping({"geometry": text, "geometryType": kind}))


def _read_all(text: str) -> Places:
    return places_parameter(Parameters.from_mapping({"geometries": text}))


def _back(places: Places) -> list[dict[str, object]]:
    return list(put_together(read_shapes(places.shapes_text()), places.packed()))


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("1,2", {"x": 1, "y": 2}),
        ("{x: 1.5, y: -2}", {"x": 1.5, "y": -2}),
        ('{"x":1,"y":2,"z":88.5}', {"x": 1, "y": 2, "z": 88.5}),
        ('{"x":1,"y":2,"z":"NaN"}', {"x": 1, "y": 2}),
        ('{"points":[[1,2],[3,4]]}', {"points": [[1.0, 2.0], [3.0, 4.0]]}),
        ('{"hasZ":true,"points":[[1,2,3]]}', {"hasZ": True, "points": [[1.0, 2.0, 3.0]]}),
        ('{"hasM":true,"points":[[1,2,3]]}', {"points": [[1.0, 2.0]]}),
        (
            '{"paths":[[[0,0],[1,1]],[[2,2],[3,3],[4,4]]]}',
            {"paths": [[[0.0, 0.0], [1.0, 1.0]], [[2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]]},
        ),
        (
            '{"rings":[[[0,0],[0,1],[1,1],[0,0]]]}',
            {"rings": [[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]]},
        ),
        ("1,-4,3,2", {"xmin": 1.0, "ymin": -4.0, "xmax": 3.0, "ymax": 2.0}),
        (
            '{"xmin":3,"ymin":2,"xmax":1,"ymax":-4}',
            {"xmin": 1.0, "ymin": -4.0, "xmax": 3.0, "ymax": 2.0},
        ),
    ],
)
def test_a_geometry_comes_back_as_it_was(text: str, back: dict[str, object]) -> None:
    assert _back(_read(text)) == [back]


def test_the_kind_is_taken_from_the_keys_whatever_the_type_says() -> None:
    assert _back(_read('{"x":1,"y":2}', "esriGeometryPolygon")) == [{"x": 1, "y": 2}]
    assert _back(_read("1,2", "Point")) == [{"x": 1, "y": 2}]
    with pytest.raises(RequestError, match="geometryType"):
        _read("1,2", "esriGeometryTeapot")


@pytest.mark.parametrize(
    "text",
    [
        '{"geometryType":"esriGeometryPoint","geometries":[{"x":1,"y":2},{"x":3,"y":4}]}',
        '[{"x":1,"y":2},{"x":3,"y":4}]',
        "1,2,3,4",
        "[1,2,3,4]",
        "[[1,2],[3,4]]",
    ],
)
def test_a_list_of_points_in_any_form(text: str) -> None:
    assert _back(_read_all(text)) == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


def test_geometries_state_one_reference() -> None:
    point = '{"x":1,"y":2,"spatialReference":{"icsid":3}}'
    assert _read(point).crs == "ICS:3"
    assert _read_all(f"[{point},{point}]").crs == "ICS:3"
    with pytest.raises(RequestError, match="spatialReference"):
        _read_all(f'[{point},{{"x":1,"y":2,"spatialReference":{{"wkid":4326}}}}]')


def _moved(text: str, *vertices: tuple[float, float, float]) -> dict[str, object]:
    packed = b"".join(struct.pack("<3d", *vertex) for vertex in vertices)
    return next(put_together(_read(text).shapes, packed))


def test_what_has_no_place_is_left_out_or_nan() -> None:
    nowhere = (math.nan, math.nan, math.nan)
    assert _moved("1,2", nowhere) == {"x": "NaN", "y": "NaN"}
    assert _moved('{"points":[[1,2],[3,4]]}', nowhere, (5, 6, 7)) == {
        "hasZ": True,
        "points": [[5.0, 6.0, 7.0]],
    }
    assert _moved('{"paths":[[[1,2],[3,4]]]}', nowhere, (5, 6, 7)) == {"paths": []}
    assert _moved('{"points":[[1,2]]}', nowhere) == {"points": []}
    ring = '{"rings":[[[0,0],[0,1],[1,1],[0,0]]]}'
    assert _moved(ring, (1, 1, math.nan), (2, 1, 5), nowhere, (1, 1, 5)) == {
        "rings": [[[1.0, 1.0], [2.0, 1.0], [1.0, 1.0]]]
    }
    box = _read("0,0,1,1")
    everywhere = struct.pack("<3d", *nowhere) * box.shapes[0].size
    assert set(next(put_together(box.shapes, everywhere)).values()) == {"NaN"}


@pytest.mark.parametrize(
    "text",
    [
        "NaN,2",
        "1",
        "1,2,3,4,5",
        "1e999,2",
        '{"x":1}',
        '{"x":"NaN","y":2}',
        '{"x":null,"y":2}',
        '{"x":1,"y":2,"z":1e999}',
        '{"x":1,"y":2,"z":[1]}',
        '{"points":[]}',
        '{"points":5}',
        '{"points":[5]}',
        '{"points":[[1]]}',
        '{"points":[[1,NaN]]}',
        '{"rings":[]}',
        '{"rings":[[]]}',
        '{"rings":[5]}',
        '{"paths":{"x":1}}',
        '{"other":1}',
        "[1]",
        "{{{{",
        "[" * 500,
        '{"x":1,"y":2,"spatialReference":{"wkt":"http://127.0.0.1/x"}}',
        '{"x":1,"y":2,"spatialReference":{"wkid":"file:///etc/passwd"}}',
    ],
)
def test_what_is_no_geometry_is_refused_by_name(text: str) -> None:
    with pytest.raises(RequestError, match="geometry"):
        _read(text)
    with pytest.raises(RequestError, match="geometries"):
        _read_all("[" + text + "]")


def test_vertices_are_counted_before_they_are_followed() -> None:
    most = [[1, 2]] * MAX_POSITIONS
    assert len(_read(json.dumps({"points": most})).flat) == 3 * MAX_POSITIONS
    for value in ({"points": [*most, [1, 2]]}, {"rings": [most, [[1, 2]] * 3]}):
        with pytest.raises(RequestTooLarge, match="vertices"):
            _read(json.dumps(value))
    with pytest.raises(RequestError):
        _read_all(",".join(["1"] * (2 * MAX_POSITIONS + 2)))
    with pytest.raises(RequestTooLarge):
        _read_all(json.dumps([{"xmin": 0, "ymin": 0, "xmax": 1, "ymax": 1}] * 200))


@given(
    st.text(max_size=60)
    | st.recursive(
        st.none() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "x",
                        "y",
                        "z",
                        "points",
                        "rings",
                        "paths",
                        "xmin",
                        "geometries",
                        "spatialReference",
                        "hasZ",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    ).map(json.dumps)
)
def test_anything_is_a_geometry_or_a_request_error(text: str) -> None:
    for read in (_read, _read_all):
        try:
            places = read(text)
        except RequestError:
            continue
        assert len(places.flat) == 3 * sum(shape.size for shape in places.shapes)
        assert all(math.isfinite(v) for v in places.flat[0::3])
