"""JSON as clients write it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from server.protocols.arcgis.sloppy_json import decode_json
from server.protocols.input_limits import MAX_JSON_CHARACTERS, MAX_JSON_DEPTH, MAX_SLOPPY_CHARACTERS

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(max_size=5), children),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{x: 1.0, y: -2}", {"x": 1.0, "y": -2}),
        ("{'wkid': 3857}", {"wkid": 3857}),
        ("{a:[1,2,],}", {"a": [1, 2]}),
        ("{a:True,b:False,c:None,d:undefined}", {"a": True, "b": False, "c": None, "d": None}),
        ("{ a :\r\n esriMosaicCenter }", {"a": "esriMosaicCenter"}),
        (r"""{'a': 'it\'s'}""", {"a": "it's"}),
        ("{a: 'caf\\u00e9'}", {"a": "café"}),
        ("{x:+1.5e+3}", {"x": 1500.0}),
        ('"esriMosaicNone"', "esriMosaicNone"),
    ],
)
def test_sloppy_texts_are_read(text: str, value: object) -> None:
    assert decode_json("p", text) == value


@given(_JSON)
def test_strict_json_reads_as_the_standard_library_does(value: object) -> None:
    assert decode_json("p", json.dumps(value)) == value


@given(_JSON)
def test_the_tolerant_reader_agrees_on_strict_json(value: object) -> None:
    # A trailing comma takes the text past the strict reader.
    assert decode_json("p", "[" + json.dumps(value) + ",]") == [value]


@pytest.mark.parametrize(
    "text",
    ["{", "[1 2]", "{a}", "{a:}", "}", "[}", "'open", "{a:1}{b:2}", ",", "", "1e400", "[NaN]",
     "{x:Infinity}", "{x:-inf}", "[" * (MAX_JSON_DEPTH + 2) + "]" * (MAX_JSON_DEPTH + 2), "[" * 5000,
     "{a:" * 5000, "[1," * 300 + "1" + "]" * 300],
)  # fmt: skip
def test_what_is_no_finite_bounded_json_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="p"):
        decode_json("p", text)


def test_a_text_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(RequestError, match="1,000,000"):
        decode_json("p", "[" * (MAX_JSON_CHARACTERS + 1))


def test_only_strict_json_may_be_long() -> None:
    long = "[" + "1," * MAX_SLOPPY_CHARACTERS + "1"
    assert decode_json("p", long + "]") == [1] * (MAX_SLOPPY_CHARACTERS + 1)
    with pytest.raises(RequestError, match="strict"):
        decode_json("p", long + ",]")


@given(st.text(alphabet="{}[]:,\"' \\abz019.-+eNntu\n\ud800", max_size=60))
def test_any_text_gives_a_value_or_a_request_error(text: str) -> None:
    try:
        value = decode_json("p", text)
    except RequestError:
        return
    waiting = [value]
    while waiting:
        current = waiting.pop()
        assert not isinstance(current, float) or math.isfinite(current)
        if isinstance(current, dict):
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
