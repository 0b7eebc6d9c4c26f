"""JSON answers as people read them."""

from __future__ import annotations

from typing import Any

import pytest

from server.protocols.arcgis.readable import (
    MAX_ROWS,
    Bars,
    Items,
    Picture,
    Rows,
    Table,
    Words,
    geometry_words,
    readable,
    readable_answer,
    spoken,
)

URL = "http://h/arcgis/rest/services/a/ImageServer"
FEATURES = {
    "objectIdFieldName": "OBJECTID",
    "fields": [{"name": "AcqDate", "type": "esriFieldTypeDate"}],
    "features": [
        {"attributes": {"OBJECTID": 7, "AcqDate": 1_600_000_000_000}, "geometry": {"rings": [[[0, 0]] * 5]}},
        {"attributes": {"OBJECTID": 8, "AcqDate": None}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        ("", "–"),
        (True, "true"),
        (0.1 + 0.2, "0.3"),
        ([], "–"),
        ({}, "–"),
        ([1, 2.5], "1, 2.5"),
        (["a", "b"], "a, b"),
        ({"wkid": 102100, "latestWkid": 3857}, "102100 (3857)"),
        ({"wkid": 4326, "latestWkid": 4326}, "4326"),
        ({"x": 1, "y": 2, "spatialReference": {"wkid": 4326}}, "1, 2 · 4326"),
        ({"xmin": 0, "ymin": 1, "xmax": 2, "ymax": 3}, "0, 1, 2, 3"),
        ({"paths": [[[0, 0], [1, 1]]]}, "polyline of 2 vertices"),
        ({"type": "codedValue", "codedValues": [{"code": 1, "name": "Primary"}]}, "1 Primary"),
    ],
)
def test_small_values_are_words(value: Any, text: str) -> None:
    assert readable(value) == Words(text)


def test_only_addresses_of_the_server_are_links() -> None:
    assert readable(URL + "/1", URL) == Words(URL + "/1", URL + "/1")
    for other in ("http://elsewhere/", "javascript:alert(1)"):
        assert readable(other, URL) == Words(other)
    picture = "http://h/arcgis/rest/directories/arcgisoutput/a.png"
    assert readable(picture, URL) == Words(picture, picture)
    assert readable("raster/7", URL) == Words("raster/7", URL + "/7")


def test_features_are_a_table_with_days_and_links_to_their_pages() -> None:
    shown = readable_answer(FEATURES, URL)
    assert isinstance(shown, Rows)
    name, table = shown.rows[-1]
    assert name == "features (2)"
    assert isinstance(table, Table)
    assert table.columns == ("OBJECTID", "AcqDate", "geometry")
    assert table.rows[0] == (
        Words("7", URL + "/7"),
        Words("2020-09-13 12:26:40 UTC"),
        Words("polygon of 5 vertices"),
    )
    assert table.rows[1][1:] == (Words("–"), Words("–"))


def test_a_legend_is_its_swatches() -> None:
    swatch = {"label": "High", "imageData": "AAAA", "contentType": "image/png", "height": 20}
    table = readable([swatch])
    assert isinstance(table, Table)
    assert table.rows == ((Picture("data:image/png;base64,AAAA", "High"), Words("High")),)


def test_a_picture_of_another_type_is_no_picture() -> None:
    assert not isinstance(readable({"imageData": "x", "contentType": "image/svg+xml"}), Picture)


def test_many_numbers_are_bars_of_bounded_number() -> None:
    bars = readable(list(range(1000)))
    assert isinstance(bars, Bars)
    assert bars.width == 250
    assert bars.path.count("M") == 250
    assert bars.text == "1000 numbers, sum 499500"
    assert isinstance(readable([0] * 100), Bars)


def test_long_answers_are_cut_and_say_so() -> None:
    rows = readable([{"a": number} for number in range(MAX_ROWS + 5)])
    assert isinstance(rows, Table)
    assert (len(rows.rows), rows.left_out) == (MAX_ROWS, 5)
    features = {"features": [{"attributes": {"a": 1}}] * (MAX_ROWS + 3)}
    shown = readable(features)
    assert isinstance(shown, Rows)
    table = shown.rows[-1][1]
    assert isinstance(table, Table)
    assert table.left_out == 3
    nested = readable([[[1]]] * (MAX_ROWS + 1))
    assert isinstance(nested, Items)
    assert nested.left_out == 1


def test_records_of_unlike_keys_share_one_table() -> None:
    table = readable([{"a": 1}, {"b": 2}])
    assert isinstance(table, Table)
    assert table.columns == ("a", "b")
    assert table.rows[0] == (Words("1"), Words("–"))


def test_an_answer_that_is_a_geometry_keeps_its_names() -> None:
    shown = readable_answer({"x": 1, "y": 2, "spatialReference": {"wkid": 4326}})
    assert shown == Rows(
        (("x", Words("1")), ("y", Words("2")), ("spatialReference", Words("4326")))
    )


def test_columns_without_content_are_left_out_and_own_fields_come_first() -> None:
    row = {"OBJECTID": 1, "MinPS": 0, "Name": "a", "Tag": None, "ZOrder": "", "Cloud": 0}
    table = readable([row])
    assert isinstance(table, Table)
    assert table.columns == ("OBJECTID", "Name", "Cloud", "MinPS")


def test_levels_of_tiles_are_one_line() -> None:
    levels = [{"level": n, "resolution": 8.0 / 2**n, "scale": 1.0} for n in range(4)]
    assert readable(levels) == Words("4: level 0 (8 a pixel) to 3 (1)")


def test_dates_stand_on_one_line_of_a_table() -> None:
    assert Words("2020-09-13 12:26:40 UTC").is_short
    assert not Words("9.99 m pixels; farthest to the north-west").is_short


def test_keys_are_spoken_as_words() -> None:
    assert spoken("maxImageHeight") == "Max Image Height"
    assert geometry_words({"name": "x"}) == ""
