"""Esri JSON on its way out."""

from __future__ import annotations

import json

import pytest

from engine.errors import RequestError
from server.protocols.arcgis.esri_json import check_callback, encode, number


def test_pjson_is_indented() -> None:
    assert encode({"a": 1}, {"f": "pjson"})[1] == b'{\n  "a": 1\n}'


def test_a_callback_makes_a_script() -> None:
    media_type, body = encode({"a": "\u2028"}, {"f": "json", "callback": "my.fn"})
    assert media_type.startswith("application/javascript")
    assert body == b'my.fn({"a":"\\u2028"});'


@pytest.mark.parametrize("name", ["f", "a.b.c", "$x", "_1", "dojo.io.script.jsonp_1"])
def test_names_of_functions_are_callbacks(name: str) -> None:
    assert check_callback(name) == name


@pytest.mark.parametrize(
    "name", ["alert(1)//", "a b", "1a", "a..b", "a[0]", "<script>", "é", "a" * 129, "a\n", ";"]
)
def test_what_is_no_name_of_a_function_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="callback"):
        check_callback(name)


def test_not_a_number_is_a_text() -> None:
    assert [number(value) for value in (float("nan"), float("-inf"), 2.0, 2.5)] == [
        "NaN", "NaN", 2, 2.5,
    ]  # fmt: skip
    assert json.loads(encode({"v": number(float("nan"))}, {})[1]) == {"v": "NaN"}
