"""The ground rules that every client relies on, for every operation, on a real server.

Each operation is asked what its form holds at first; then the same question is put in all the ways that
clients put it.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from config.definition import ServiceProperties
from server.protocols.arcgis.operations import OPERATIONS
from server.protocols.arcgis.service_call import RASTER
from tests.server.protocols.arcgis.html_form import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

SERVICE = "demo/hills/ImageServer"
# The colour pictures of these tests cannot answer these, nor with their first form.
_UNANSWERED = ("imageToMapMultiray", "calculateVolume")
# What a service offers that says nothing else; downloads have tests of their own.
_OFFERED = ("", *ServiceProperties().capabilities)
_OPEN = [name for name, operation in OPERATIONS.items() if operation.INFO.capability in _OFFERED]
PIXELS = [name for name in _OPEN if OPERATIONS[name].INFO.returns_pixels]
JSON = [name for name in _OPEN if name not in PIXELS]
ANSWERED = [name for name in JSON if name not in _UNANSWERED]


def _path(name: str) -> str:
    return f"{SERVICE}/{name.replace(RASTER, '1')}".rstrip("/")


@pytest.fixture(scope="session")
def start(client: httpx.Client) -> Callable[[str], dict[str, str]]:
    """A function from an operation to what its form holds at first; the blanks too, as browsers send them."""

    @cache
    def read(name: str) -> dict[str, str]:
        page = client.get(_path(name), params={"f": "html"}).text
        return {key: value for key, value in Page(page).values.items() if key != "f"}

    return lambda name: dict(read(name))


def _same(answer: httpx.Response) -> Any:
    """Return what must be alike; links of exports and what a plan took are new each time."""
    assert answer.status_code == 200, answer.text
    if not answer.headers["content-type"].startswith("application/json"):
        return answer.headers["content-type"], answer.content
    value = json.loads(answer.text, parse_constant=pytest.fail)
    if isinstance(value, dict):
        assert "error" not in value, value
        value = {key: part for key, part in value.items() if key not in ("href", "plan_ms")}
    return value


def _error(answer: httpx.Response, code: int = 400) -> dict[str, Any]:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert len(answer.content) <= 750
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code, error
    assert isinstance(error["message"], str)
    assert all(isinstance(detail, str) for detail in error["details"])
    return error


@pytest.mark.parametrize("form", ["help", "lyr", "jsapi", "nmf", "wms", "<b>"])
def test_rule_1_a_form_that_is_not_there_is_an_error_in_a_good_answer(
    form: str, client: httpx.Client
) -> None:
    for name in JSON:
        error = _error(client.get(_path(name), params={"f": form}))
        assert "'f'" in error["message"]


@pytest.mark.parametrize("name", ["exportImage", "identify", "getSamples", "query", "project"])
def test_rule_1_a_wrong_parameter_is_named(name: str, client: httpx.Client) -> None:
    wrong = {"geometry": "x", "geometries": "x", "bbox": "x", "f": "json"}
    assert any(word in _error(client.get(_path(name), params=wrong))["message"] for word in wrong)


def test_rule_1_services_folders_and_resources_that_are_not_there(client: httpx.Client) -> None:
    for path in ("nothing/ImageServer", "demo/nothing/ImageServer", "nothing"):
        _error(client.get(path, params={"f": "json"}), 404)
    for path in (f"{SERVICE}/nothing", "../nothing", "demo/hills/MapServer", "a/b/c"):
        assert _error(client.get(path, params={"f": "json"}))["message"]


@pytest.mark.parametrize("name", ANSWERED)
def test_rule_2_get_and_post_are_alike(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    asked = {**start(name), "f": "json"}
    expected = _same(client.get(_path(name), params=asked))
    assert _same(client.post(_path(name), data=asked)) == expected
    # A part of each: the token in the address, the rest in the body.
    assert _same(client.post(_path(name) + "?f=json&token=", data=start(name))) == expected
    parts = {key: (None, value) for key, value in asked.items()}
    assert _same(client.post(_path(name), files=parts)) == expected


@pytest.mark.parametrize("name", ANSWERED)
def test_rule_2_head_has_the_headers_of_get_and_slashes_do_no_harm(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    asked = {**start(name), "f": "json"}
    got = client.get(_path(name), params=asked)
    head = client.head(_path(name), params=asked)
    assert head.status_code == 200
    assert head.content == b""
    for header in ("content-type", "etag", "cache-control"):
        assert head.headers.get(header) == got.headers.get(header) or "href" in got.json()
    assert _same(client.get(_path(name) + "/", params=asked)) == _same(got)


@pytest.mark.parametrize("name", ANSWERED)
def test_rule_3_names_ignore_case_and_unknown_ones_mean_nothing(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    asked = {**start(name), "f": "json"}
    expected = _same(client.get(_path(name), params=asked))
    upper = {key.upper(): value for key, value in asked.items()}
    strange = {"transparent": "true", "dpi": "96", "layers": "show:", "_ts": "17", "viewId": "v"}
    assert _same(client.get(_path(name), params={**upper, **strange})) == expected
    # As loaders.gl sends them.
    doubled = {key.upper(): f"{key.lower()}={value}" for key, value in asked.items() if value}
    assert _same(client.get(_path(name), params=doubled)) == expected
    shouted = _path(name).replace("ImageServer", "imageserver")
    assert _same(client.get(shouted.replace(name, name.upper()), params=asked)) == expected


@pytest.mark.parametrize("name", ANSWERED)
def test_rule_4_blanks_mean_not_given(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    given = {key: value for key, value in start(name).items() if value}
    expected = _same(client.get(_path(name), params={**given, "f": "json"}))
    blanks = "&".join(f"{key}=" for key in start(name) if key not in given)
    query = f"&&f=json&{urlencode(given)}&&{blanks}&"
    assert _same(client.get(f"{_path(name)}?{query}")) == expected
    for nothing in ("{}", "null", "undefined", "false", "[]"):
        rules = {"renderingRule": nothing, "mosaicRule": nothing, "time": nothing}
        if not rules.keys() & given.keys():
            asked = {**given, **rules, "f": "json"}
            assert _same(client.get(_path(name), params=asked)) == expected, nothing


SLOPPY = (
    "{x: 500100.0, y: 5500300.0, spatialReference: {wkid: 32633}}",
    "{'x':500100,'y':5500300,'spatialReference':{'wkid':32633}}",
    '{"x":500100,\r\n"y":5500300,\t"spatialReference":{"wkid":32633,"latestWkid":32633}}',
    "500100,5500300",
)


@pytest.mark.parametrize("name", ["identify", "getSamples", "computeHistograms", "query"])
def test_rule_5_json_may_be_sloppy(name: str, client: httpx.Client) -> None:
    answers = [
        _same(client.get(_path(name), params={"geometry": text, "f": "json"})) for text in SLOPPY
    ]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1", " true"])
def test_rule_6_booleans_come_in_any_case(word: str, client: httpx.Client) -> None:
    count = client.get(f"{SERVICE}/query", params={"returnCountOnly": word, "f": "json"})
    assert count.json() == {"count": 2}
    asked = {"geometry": SLOPPY[3], "returnGeometry": word, "f": "json"}
    features = client.get(f"{SERVICE}/identify", params=asked).json()["catalogItems"]["features"]
    assert "rings" in features[0]["geometry"]


@pytest.mark.parametrize("word", ["false", "False", "FALSE", "0"])
def test_rule_6_so_does_false(word: str, client: httpx.Client) -> None:
    asked = {"returnCountOnly": word, "returnGeometry": word, "f": "json"}
    features = client.get(f"{SERVICE}/query", params=asked).json()["features"]
    assert "geometry" not in features[0]


def test_rule_7_lists_come_in_three_ways(client: httpx.Client) -> None:
    lists: dict[str, list[Any]] = {
        "objectIds": ["1,2", "[1,2]", ["1", "2"], " 1 , 2 "],
        "outFields": ["Name,Category", '["Name","Category"]', ["Name", "Category"]],
        "orderByFields": ["Name DESC", '["Name DESC"]', ["Name DESC"]],
    }
    for name, ways in lists.items():
        answers = [
            _same(client.get(f"{SERVICE}/query", params={name: way, "f": "json"})) for way in ways
        ]
        assert all(answer == answers[0] for answer in answers), name
    box = {"bbox": "500000,5500000,500960,5500640", "size": "16,16", "format": "tiff", "f": "image"}
    pictures = [
        client.get(f"{SERVICE}/exportImage", params={**box, "bandIds": way}).content
        for way in ("2,0", "[2,0]", ["2", "0"])
    ]
    assert pictures[0] == pictures[1] == pictures[2]
    assert pictures[0].startswith((b"II*", b"MM\0*"))


@pytest.mark.parametrize(
    ("size", "expected"), [("400.0,300.0", (400, 300)), ("96.4,63.6", (96, 64)), ("", (400, 400))]
)
def test_rule_8_sizes_may_have_fractions_or_be_blank(
    size: str, expected: tuple[int, int], client: httpx.Client
) -> None:
    asked = {"bbox": "500000,5500000,500640,5500640", "size": size, "f": "json"}
    answer = client.get(f"{SERVICE}/exportImage", params=asked).json()
    assert (answer["width"], answer["height"]) == expected


@pytest.mark.parametrize("name", JSON)
def test_rule_9_no_answer_has_a_bare_nan(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    beside = {"geometry": "0,0,10,10", "geometries": "0,0", "bbox": "0,0,10,10", "f": "json"}
    for asked in ({**start(name), "f": "json"}, {**start(name), **beside}):
        answer = client.post(_path(name), data=asked)
        if answer.headers["content-type"].startswith("application/json"):
            json.loads(answer.text, parse_constant=pytest.fail)


def test_rule_10_functions_and_arguments_ignore_case(client: httpx.Client) -> None:
    box = {"bbox": "500000,5500000,500960,5500640", "size": "32,32", "format": "png", "f": "image"}
    rules = (
        '{"rasterFunction":"Stretch","rasterFunctionArguments":{"StretchType":5,"Min":10,"Max":200}}',
        '{"RASTERFUNCTION":"STRETCH","rasterfunctionarguments":{"stretchTYPE":5,"min":10,"MAX":200}}',
    )
    pictures = [
        client.get(f"{SERVICE}/exportImage", params={**box, "renderingRule": rule}).content
        for rule in rules
    ]
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ANSWERED)
def test_every_json_has_its_jsonp_and_its_indented_form(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    asked = start(name)
    plain = client.get(_path(name), params={**asked, "f": "json"})
    if not plain.headers["content-type"].startswith("application/json"):
        return
    scripted = client.get(_path(name), params={**asked, "f": "json", "callback": "dojo.io.cb_1"})
    assert scripted.headers["content-type"] == "application/javascript;charset=UTF-8"
    assert scripted.text.startswith("dojo.io.cb_1(")
    assert scripted.text.endswith(");")
    expected = _same(plain)
    for further in ({"f": "pjson"}, {"f": "json", "pretty": "true"}):
        answer = client.get(_path(name), params={**asked, **further})
        assert _same(answer) == expected
        assert answer.text.count("\n") > 1 or len(answer.text) < 30
    inside = json.loads(scripted.text[len("dojo.io.cb_1(") : -2])
    assert inside.keys() - {"href", "plan_ms"} == expected.keys()


def test_an_error_has_its_jsonp_too(client: httpx.Client) -> None:
    answer = client.get(f"{SERVICE}/nothing", params={"f": "json", "callback": "cb"})
    assert answer.headers["content-type"].startswith("application/javascript")
    assert answer.text.startswith('cb({"error":')


@pytest.mark.parametrize("name", PIXELS)
def test_pixels_come_whatever_f_says(
    name: str, client: httpx.Client, start: Callable[[str], dict[str, str]]
) -> None:
    asked = start(name)
    first = client.get(_path(name), params=asked)
    assert not first.headers["content-type"].startswith(("application/json", "text/"))
    for way in ({"f": "json"}, {"f": "image"}, {"token": "x"}):
        assert client.get(_path(name), params={**asked, **way}).content == first.content
    assert client.post(_path(name), data=asked).content == first.content
