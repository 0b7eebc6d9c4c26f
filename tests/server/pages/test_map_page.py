"""The pages: links that survive a proxy prefix, nothing unescaped, no other host."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from config.definition import ServiceProperties
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.summary import BandInfo, ServiceSummary, TimeInfo
from server.pages.map_page import routes

if TYPE_CHECKING:
    from server.state import ServerState

_STATIC = Path(__file__).resolve().parents[3] / "server" / "pages" / "static"
_HOSTILE = '<script>alert("1")</script>'


@dataclass
class _Service:
    name: str
    summary: ServiceSummary


@dataclass
class _Registry:
    services: dict[str, _Service]
    problems: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        return list(self.services)

    def get(self, name: str) -> _Service | None:
        return self.services.get(name)


def _summary(title: str, description: str = "") -> ServiceSummary:
    box = Extent(0.0, 0.0, 1000.0, 1000.0)
    return ServiceSummary(
        properties=ServiceProperties(title=title, description=description),
        crs="EPSG:32633",
        wkid=32633,
        latest_wkid=32633,
        extent=box,
        pixel_size_x=10.0,
        pixel_size_y=10.0,
        pixel_type=PixelType.U16,
        bands=(BandInfo(name="Blue"), BandInfo(name="NIR")),
        item_count=1240,
        overview_count=6,
        time=TimeInfo(start_field="AcqDate", end_field="AcqDate", start=0, end=86_400_000),
    )


def _client(state: ServerState, *services: _Service) -> httpx.AsyncClient:
    state.registry = cast("Any", _Registry({service.name: service for service in services}))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=routes(state))),
        base_url="http://testserver",
    )


@pytest.fixture
def client(state: ServerState) -> httpx.AsyncClient:
    return _client(
        state,
        _Service("plain", _summary("A plain title")),
        _Service("folder/inner", _summary(_HOSTILE, description=_HOSTILE)),
    )


def _links(text: str) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]*)"', text)


@pytest.mark.parametrize("page", ["/", "/map/plain", "/map/folder/inner"])
async def test_links_stay_below_a_proxy_prefix(client: httpx.AsyncClient, page: str) -> None:
    text = (await client.get(page)).text
    links = [link for link in _links(text) if not link.startswith("#")]
    assert links
    for link in links:
        assert not re.match(r"[a-z]+:|/", link), link
        assert urljoin(f"https://host/some/prefix{page}", link).startswith(
            "https://host/some/prefix/"
        )


@pytest.mark.parametrize("page", ["/", "/map/plain", "/map/folder/inner"])
async def test_linked_files_exist(client: httpx.AsyncClient, page: str) -> None:
    own = [link for link in _links((await client.get(page)).text) if "static/" in link]
    assert own
    for link in own:
        assert (await client.get(urljoin(page, link))).status_code == 200


async def test_services_are_listed_with_map_rest_and_tiles(client: httpx.AsyncClient) -> None:
    links = _links((await client.get("/")).text)
    assert "map/folder/inner" in links
    assert "arcgis/rest/services/folder/inner/ImageServer" in links
    assert "arcgis/rest/services/folder/inner/ImageServer/info/thumbnail" in links
    assert "tiles/folder/inner.json" in links


async def test_the_list_leads_to_the_valley_where_it_is_published(
    client: httpx.AsyncClient, state: ServerState
) -> None:
    assert "demo/valley" not in _links((await client.get("/")).text)
    names = ("demo/valley_ortho", "demo/valley_without_terrain")
    with_valley = _client(state, *(_Service(name, _summary(name)) for name in names))
    assert "demo/valley" in _links((await with_valley.get("/")).text)


@pytest.mark.parametrize("page", ["/", "/map/folder/inner"])
async def test_titles_are_escaped(client: httpx.AsyncClient, page: str) -> None:
    text = (await client.get(page)).text
    assert _HOSTILE not in text
    assert "&lt;script&gt;alert(" in text


async def test_facts_say_what_is_served(client: httpx.AsyncClient) -> None:
    text = (await client.get("/")).text
    for fact in ("1,234 rasters", "2 bands U16", "10 m pixels", "EPSG:32633", "1970-01-02"):
        assert fact in text


async def test_pages_forbid_other_hosts_and_inline_scripts(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/map/plain")).headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)", (await client.get("/map/plain")).text)
    assert not re.search(r"\sstyle=|\son[a-z]+=", (await client.get("/map/plain")).text)


async def test_unknown_service_is_a_404_page_that_escapes_its_name(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/map/%3Cimg%20src=x%3E")
    assert answer.status_code == 404
    assert "<img src=x>" not in answer.text
    assert "All services" in answer.text


async def test_trailing_slash_leads_to_the_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/map/folder/inner/", follow_redirects=False)
    assert answer.status_code == 308
    assert urljoin("/map/folder/inner/", answer.headers["location"]) == "/map/folder/inner"


async def test_odd_redirects_never_leave_the_host(client: httpx.AsyncClient) -> None:
    for path in ("/map//evil.example/", "/map/%2F%2Fevil.example%2F"):
        answer = await client.get(path, follow_redirects=False)
        target = urljoin(f"http://testserver{path}", answer.headers.get("location", ""))
        assert target.startswith("http://testserver/")


async def test_nothing_published_says_how_to_publish(state: ServerState) -> None:
    assert "swath publish" in (await _client(state).get("/")).text


async def test_files_outside_the_package_are_not_served(client: httpx.AsyncClient) -> None:
    for path in ("/static/../map_page.py", "/static/%2e%2e/map_page.py", "/static/vendor"):
        assert (await client.get(path)).status_code == 404


def test_own_scripts_and_styles_name_no_host() -> None:
    own = [
        path
        for path in _STATIC.rglob("*")
        if path.suffix in {".js", ".css"} and "vendor" not in path.parts
    ]
    assert own
    for path in own:
        hosts = set(re.findall(r"https?://[^\s\"'`)]+", path.read_text(encoding="utf-8")))
        # The name of the SVG vocabulary looks like an address and is never fetched.
        assert hosts <= {"http://www.w3.org/2000/svg"}, path.name


def test_own_scripts_never_write_markup() -> None:
    for path in (_STATIC / "map").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|\beval\(", text)


def test_vendored_files_carry_their_licences() -> None:
    for folder in (_STATIC / "vendor").iterdir():
        assert (folder / "LICENSE").is_file(), folder.name


async def test_services_with_wms_link_it(state: ServerState) -> None:
    summary = _summary("With")
    with_wms = msgspec.structs.replace(
        summary, properties=msgspec.structs.replace(summary.properties, wms=True)
    )
    asked = _client(state, _Service("with", with_wms), _Service("without", summary))
    assert "wms/with?" in (await asked.get("/map/with")).text
    assert "wms/" not in (await asked.get("/map/without")).text
    listed = (await asked.get("/")).text
    assert "wms/with?" in listed
    assert "wms/without" not in listed
