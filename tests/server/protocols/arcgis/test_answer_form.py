"""f, pretty and callback."""

from __future__ import annotations

import pytest

from engine.errors import RequestError
from server.protocols.arcgis.answer_form import AnswerForm, answer_form
from server.protocols.arcgis.parameters import Parameters

_BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("query", "accept", "f"),
    [
        ("f=json", _BROWSER, "json"),
        ("F=PJSON", "*/*", "pjson"),
        ("f=json&pretty=true", "*/*", "pjson"),
        ("", _BROWSER, "html"),
        ("", "*/*", "json"),
        ("callback=fn", _BROWSER, "json"),
        ("f=geojson", "*/*", "geojson"),
    ],
)
def test_the_form_is_read(query: str, accept: str, f: str) -> None:
    assert answer_form(Parameters.from_query(query), accept, ("geojson",)).f == f


@pytest.mark.parametrize("query", ["f=kmz", "f=<script>", "f=image", "callback=alert(1)//"])
def test_other_forms_are_refused(query: str) -> None:
    with pytest.raises(RequestError, match=r"'(f|callback)'"):
        answer_form(Parameters.from_query(query), "*/*")


def test_a_page_shows_indented_json_without_a_callback() -> None:
    assert AnswerForm("html", "fn").options() == {"f": "pjson"}
