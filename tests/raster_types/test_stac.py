"""STAC documents become items: assets as bands, properties as fields, nothing fetched.

Covers raster_types.stac, raster_types.stac_files.stac_item, raster_types.stac_files.stac_document, raster_types.stac_files.stac_assets,
raster_types.stac_files.stac_fields and raster_types.stac_files.stac_projection.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.io import MemoryFile

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.raster_record import ItemStatus
from engine.extent import Extent
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from raster_types.base import ItemOptions
from raster_types.stac_files.stac_document import Links
from tests.raster_types.definitions import (
    add_products,
    built_service,
    new_definition,
    raw_pixels,
    rows_of,
    whole_view,
)

if TYPE_CHECKING:
    from pathlib import Path

_COMMON = ("red", "green", "blue", "nir")


def _numbers(number: int) -> np.ndarray:
    rows, cols = np.mgrid[0:60, 0:60]
    return (100 + rows * 7 + cols * 3 + number * 50).astype(np.uint16)


def _band(folder: Path, name: str, number: int, *, placed: bool = True, factor: int = 1) -> None:
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "width": 60 // factor,
        "height": 60 // factor,
        "count": 1,
        "dtype": "uint16",
    }
    if placed:
        step = 10 * factor
        profile |= {"crs": "EPSG:32634", "transform": Affine(step, 0, 3e5, 0, -step, 57e5)}
    with rasterio.open(folder / f"{name}.tif", "w", **profile) as file:
        file.write(_numbers(number)[::factor, ::factor], 1)


def _asset(name: str, version: str, **changes: object) -> dict[str, Any]:
    said: dict[str, Any] = {"href": f"./{name}.tif", "roles": ["data"], "type": "image/tiff"}
    if version == "1.1.0":
        said["bands"] = [{"name": name, "eo:common_name": name}]
        said |= {"raster:scale": 0.0001, "raster:offset": -0.1, "nodata": 100}
    else:
        said["eo:bands"] = [{"name": name, "common_name": name}]
        said["raster:bands"] = [{"scale": 0.0001, "offset": -0.1, "nodata": 100}]
    return said | changes


def _item(name: str, version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": version,
        "id": name,
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[18, 51], [18.1, 51], [18.1, 51.1], [18, 51.1], [18, 51]]],
        },
        "properties": {
            "datetime": "2021-07-19T10:57:30Z",
            "platform": "sentinel-2a",
            "eo:cloud_cover": 12.5,
            "view:sun_elevation": 40.0,
            "s2:mgrs_tile": "34UCF",
            "name": "not the item's",
        },
        "collection": "somewhere",
        "assets": {each: _asset(each, version) for each in _COMMON}
        | {
            "thumbnail": {"href": "./t.png", "type": "image/png", "roles": ["thumbnail"]},
            "info": {"href": "./t.json", "type": "application/json", "roles": ["metadata"]},
        },
        **changes,
    }


@pytest.fixture
def bands(tmp_path: Path) -> Path:
    """A folder of four bands."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(_COMMON):
        _band(folder, name, number)
    return folder


def _write(folder: Path, name: str, body: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body))
    return path


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_assets_become_bands_of_scaled_values_with_fields(
    tmp_path: Path, bands: Path, version: str
) -> None:
    _write(bands, "item.json", _item("one", version))
    folder = new_definition(tmp_path / "a.isdef")
    assert add_products(folder, "stac", bands).failed == []
    (row,) = rows_of(folder)
    expected = {
        "AcquisitionDate": "2021-07-19T10:57:30.000Z",
        "PlatformName": "sentinel-2a",
        "CloudCover": 0.125,
        "SunElevation": 40.0,
        "s2_mgrs_tile": "34UCF",
        "ProductName": "somewhere",
        "stac_name": "not the item's",
    }
    assert {name: row.attributes[name] for name in expected} == expected
    assert row.name == "one"
    assert row.raster.coverage.startswith("POLYGON ((18 51")
    service = built_service(folder)
    assert [band.name for band in service.summary.bands] == list(_COMMON)
    found = raw_pixels(service, whole_view(service, 10.0))
    valid = np.broadcast_to(found.valid, found.data.shape)
    for number in range(4):
        dn = _numbers(number)
        np.testing.assert_array_equal(valid[number], dn != 100)
        assert np.abs(found.data[number] - (dn * 1e-4 - 0.1))[dn != 100].max() < 1e-7


def test_asked_assets_come_in_their_order_and_what_is_lacking_stays_empty(
    tmp_path: Path, bands: Path
) -> None:
    _write(bands, "item.json", _item("one"))
    folder = new_definition(tmp_path / "a.isdef")
    options = ItemOptions(assets=("nir", "swir16", "red"), values="dn")
    report = add_products(folder, "stac", bands, options)
    assert any("no asset swir16" in note for _, note in report.notes)
    service = built_service(folder)
    found = raw_pixels(service, whole_view(service, 10.0))
    valid = np.broadcast_to(found.valid, found.data.shape)
    assert found.data.dtype == np.uint16
    assert not valid[1].any()
    for band, number in ((0, 3), (2, 0)):
        np.testing.assert_array_equal(found.data[band][valid[band]], _numbers(number)[valid[band]])


def test_an_offset_that_is_in_the_pixels_already_is_not_added_again(
    tmp_path: Path, bands: Path
) -> None:
    body = _item("one")
    body["properties"]["earthsearch:boa_offset_applied"] = True
    _write(bands, "item.json", body)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "stac", bands)
    service = built_service(folder)
    found = raw_pixels(service, whole_view(service, 10.0))
    assert abs(float(found.data[0, 30, 30]) - _numbers(0)[30, 30] * 1e-4) < 1e-7


def test_a_catalog_is_walked_to_its_items_each_once_and_circles_end(
    tmp_path: Path, bands: Path
) -> None:
    links = [
        {"rel": "child", "href": "./sub/collection.json"},
        {"rel": "item", "href": "./one.json"},
        {"rel": "self", "href": "https://data.example/catalog.json"},
    ]
    _write(
        bands,
        "catalog.json",
        {"type": "Catalog", "id": "c", "stac_version": "1.0.0"} | {"links": links},
    )
    back = [{"rel": "item", "href": "../two.json"}, {"rel": "child", "href": "../catalog.json"}]
    _write(
        bands,
        "sub/collection.json",
        {"type": "Collection", "id": "s", "stac_version": "1.0.0", "links": back},
    )
    assets = {"red": _asset("nir", "1.0.0"), "green": _asset("blue", "1.0.0")}
    _write(bands, "one.json", _item("one"))
    _write(bands, "two.json", _item("two", assets=assets))
    folder = new_definition(tmp_path / "a.isdef")
    report = add_products(folder, "stac", bands)
    assert report.failed == []
    assert sorted(row.name for row in rows_of(folder)) == ["one", "two"]


def test_an_item_collection_goes_on_at_its_next_page(tmp_path: Path, bands: Path) -> None:
    two = _item("two", assets={"blue": _asset("blue", "1.0.0")})
    page = {"type": "FeatureCollection", "features": [two]}
    _write(bands, "pages/2.json", json.loads(json.dumps(page).replace("./blue", "../blue")))
    first = {
        "type": "FeatureCollection",
        "features": [_item("one")],
        "links": [{"rel": "next", "href": "pages/2.json"}],
    }
    path = _write(bands, "list.json", first)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "stac", path)
    assert sorted(row.name for row in rows_of(folder)) == ["one", "two"]


def test_links_elsewhere_fail_with_a_sentence_until_they_are_rewritten(
    tmp_path: Path, bands: Path
) -> None:
    body = json.dumps(_item("one")).replace("./", "https://data.example/s2/")
    path = tmp_path / "items" / "item.json"
    path.parent.mkdir()
    path.write_text(body)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "stac", path)
    (row,) = rows_of(folder)
    assert row.status is ItemStatus.NOT_FOUND
    assert "is not fetched" in row.message
    assert "--rewrite https://data.example/s2/=FOLDER/" in row.message
    rewrite = (("https://data.example/s2/", f"{bands}/"),)
    add_products(folder, "stac", path, ItemOptions(rewrite=rewrite))
    (again,) = rows_of(folder)
    assert (again.id, again.status, len(again.headers)) == (row.id, ItemStatus.ADDED, 4)


def test_links_elsewhere_lead_to_copies_beside_their_document(tmp_path: Path, bands: Path) -> None:
    path = bands / "delivered.json"
    path.write_text(json.dumps(_item("one")).replace("./", "https://data.example/s2/"))
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "stac", path)
    (row,) = rows_of(folder)
    assert (row.status, len(row.headers)) == (ItemStatus.ADDED, 4)
    assert Links().asset(str(path), "https://x/..%2F..%2Fetc%2Fpasswd") == ""
    assert Links().asset(str(path), "https://x/") == ""


@pytest.mark.parametrize(
    "href",
    ["/vsicurl/https://x/a.tif", "s3://b/a.tif", "HTTP://x/a.tif", "data:,x", "a\0.tif"],
)
def test_nothing_but_local_files_has_a_path(href: str) -> None:
    assert Links().path("/a/item.json", href) == ""


def test_relative_links_count_from_their_document() -> None:
    links = Links((("s3://b/", "/mnt/b/"),))
    assert links.path("/a/b/item.json", "../c/./x.tif") == "/a/c/x.tif"
    assert links.path("/a/b/item.json", "file:///d/x.tif") == "/d/x.tif"
    assert links.path("/a/b/item.json", "s3://b/c/x.tif") == "/mnt/b/c/x.tif"


def test_bands_of_two_resolutions_and_files_that_say_nothing_of_their_place(
    tmp_path: Path,
) -> None:
    bands = tmp_path / "in"
    bands.mkdir()
    _band(bands, "red", 0, placed=False)
    _band(bands, "green", 1, placed=False, factor=2)
    place = {"proj:code": "EPSG:32634", "proj:shape": [60, 60]}
    place["proj:transform"] = [10, 0, 300000, 0, -10, 5700000]
    assets = {"red": _asset("red", "1.0.0"), "green": _asset("green", "1.0.0")}
    body = _item("one", assets=assets)
    body["properties"] |= place
    _write(bands, "item.json", body)
    folder = new_definition(tmp_path / "a.isdef")
    add_products(folder, "stac", bands, ItemOptions(values="dn"))
    service = built_service(folder)
    found = raw_pixels(service, whole_view(service, 10.0))
    wide = np.repeat(np.repeat(_numbers(1)[::2, ::2], 2, 0), 2, 1)
    valid = np.broadcast_to(found.valid, found.data.shape)
    np.testing.assert_array_equal(found.data[1][valid[1]], wide[valid[1]])
    assert valid.mean() > 0.95


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{", "is no JSON"),
        ('{"a": 1}', "no STAC document"),
        ("[" * 5000, "is no JSON"),
        ('{"type":"Catalog","stac_version":"1.0.0","links":[]}', "without any item"),
    ],
)
def test_what_is_no_stac_is_said_in_a_sentence(tmp_path: Path, body: str, why: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(body)
    folder = new_definition(tmp_path / "a.isdef")
    report = add_products(folder, "stac", path)
    assert [why.lower() in message.lower() for _, message in report.failed] == [True]


def test_real_items_find_their_cogs(shared_data: Path, tmp_path: Path) -> None:
    kit = shared_data / "02_sentinel2_stac"
    rewrite = (("http://somewhere-over-the-rainbow.io/", f"{kit}/rio_tiler_stac/"),)
    folder = new_definition(tmp_path / "a.isdef")
    path = kit / "rio_tiler_stac" / "stac_proj_2_0.json"
    options = ItemOptions(assets=("red", "green", "blue"), rewrite=rewrite)
    assert add_products(folder, "stac", path, options).failed == []
    service = built_service(folder)
    assert service.summary.crs == "EPSG:32617"
    assert service.summary.picture_bands == (0, 1, 2)
    with rasterio.open(kit / "rio_tiler_stac" / "red.tif") as file:
        red, bounds = file.read(1), file.bounds
    view = View(extent=Extent(*bounds), width=red.shape[1], height=red.shape[0])
    found = raw_pixels(service, view)
    valid = np.broadcast_to(found.valid, found.data.shape)[0]
    np.testing.assert_array_equal(found.data[0][valid], red[valid])
    assert valid.mean() > 0.5


def test_the_true_colour_of_a_real_sentinel_2_item_is_its_picture(
    shared_data: Path, tmp_path: Path
) -> None:
    kit = shared_data / "02_sentinel2_stac" / "titiler_s2"
    folder = new_definition(tmp_path / "a.isdef")
    options = ItemOptions(assets=("visual",))
    assert add_products(folder, "stac", kit / "item.json", options).failed == []
    service = built_service(folder)
    assert service.summary.picture_bands == (0, 1, 2)
    with rasterio.open(kit / "TCI.tif") as file:
        colours, valid, bounds = file.read(), file.dataset_mask() > 0, file.bounds
    view = View(extent=Extent(*bounds), width=colours.shape[2], height=colours.shape[1])
    request = ImageRequest(view=view, encoding=Encoding(format="png32"))
    with (
        MemoryFile(bytes(answer(service, request, UNLIMITED).body)) as memory,
        memory.open() as png,
    ):
        picture = png.read()
    shown = picture[3] > 0
    # The collar of the orbit is empty; the outline may be off by a pixel.
    assert (shown != valid).mean() < 0.002
    assert not shown[~valid].any()
    np.testing.assert_array_equal(picture[:3, shown], colours[:, shown])
