"""The page that shows what orthorectification does, in a headless Chromium, as a person meets it."""

from __future__ import annotations

import io
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from engine.build.workers import InProcess
from server.demo.demo_services import DEMO_SERVICES, prepare
from server.site.publishing import Publisher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.clients.browser import Page
    from tests.clients.conftest import RunningServer

_DRAWN = (
    "window.swathValley && document.querySelectorAll('#facts tbody tr').length > 1"
    " && document.querySelectorAll('img.leaflet-tile-loaded').length > 0"
    " && !document.querySelector('img.leaflet-tile:not(.leaflet-tile-loaded)')"
)
_TAKEN_UP_S = 30.0
_MIDDLE = "#15/44.2160/-20.4600"


@pytest.fixture(scope="module")
def valley(server: RunningServer) -> Iterator[str]:
    """The address of the page, while its services are published in the running server."""
    services = [service for service in DEMO_SERVICES if "valley" in service.name]
    for service in services:
        prepare(service, server.data, InProcess(), lambda *_: None)
    address = f"{server.base}/demo/valley"
    _wait_until(lambda: _is_there(address))
    yield address
    for service in services:
        Publisher(server.data).delete(service.name)
    _wait_until(lambda: not _is_there(address))


def _wait_until(come_true: Callable[[], bool]) -> None:
    """A running server follows what is published, within seconds."""
    end = time.monotonic() + _TAKEN_UP_S
    while not come_true():
        assert time.monotonic() < end, "the running server did not follow"
        time.sleep(0.1)


def _is_there(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError:
        return False


def _open(page: Page, address: str, terrain: str, seen: str) -> None:
    page.go(f"{address}?{terrain}{seen}{_MIDDLE}&terrain={terrain}&seen={seen}&truth=0")
    page.wait_for(_DRAWN)
    page.evaluate("new Promise(done => setTimeout(done, 600))")


def _picture(page: Page, folder: Path) -> np.ndarray:
    """Return the middle of the map, where no control floats."""
    shot = page.screenshot(folder / "shot.png").read_bytes()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("L"), dtype=float)[120:680, 420:1180]


def _facts(page: Page) -> dict[str, list[str]]:
    rows = page.evaluate(
        "[...document.querySelectorAll('#facts tbody tr')]"
        ".map(row => [...row.children].map(cell => cell.textContent))"
    )
    return {name: cells for name, *cells in rows}


def test_with_terrain_both_sides_show_one_map_and_without_they_do_not(
    page: Page, valley: str, tmp_path: Path
) -> None:
    likeness = {}
    for terrain in ("on", "off"):
        seen = []
        for side in ("west", "east"):
            _open(page, valley, terrain, side)
            seen.append(_picture(page, tmp_path).ravel())
        likeness[terrain] = float(np.corrcoef(*seen)[0, 1])
    assert likeness["on"] > 0.98
    assert likeness["off"] < 0.6
    assert page.console == []
    assert page.failures == []


def test_the_page_states_sensor_heights_and_error(page: Page, valley: str) -> None:
    _open(page, valley, "compare", "west")
    facts = _facts(page)
    assert facts["Sensor"] == ["RPC", "RPC"]
    assert facts["Heights"] == ["none: 500 m everywhere", "terrain model"]
    for text in facts["Grid error"]:
        assert float(text.strip("≤<px ")) <= 0.125
    assert facts["Ground off by"][0].startswith("up to 1")


def test_switches_change_the_picture_and_the_address(page: Page, valley: str) -> None:
    _open(page, valley, "compare", "west")
    assert not page.evaluate("document.getElementById('swipe').hidden")
    page.evaluate("document.querySelector('input[value=on]').click()")
    page.evaluate("document.querySelector('input[value=east]').click()")
    page.wait_for(_DRAWN)
    assert page.evaluate("document.getElementById('swipe').hidden")
    assert "terrain=on&seen=east" in page.evaluate("location.hash")
    hosts = {urlsplit(r).netloc for r in page.requests if r.startswith(("http:", "https:"))}
    assert hosts == {urlsplit(valley).netloc}


def test_the_list_of_services_leads_to_it(page: Page, server: RunningServer, valley: str) -> None:
    page.go(f"{server.base}/")
    assert page.evaluate("document.querySelector('a.banner').href") == valley
