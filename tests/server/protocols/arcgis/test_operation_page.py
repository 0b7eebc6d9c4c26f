"""Every operation has a form that works as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from server.protocols.arcgis.operations import OPERATIONS, ROOT
from server.protocols.arcgis.service_call import RASTER
from server.protocols.arcgis.service_json import capabilities
from tests.server.protocols.arcgis.html_form import Page

if TYPE_CHECKING:
    import httpx

    from engine.summary import ServiceSummary

# What the colour pictures of these tests cannot have, and what the page says then.
NEEDS = {
    "imageToMapMultiray": "imageToMapMultiray needs a service of images with sensor models; this one has none.",
    "calculateVolume": "calculateVolume needs a service of heights; this one is of",
}
SERVICES = ("demo/hills/ImageServer", "plain/ImageServer")


def _address(service: str, name: str) -> str:
    return f"{service}/{name.replace(RASTER, '1')}?f=html"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != ROOT])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_form_sent_as_it_stands_has_an_answer(
    service: str, name: str, method: str, client: httpx.Client
) -> None:
    info = OPERATIONS[name].INFO
    answer = client.get(_address(service, name))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html"), answer.text
    offered = client.get(service, params={"f": "json"}).json()["capabilities"].split(",")
    if info.capability and info.capability not in offered:
        assert "an operation of a service with capability" in answer.text
        return
    page = Page(answer.text)
    if page.action:
        assert page.buttons == ["get", "post"]
        where = "params" if method == "get" else "data"
        answer = client.request(method, page.action, **{where: page.values})
        assert answer.headers["content-type"].startswith("text/html"), answer.text
        page = Page(answer.text)
    if name in NEEDS:
        assert NEEDS[name] in answer.text
        return
    assert 'class="error"' not in answer.text, answer.text
    assert any(
        mark in answer.text for mark in ('class="answer"', 'class="picture"', "download", "<pre")
    )
    for picture in page.pictures:
        if not picture.startswith("data:"):
            shown = client.get(urljoin(str(answer.url), picture))
            assert shown.headers["content-type"].startswith("image/"), shown.text


def test_every_operation_says_what_it_is() -> None:
    for name, operation in OPERATIONS.items():
        assert operation.INFO.title, name
        assert operation.INFO.hint, name
        names = [field.name for field in operation.INFO.fields]
        assert len(set(names)) == len(names), name


def test_a_service_page_links_every_operation_it_offers(
    client: httpx.Client, mosaic: ServiceSummary
) -> None:
    text = client.get(f"{SERVICES[0]}?f=html").text
    aliases = {"export", "info/iteminfo"}
    for name, operation in OPERATIONS.items():
        info = operation.INFO
        is_offered = info.capability in ("", *capabilities(mosaic))
        is_offered &= info.needs is None or info.needs.is_met(mosaic)
        if name != ROOT and is_offered and not name.startswith(RASTER) and name not in aliases:
            assert f"/ImageServer/{name}" in text, name


@pytest.mark.parametrize(("form", "mark"), [("png32", "picture"), ("tiff", "download")])
def test_what_browsers_cannot_show_is_to_be_downloaded(
    form: str, mark: str, client: httpx.Client
) -> None:
    asked = {"bbox": "500000,5500000,500960,5500640", "format": form, "f": "html"}
    text = client.get(f"{SERVICES[0]}/exportImage", params=asked).text
    marks = [word for word in ('class="picture"', 'class="primary download"') if word in text]
    assert marks == [
        word for word in ('class="picture"', 'class="primary download"') if mark in word
    ]


def test_rows_of_a_query_lead_to_their_pages_and_hold_no_token(client: httpx.Client) -> None:
    asked = {"where": "1=1", "outFields": "*", "token": "s3cret", "f": "html"}
    text = client.get(f"{SERVICES[0]}/query", params=asked).text
    assert f'{SERVICES[0]}/2"' in text
    assert "2020-09-13" in text
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("slices", "No slices: the service is not multidimensional"),
        ("multidimensionalInfo", "No variables: the service is not multidimensional"),
        ("colormap", "No colormap"),
        ("rasterAttributeTable", "No raster attribute table"),
    ],
)
def test_an_answer_without_content_says_why(name: str, words: str, client: httpx.Client) -> None:
    address = f"{SERVICES[0]}/{name}"
    text = client.get(address, params={"f": "html", "multidimensionalDefinition": ""}).text
    assert words in text
    assert "error" not in client.get(address, params={"f": "json"}).json()
