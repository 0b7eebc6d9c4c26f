"""The services directory in a real browser, without a script of ours: forms, answers, narrow windows, dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer

PAGES = (
    "",
    "/exportImage",
    "/query?where=1%3D1&outFields=*",
    "/1",
    "/legend",
    "/identify?geometry=0%2C0",
    "/computeStatisticsHistograms?geometry=&size=",
    "/tile",
    "/nothing",
)
_OVERFLOW = "document.documentElement.scrollWidth > innerWidth + 1"


def _address(server: RunningServer, path: str) -> str:
    mark = "&" if "?" in path else "?"
    return f"{server.rest(server.mosaic)}{path}{mark}f=html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_follow_the_colours_of_the_system(
    scheme: str, page: Page, server: RunningServer
) -> None:
    page.colour_scheme(scheme)
    page.resize(390, 844)
    for path in PAGES:
        page.go(_address(server, path))
        assert not page.evaluate(_OVERFLOW), path
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        darkness = sum(int(part) for part in background.strip("rgb()").split(",")[:3])
        assert (darkness < 200) == (scheme == "dark"), path
    assert page.console == []
    assert page.failures == []


@pytest.mark.parametrize("button", [0, 1])
def test_a_button_shows_the_picture_without_anything_typed(
    button: int, page: Page, server: RunningServer
) -> None:
    page.go(_address(server, "/exportImage"))
    page.evaluate(f"document.querySelectorAll('form button')[{button}].click()")
    page.wait_for("document.querySelector('img.picture')?.complete")
    assert page.evaluate("document.querySelector('img.picture').naturalWidth") >= 400
    page.wait_for("scrollY > 100")
    assert page.console == []
    assert page.failures == []


def test_the_way_leads_from_the_list_of_services_to_a_raster(
    page: Page, server: RunningServer
) -> None:
    page.go(f"{server.base}/arcgis/rest?f=html")
    for text in ("services", server.mosaic.partition("/")[0], server.mosaic, "query"):
        found = f"[...document.querySelectorAll('main a')].find((a) => a.textContent === '{text}')"
        page.wait_for(found)
        page.evaluate(f"{found}.click()")
        page.wait_for(f"!({found}) || location.pathname.endsWith('query')")
    page.wait_for("document.querySelector('form button')")
    page.evaluate("document.querySelector('form button').click()")
    page.wait_for("document.querySelector('.grid td a')")
    page.evaluate("document.querySelector('.grid td a').click()")
    page.wait_for("document.querySelector('img.thumbnail')?.complete")
    assert page.evaluate("document.querySelector('img.thumbnail').naturalWidth") > 50
    assert page.console == []
