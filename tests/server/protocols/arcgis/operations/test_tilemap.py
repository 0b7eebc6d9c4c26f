"""tilemap/{level}/{row}/{col}/{width}/{height}."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from config.definition import TileSchemeName
from engine.errors import InvalidParameter, NoTiles
from engine.request import TilemapRequest
from server.protocols.arcgis.operations import tilemap

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question

SERVICE = "demo/hills/ImageServer"
_NAMES = ("level", "row", "col", "width", "height")


def _at(*numbers: object) -> dict[str, str]:
    return dict(zip(_NAMES, map(str, numbers), strict=True))


def test_a_block_is_asked_for(ask: Callable[..., Question], mosaic: ServiceSummary) -> None:
    assert tilemap.parse(ask(_at(9, 8, 7, 32, 16))).request == TilemapRequest(
        level=9, row=8, col=7, rows=16, cols=32
    )
    properties = msgspec.structs.replace(mosaic.properties, tile_scheme=TileSchemeName.OWN)
    own = msgspec.structs.replace(mosaic, properties=properties)
    request = tilemap.parse(ask(_at(0, 0, 0, 1, 1), summary=own)).request
    assert isinstance(request, TilemapRequest)
    assert request.scheme is TileSchemeName.OWN


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("wrong", ["", "x", "-1", "1.5", "nan", "1e30", "9999999999999"])
def test_wrong_numbers_are_named(place: int, wrong: str, ask: Callable[..., Question]) -> None:
    numbers: list[object] = [3, 1, 1, 8, 8]
    numbers[place] = wrong
    with pytest.raises(InvalidParameter, match=_NAMES[place]):
        tilemap.parse(ask(_at(*numbers)))


@pytest.mark.parametrize("size", [(0, 8), (257, 8), (8, 257), (8, 0)])
def test_blocks_are_bounded(size: tuple[int, int], ask: Callable[..., Question]) -> None:
    with pytest.raises(InvalidParameter, match="from 1 to 256"):
        tilemap.parse(ask(_at(3, 0, 0, *size)))


def test_levels_that_are_not_served_have_no_tiles(ask: Callable[..., Question]) -> None:
    with pytest.raises(NoTiles):
        tilemap.parse(ask(_at(24, 0, 0, 8, 8)))


# Live: the scenes lie around tile 16/22323/35499.


def _map(client: httpx.Client, place: str, **headers: str) -> Any:
    answer = client.get(f"{SERVICE}/tilemap/{place}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


def test_cesium_gets_json_without_f_whatever_it_accepts(client: httpx.Client) -> None:
    found = _map(client, "16/22272/35456/128/128", Accept="text/html")
    assert found["adjusted"] is False
    assert found["location"] == {"left": 35456, "top": 22272, "width": 128, "height": 128}
    assert len(found["data"]) == 128 * 128
    assert found["data"][(22323 - 22272) * 128 + 35499 - 35456] == 1
    assert 0 < sum(found["data"]) < 40


def test_the_javascript_sdk_takes_422_for_none(client: httpx.Client) -> None:
    root = client.get(SERVICE + "?f=json").json()
    assert "Tilemap" in root["capabilities"].split(",")
    for place in ("16/0/0/32/32", "12/4096/4096/32/32", "30/0/0/32/32"):
        answer = client.get(f"{SERVICE}/tilemap/{place}?f=json")
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == 422


def test_cesium_would_give_up_tiles_whose_children_are_an_error(client: httpx.Client) -> None:
    assert not any(_map(client, "1/0/0/1/1")["data"])
    assert _map(client, "12/4096/4096/4/2")["data"] == [0] * 8


@pytest.mark.parametrize("level", [0, 8, 14, 15, 16, 17])
def test_a_tilemap_tells_the_truth(level: int, client: httpx.Client) -> None:
    row, col = (22323, 35499)
    row, col = (row >> (16 - level), col >> (16 - level)) if level <= 16 else (row * 2, col * 2)
    row, col = max(0, row - 3), max(0, col - 3)
    found = _map(client, f"{level}/{row}/{col}/7/7")["data"]
    there = [
        client.get(f"{SERVICE}/tile/{level}/{r}/{c}").status_code == 200
        for r in range(row, row + 7)
        for c in range(col, col + 7)
    ]
    assert any(there) or level == 0
    for said, is_there in zip(found, there, strict=True):
        assert said == 1 or not is_there
    # Footprints end within a pixel of the data.
    assert sum(found) - sum(there) <= 4


def test_errors_are_in_the_body(client: httpx.Client) -> None:
    answer = client.get(f"{SERVICE}/tilemap/16/0/0/500/32")
    assert answer.status_code == 200
    assert "'width'" in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == 400
    assert "error" in json.loads(client.get(f"{SERVICE}/tilemap/16/0/0").text)
