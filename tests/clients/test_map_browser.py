"""The map page in a headless Chromium, as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.clients.services import SERVICES

if TYPE_CHECKING:
    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer

_GOLDEN = Path(__file__).resolve().parents[1] / "golden"
_DRAWN = (
    "window.swath && document.querySelectorAll('img.leaflet-tile-loaded').length > 0"
    " && !document.querySelector('img.leaflet-tile:not(.leaflet-tile-loaded)')"
)
_AFRICA = "#4/5/20"


@pytest.fixture
def map_page(page: Page, server: RunningServer) -> Page:
    """The map of the mosaic, drawn, with nothing noted yet."""
    page.go(f"{server.base}/map/{server.mosaic}{_AFRICA}")
    page.wait_for(_DRAWN)
    return page


def _assert_clean(page: Page, server: RunningServer) -> None:
    """No error on the console, nothing asked of another host."""
    assert page.console == []
    assert page.failures == []
    hosts = {urlsplit(r).netloc for r in page.requests if r.startswith(("http:", "https:"))}
    assert hosts == {urlsplit(server.base).netloc}


def _tile_addresses(page: Page) -> list[str]:
    return list(page.evaluate("[...document.querySelectorAll('img.leaflet-tile')].map(t => t.src)"))


def test_list_of_services_shows_a_picture_of_each(page: Page, server: RunningServer) -> None:
    page.go(f"{server.base}/")
    page.wait_for("document.querySelector('img.thumbnail')?.naturalWidth > 100")
    assert page.evaluate("document.querySelectorAll('[data-card]').length") == len(SERVICES)
    _assert_clean(page, server)


def test_map_looks_like_its_golden_picture(
    map_page: Page, server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    map_page.evaluate("new Promise(done => setTimeout(done, 600))")
    shot = map_page.screenshot(tmp_path / "map.png")
    golden = _GOLDEN / "map_page.png"
    # Small pictures: fonts differ between machines, the map and the shape of the page do not.
    seen = Image.open(shot).convert("RGB").resize((320, 200), Image.Resampling.BOX)
    if request.config.getoption("--regenerate-golden"):
        golden.parent.mkdir(exist_ok=True)
        seen.save(golden)
    difference = np.abs(
        np.asarray(seen, dtype=np.int16) - np.asarray(Image.open(golden), dtype=np.int16)
    ).max(axis=2)
    assert (difference > 40).mean() < 0.03
    assert difference.mean() < 5
    _assert_clean(map_page, server)


def test_changing_the_operator_asks_for_other_tiles(map_page: Page, server: RunningServer) -> None:
    map_page.evaluate("document.querySelector('input[value=Last]').click()")
    map_page.wait_for("document.querySelector('img.leaflet-tile[src*=MT_LAST]')")
    map_page.wait_for(_DRAWN)
    assert "operator=Last" in map_page.evaluate("location.hash")
    _assert_clean(map_page, server)


def test_every_method_and_operator_draws(map_page: Page, server: RunningServer) -> None:
    map_page.resize(500, 400)
    methods = map_page.evaluate(
        "[...document.querySelector('select[name=method]').options].map(o => o.value)"
    )
    assert {"NorthWest", "Center", "ByAttribute", "LockRaster", "None"} <= set(methods)
    choices = [(method, "") for method in sorted(set(methods) - {"LockRaster", ""})]
    choices += [("Center", name) for name in ("Last", "Min", "Max", "Mean", "Blend", "Sum")]
    for method, operator in choices:
        changed = json.dumps({"method": method, "operator": operator})
        map_page.evaluate(f"window.swath.change({changed})")
        map_page.wait_for(_DRAWN)
    _assert_clean(map_page, server)


def test_click_identifies_and_lock_shows_one_raster(map_page: Page, server: RunningServer) -> None:
    map_page.click(700, 420)
    map_page.wait_for("document.querySelector('.identify-box .items li.shown')")
    values = map_page.evaluate("document.querySelectorAll('.samples td').length")
    assert values == 3
    map_page.evaluate("document.querySelector('.identify-box .items button').click()")
    map_page.wait_for("document.querySelector('img.leaflet-tile[src*=lockRasterIds]')")
    map_page.wait_for(_DRAWN)
    assert "lock=" in map_page.evaluate("location.hash")
    _assert_clean(map_page, server)


def test_footprints_are_drawn_and_counted(map_page: Page, server: RunningServer) -> None:
    map_page.press("f")
    map_page.wait_for("document.querySelectorAll('.leaflet-footprints-pane path').length > 10")
    note = map_page.evaluate("document.querySelector('.toggle .note').textContent")
    assert int(note) > 10
    _assert_clean(map_page, server)


def test_time_slider_filters_the_tiles(map_page: Page, server: RunningServer) -> None:
    map_page.wait_for("!document.getElementById('time').hidden")
    assert map_page.evaluate("document.querySelectorAll('.bars rect').length") > 20
    map_page.press("[")
    map_page.wait_for("document.querySelector('img.leaflet-tile[src*=\"time=\"]')")
    assert "time=" in map_page.evaluate("location.hash")
    map_page.wait_for(_DRAWN)
    _assert_clean(map_page, server)


def test_swipe_pins_the_picture_to_the_left(map_page: Page, server: RunningServer) -> None:
    map_page.press("s")
    map_page.wait_for("document.querySelector('.leaflet-pinned-pane img.leaflet-tile-loaded')")
    map_page.evaluate("document.querySelector('input[value=Max]').click()")
    map_page.wait_for(_DRAWN)
    pinned = map_page.evaluate("document.querySelector('.leaflet-pinned-pane img').src")
    assert "MT_MAX" not in pinned
    assert "against=" in map_page.evaluate("location.hash")
    _assert_clean(map_page, server)


def test_explain_lists_the_rasters_and_the_stages(map_page: Page, server: RunningServer) -> None:
    map_page.press("e")
    map_page.wait_for("document.querySelectorAll('#explain .rasters li').length > 5")
    map_page.wait_for("document.querySelectorAll('#explain .stage-list dt').length >= 3")
    names = map_page.evaluate("document.querySelector('#explain .rasters').textContent")
    assert "BM_2004" in names
    _assert_clean(map_page, server)


def test_address_restores_the_view_and_the_settings(page: Page, server: RunningServer) -> None:
    page.go(f"{server.base}/map/{server.mosaic}#5/40/10&method=Center&operator=Max&grid=1")
    page.wait_for(_DRAWN)
    assert page.evaluate("window.swath.map.getZoom()") == 5
    assert page.evaluate("document.querySelector('select[name=method]').value") == "Center"
    assert all("esriMosaicCenter" in address for address in _tile_addresses(page))


def test_page_is_usable_on_a_phone(page: Page, server: RunningServer) -> None:
    page.resize(390, 844)
    page.go(f"{server.base}/map/{server.mosaic}")
    page.wait_for(_DRAWN)
    assert page.evaluate("document.getElementById('panel-body').hidden")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_unknown_service_is_a_page_not_a_crash(page: Page, server: RunningServer) -> None:
    page.go(f"{server.base}/map/no/such")
    assert "No such service" in page.evaluate("document.body.textContent")
