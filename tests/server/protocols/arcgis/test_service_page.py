"""The page of an image service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from server.protocols.arcgis.service_page import service_page

if TYPE_CHECKING:
    import httpx

SERVICE = "demo/hills/ImageServer"


def test_it_says_what_the_service_is_and_where_to_look_at_it(client: httpx.Client) -> None:
    text = client.get(f"{SERVICE}?f=html").text
    for words in ("Pixel Size X", "Band Count", "Child resources", "Supported operations"):
        assert words in text, service_page.__doc__
    for link in ("/map/demo/hills", "/tiles/demo/hills.json", "ImageServer?f=pjson"):
        assert link in text


def test_a_rendering_rule_changes_what_it_says(client: httpx.Client) -> None:
    rule = json.dumps({"rasterFunction": "Stretch", "outputPixelType": "U16"})
    text = client.get(SERVICE, params={"f": "html", "renderingRule": rule}).text
    assert "<dd>U16" in text.replace("\n", "")
    assert "&#34;Stretch&#34;" in text
    wrong = client.get(SERVICE, params={"f": "html", "renderingRule": "{"}).text
    assert "renderingRule" in wrong
    assert "Error 400" in wrong


def test_operations_come_before_properties_and_levels_are_one_line(client: httpx.Client) -> None:
    text = client.get(f"{SERVICE}?f=html").text
    places = [
        text.index(words) for words in ("Supported operations", "Child resources", "Pixel Size X")
    ]
    assert places == sorted(places)
    assert "level 0 (" in text
    assert '<th scope="col">resolution' not in text


def test_a_service_without_wms_says_how_to_switch_it_on(client: httpx.Client) -> None:
    assert "<code>wms = true</code>" in client.get(f"{SERVICE}?f=html").text
