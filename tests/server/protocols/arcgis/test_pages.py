"""The services directory as people see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from server.protocols.arcgis.pages import page
from tests.server.protocols.arcgis.html_form import Page

if TYPE_CHECKING:
    import httpx

SERVICE = "demo/hills/ImageServer"
LEFT = "500100,5500300"
BOX = "500000,5500000,500960,5500640"


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
    links = Page(client.get(path, params={"f": "html"}).text).links
    assert links
    for link in links:
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


def test_a_service_without_a_catalog_offers_no_query(client: httpx.Client) -> None:
    assert '/query"' in client.get(f"{SERVICE}?f=html").text
    assert '/query"' not in client.get("plain/ImageServer?f=html").text


def test_an_answer_whose_form_the_browser_decided_says_so(client: httpx.Client) -> None:
    assert "Accept" in client.get(SERVICE).headers["vary"].split(", ")
    asked_for = client.get(SERVICE + "?f=json").headers
    assert asked_for["vary"] == "Accept-Encoding"
    assert asked_for["content-encoding"] == "gzip"
