"""OpenAPI paths of operations, as their INFO says them."""

from __future__ import annotations

from server.protocols.arcgis.described_paths import (
    SERVICE,
    described_paths,
    portal_item,
    token_item,
)


def test_arguments_stand_in_the_path_and_choices_are_named() -> None:
    paths = described_paths()
    tile = paths[SERVICE + "/tile/{level}/{row}/{col}"]
    assert [each["name"] for each in tile["parameters"]] == ["service", "level", "row", "col"]
    assert "image/*" in tile["get"]["responses"]["200"]["content"]
    assert "404" in tile["get"]["responses"]
    export = paths[SERVICE + "/exportImage"]["get"]
    kinds = next(each for each in export["parameters"] if each["name"] == "pixelType")
    assert "F32" in kinds["schema"]["enum"]
    assert "" not in kinds["schema"]["enum"]
    forms = next(each for each in export["parameters"] if each["name"] == "f")
    assert {"json", "pjson", "html", "image"} <= set(forms["schema"]["enum"])


def test_passwords_are_sent_by_post_alone() -> None:
    item = token_item("/arcgis/tokens")
    assert "get" not in item
    form = item["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    assert "password" in form["schema"]["properties"]


def test_portals_are_not_found() -> None:
    assert set(portal_item(["path"])["get"]["responses"]) == {"404"}
