"""The page of the demo's valley: there while its services are, linked below any prefix, nothing inline."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette

from server.pages.map_page import routes
from server.pages.page import FOLDER
from server.pages.valley_page import WITH_TERRAIN, WITHOUT_TERRAIN

if TYPE_CHECKING:
    from pathlib import Path

    from server.state import ServerState

_TRUTH = {"type": "FeatureCollection", "features": [], "off_m": {"west": 190}}


@dataclass
class _Registry:
    published: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)

    def names(self) -> set[str]:
        return self.published

    def get(self, name: str) -> str | None:
        return name if name in self.published else None


def _client(state: ServerState, *names: str) -> httpx.AsyncClient:
    state.registry = cast("Any", _Registry(set(names)))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=routes(state))),
        base_url="http://testserver",
    )


@pytest.fixture
def client(tmp_path: Path, state: ServerState) -> httpx.AsyncClient:
    folder = tmp_path / "demo/scenes-1/valley"
    folder.mkdir(parents=True)
    (folder / "truth.json").write_text(json.dumps(_TRUTH), encoding="utf-8")
    return _client(state, WITH_TERRAIN, WITHOUT_TERRAIN)


async def test_the_page_names_both_services_and_links_to_files_that_exist(
    client: httpx.AsyncClient,
) -> None:
    text = (await client.get("/demo/valley")).text
    assert WITH_TERRAIN in text
    assert WITHOUT_TERRAIN in text
    links = re.findall(r'(?:href|src)="([^"#]+)"', text)
    own = [link for link in links if "static/" in link]
    assert own
    for link in own:
        assert (await client.get(urljoin("/demo/valley", link))).status_code == 200
    for link in links:
        assert urljoin("https://host/prefix/demo/valley", link).startswith("https://host/prefix/")


async def test_nothing_is_written_into_the_page_but_text(client: httpx.AsyncClient) -> None:
    answer = await client.get("/demo/valley")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", answer.text)
    for path in (FOLDER / "static/valley").glob("*.js"):
        script = path.read_text(encoding="utf-8")
        assert not re.search(r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|\beval\(", script)


async def test_the_truth_is_what_the_demo_wrote(client: httpx.AsyncClient) -> None:
    answer = await client.get("/demo/valley.json")
    assert answer.json() == _TRUTH
    assert answer.headers["content-type"] == "application/geo+json"


@pytest.mark.parametrize("path", ["/demo/valley", "/demo/valley.json"])
async def test_without_its_services_there_is_no_page(state: ServerState, path: str) -> None:
    assert (await _client(state, WITH_TERRAIN).get(path)).status_code == 404


async def test_without_scenes_there_is_no_truth(state: ServerState) -> None:
    client = _client(state, WITH_TERRAIN, WITHOUT_TERRAIN)
    assert (await client.get("/demo/valley.json")).status_code == 404
