"""The list of services and folders."""

from __future__ import annotations

import pytest

from engine.errors import NotFound
from server.protocols.arcgis.directory import (
    checked_name,
    folder_catalog,
    root_catalog,
    server_info,
)
from server.protocols.arcgis.pages import page

_NAMES = ["Landsat", "elevation/dem", "Elevation/slope", "elevation/aspect"]


def test_the_root_lists_folders_and_services_outside_them() -> None:
    catalog = root_catalog(_NAMES)
    assert sorted(catalog["folders"]) == ["Elevation", "elevation"]
    assert catalog["services"] == [{"name": "Landsat", "type": "ImageServer"}]
    assert catalog["currentVersion"] == 10.91


def test_a_folder_lists_full_names() -> None:
    catalog = folder_catalog("elevation", _NAMES)
    assert [service["name"] for service in catalog["services"]] == [
        "elevation/aspect",
        "elevation/dem",
    ]
    assert catalog["folders"] == []


@pytest.mark.parametrize("folder", ["nowhere", "..", "a/b", "<b>"])
def test_an_unknown_folder_is_not_found(folder: str) -> None:
    with pytest.raises(NotFound, match="Folder"):
        folder_catalog(folder, _NAMES)


@pytest.mark.parametrize(
    "segments",
    [[], ["a", "b", "c"], [".."], ["..", "etc"], ["a\\b"], ["a\0"], ["x" * 200], ["%2e"]],
)
def test_a_name_that_no_service_can_have_is_not_repeated(segments: list[str]) -> None:
    with pytest.raises(NotFound, match="not the name of a service"):
        checked_name(segments)


def test_a_name_of_one_or_two_segments_is_a_service() -> None:
    assert checked_name(["a.b-c_1"]) == "a.b-c_1"
    assert checked_name(["folder", "name"]) == "folder/name"


def test_no_portal_is_named() -> None:
    for has_users in (True, False):
        info = server_info("http://host", has_users=has_users, token_minutes=30)
        assert "owningSystemUrl" not in info
        assert info["authInfo"] == {
            "isTokenBasedSecurity": has_users,
            "tokenServicesUrl": "http://host/arcgis/tokens/",
            "shortLivedTokenValidity": 30,
        }


def test_a_directory_of_folders_alone_does_not_say_that_it_is_empty() -> None:
    values = {"title": "Services", "base": "", "trail": [], "url": ""}
    filled = page("folder.html", {**values, "folders": [("a", "/a")], "services": []})
    empty = page("folder.html", {**values, "folders": [], "services": []})
    assert b"No service is published" not in filled.body
    assert b"No service is published" in empty.body
