"""Parameters as clients send them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from server.protocols.arcgis.parameters import Parameters
from server.protocols.input_limits import MAX_LIST, MAX_PARAMETERS


def test_names_ignore_case() -> None:
    assert Parameters.from_query("BBox=1,2").numbers("bbox") == (1.0, 2.0)


def test_an_empty_value_is_not_given() -> None:
    parameters = Parameters.from_query("noData=&size=&compression= ")
    assert parameters.numbers("noData") == ()
    assert parameters.numbers("size") == ()
    assert parameters.text("compression", "none") == "none"
    assert "nodata" in parameters


def test_empty_segments_of_a_query_are_skipped() -> None:
    assert Parameters.from_query("&&a=1&&&b=2&").integer("b") == 2


@pytest.mark.parametrize("text", ["{}", "null", "undefined", "false", "", "[]", "{ }"])
def test_nothing_in_its_many_spellings_is_no_json(text: str) -> None:
    assert Parameters((("renderingRule", text),)).json("renderingRule") is None


@pytest.mark.parametrize(
    "pairs", [[("k", "1,2,3")], [("k", "[1, 2, 3]")], [("k", "1"), ("k", "2"), ("K", "3")]]
)
def test_a_list_has_three_forms(pairs: list[tuple[str, str]]) -> None:
    assert Parameters(pairs).integers("k") == (1, 2, 3)


def test_a_list_of_names_may_be_json() -> None:
    parameters = Parameters([("orderByFields", '["A DESC", "B"]')])
    assert parameters.names("orderByFields") == ("A DESC", "B")


def test_loaders_gl_doubles_its_keys() -> None:
    parameters = Parameters.from_query("BBOX=bbox=1,2,3,4&SIZE=size=256,256")
    assert parameters.numbers("bbox") == (1, 2, 3, 4)
    assert parameters.numbers("size") == (256, 256)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1"])
def test_true_has_many_spellings(word: str) -> None:
    assert Parameters([("x", word)]).flag("x", default=False)


@pytest.mark.parametrize("word", ["false", "False", "0", "null", "undefined"])
def test_false_has_many_spellings(word: str) -> None:
    assert not Parameters([("x", word)]).flag("x", default=True)


def test_a_plus_that_was_encoded_twice_is_trimmed() -> None:
    parameters = Parameters.from_query("interpolation=%2BRSP_NearestNeighbor")
    assert parameters.choice("interpolation", {"rsp_nearestneighbor": 1}) == 1


@pytest.mark.parametrize(
    "text", ["nan", "NaN", "inf", "-Infinity", "1e400", "0x10", "1_000", "one", "9" * 5000]
)
def test_numbers_are_finite(text: str) -> None:
    with pytest.raises(RequestError, match="'n'"):
        Parameters([("n", text)]).number("n")


def test_a_whole_number_may_have_a_fraction_of_nothing() -> None:
    assert Parameters([("n", "10.0")]).integer("n") == 10
    with pytest.raises(RequestError, match="whole number from 0 to 5"):
        Parameters([("n", "6")]).integer("n", 0, 5)


def test_a_nul_character_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="where"):
        Parameters([("where", "a\0b")])


def test_too_many_parameters_are_refused() -> None:
    with pytest.raises(RequestError, match="number of parameters"):
        Parameters.from_query("&".join(f"a{i}=1" for i in range(MAX_PARAMETERS + 1)))


def test_a_list_beyond_the_limit_is_refused() -> None:
    with pytest.raises(RequestError, match="number of values"):
        Parameters([("ids", ",".join(["1"] * (MAX_LIST + 1)))]).integers("ids")


@given(st.text(max_size=40))
def test_any_text_gives_finite_values_or_a_request_error(text: str) -> None:
    try:
        parameters = Parameters([("p", text)])
        values = (*parameters.numbers("p"), parameters.number("p") or 0.0)
    except RequestError:
        return
    assert all(map(math.isfinite, values))
