"""The services directory as people see it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from server.protocols.arcgis.pages import page

if TYPE_CHECKING:
    import httpx

SERVICE = "demo/hills/ImageServer"
LEFT = "500100,5500300"
BOX = "500000,5500000,500960,5500640"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_a_browser_gets_pages(client: httpx.Client) -> None:
    browser = {"Accept": "text/html"}
    for path in ("", "demo", SERVICE, f"{SERVICE}/exportImage", f"{SERVICE}/statistics", "../info"):
        answer = client.get(path, headers=browser)
        assert answer.headers["content-type"].startswith("text/html"), path
        assert "<h1>" in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    shown = client.get(f"{SERVICE}/exportImage", params={"bbox": BOX, "f": "html"}).text
    assert 'class="picture"' in shown
    wrong = client.get(f"{SERVICE}/exportImage", params={"bbox": "1,2", "f": "html"}).text
    assert "four numbers" in wrong
    filled = client.get(f"{SERVICE}/identify", params={"geometry": LEFT, "f": "html"}).text
    assert "10, 20, 30" in filled
    missing = client.get("nowhere/ImageServer", headers=browser)
    assert "Error 404" in missing.text


@pytest.mark.parametrize("path", ["", "demo", SERVICE, f"{SERVICE}/query", "../info"])
def test_every_link_of_a_page_leads_somewhere(path: str, client: httpx.Client) -> None:
    links = _Links()
    links.feed(client.get(path, params={"f": "html"}).text)
    assert links.found
    for link in links.found:
        answer = client.get(link, headers={"Accept": "text/html"})
        assert answer.is_success, link
        assert "error" not in answer.text[:20], link


def test_values_are_escaped() -> None:
    values = {
        "title": "<b>",
        "base": "http://h",
        "trail": [],
        "message": "<i>",
        "details": ['"<u>'],
    }
    text = bytes(page("error.html", values).body).decode()
    assert not any(markup in text for markup in ("<b>", "<i>", "<u>"))
    assert "&lt;b&gt;" in text


def test_a_form_sent_as_it_stands_gives_a_picture(client: httpx.Client) -> None:
    class Form(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.values: dict[str, str] = {}

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag in ("input", "select") and given.get("name"):
                self.values[str(given["name"])] = given.get("value") or ""

    form = Form()
    form.feed(client.get(f"{SERVICE}/exportImage?f=html").text)
    assert form.values["bbox"]
    answer = client.get(f"{SERVICE}/exportImage", params={**form.values, "f": "image"})
    assert answer.headers["content-type"].startswith("image/")


def test_a_service_without_a_catalog_offers_no_query(client: httpx.Client) -> None:
    assert "/query" in client.get(f"{SERVICE}?f=html").text
    assert "/query" not in client.get("plain/ImageServer?f=html").text


def test_an_answer_whose_form_the_browser_decided_says_so(client: httpx.Client) -> None:
    assert "Accept" in client.get(SERVICE).headers["vary"].split(", ")
    asked_for = client.get(SERVICE + "?f=json").headers
    assert asked_for["vary"] == "Accept-Encoding"
    assert asked_for["content-encoding"] == "gzip"
