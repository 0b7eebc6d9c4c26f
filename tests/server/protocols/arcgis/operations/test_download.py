"""download and file on a live server: whole files by ids, ranges, and nothing that is not asked for.

Covers server.protocols.arcgis.operations.file, server.protocols.arcgis.file_ids,
server.protocols.arcgis.clipped_copy and server.http.file_response too.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from config.definition import ServiceProperties
from engine.build.compile_raster import compile_raster
from engine.build.zmd_writer import CompiledRow, ZmdExtras, write_zmd
from engine.catalog import Catalog
from engine.errors import RequestTooLarge
from engine.extent import Extent
from engine.item import Source
from server.http.file_response import CHUNK_BYTES, media_type_of
from server.protocols.arcgis.clipped_copy import Part, part_of, part_of_text, part_request
from server.site.publishing import Publisher
from tests.engine.catalogs import make_catalog, make_item, make_row, make_summary
from tests.server.live_sources import OWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.server.conftest import LiveServer

OPEN = ServiceProperties(
    capabilities=("Image", "Metadata", "Catalog", "Download"),
    max_download_images=3,
    max_download_mb=1,
)
SECRET = b"root:x:0:0:root"
FIRST = bytes(range(256)) * 1200
assert len(FIRST) > CHUNK_BYTES


def _source(path: Path) -> Source:
    found = path.stat()
    return Source(str(path), "GTiff", found.st_size, found.st_mtime_ns)


def _publish_real(folder: Path) -> None:
    """Publish the service "real": a raster of 64 × 48 pixels of 10 m, three bands of 16 bits."""
    rows, cols = np.mgrid[0:48, 0:64]
    data = np.stack([rows * 100 + cols, rows, cols]).astype(np.uint16)
    shape = {"count": 3, "height": 48, "width": 64, "dtype": "uint16", "crs": "EPSG:32633"}
    transform = rasterio.Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 5_500_000.0)
    with rasterio.open(
        folder / "real.tif", "w", driver="GTiff", transform=transform, **shape
    ) as out:
        out.write(data)
    compile_raster(folder / "real.tif", folder / "one.zmd")
    one = Catalog.open(folder / "one.zmd")
    operations = msgspec.msgpack.decode(one.meta("operations") or b"")
    row = CompiledRow(item=one.item(1), wkb=one.footprints_of([1])[1], attributes={})
    head = msgspec.structs.replace(one.summary, source_type="mosaic", properties=OPEN)
    one.close()
    write_zmd(folder / "real.zmd", head, [row], ZmdExtras(operations=operations))
    Publisher(folder / "data").publish(folder / "real.zmd", "real")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of five rasters: 1 and 2 share one, 3 is large, 4 has become a link, 5 is not there."""
    folder = tmp_path_factory.mktemp("download")
    contents = {
        "one.tif": FIRST,
        "one.tif.aux.xml": b"<PAMDataset/>",
        "shared.tif": b"shared",
        "Größe 3.tif": bytes(900_000),
        "4.tif": b"x" * len(SECRET),
        "5.tif": b"5",
        "passwd": SECRET,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        os.utime(folder / name, ns=(10**18, 10**18))
    names = (
        ("one.tif", "shared.tif"),
        ("shared.tif",),
        ("Größe 3.tif",),
        ("4.tif",),
        ("5.tif",),
    )
    rows = [
        make_row(make_item(key, sources=tuple(_source(folder / name) for name in files)))
        for key, files in enumerate(names, start=1)
    ]
    for service, properties in (("open", OPEN), ("shut", ServiceProperties())):
        make_catalog(folder / f"{service}.zmd", rows, properties=properties).close()
        Publisher(folder / "data").publish(folder / f"{service}.zmd", service)
    _publish_real(folder)
    (folder / "4.tif").unlink()
    (folder / "4.tif").symlink_to(folder / "passwd")
    (folder / "5.tif").unlink()
    return folder


@pytest.fixture(scope="module")
def services(
    folder: Path, serve: Callable[..., AbstractContextManager[LiveServer]]
) -> Iterator[httpx.Client]:
    """A client at the services directory."""
    with (
        serve(folder / "data", **OWN) as live,
        httpx.Client(base_url=f"{live.url}/arcgis/rest/services/", timeout=60) as client,
    ):
        yield client


def _files(services: httpx.Client, rasters: str, **more: str) -> dict[str, Any]:
    parameters = {"rasterIds": rasters, "f": "json", **more}
    found: dict[str, Any] = services.get("open/ImageServer/download", params=parameters).json()
    return found


def _file(services: httpx.Client, **parameters: str) -> httpx.Response:
    # The Python API sends f=json on this address of bytes.
    headers = {name: parameters.pop(name) for name in ("Range", "If-Range") if name in parameters}
    return services.get(
        "open/ImageServer/file", params={"f": "json", **parameters}, headers=headers
    )


def _id(services: httpx.Client, size: int, rasters: str = "1,2") -> str:
    files = _files(services, rasters)["rasterFiles"]
    (found,) = [file["id"] for file in files if file["size"] == size]
    return str(found)


def test_files_of_rasters_come_once_with_all_that_they_belong_to(services: httpx.Client) -> None:
    files = _files(services, "[1, 2]")["rasterFiles"]
    assert [(file["size"], file["rasterIds"]) for file in files] == [
        (len(FIRST), [1]),
        (13, [1]),
        (6, [1, 2]),
    ]
    assert not any("tif" in file["id"] or "/" in file["id"] for file in files)


def test_a_file_comes_whole_under_its_name(services: httpx.Client) -> None:
    reply = _file(services, id=_id(services, len(FIRST)), rasterId="1")
    assert reply.content == FIRST
    assert reply.headers["content-type"] == "image/tiff"
    assert reply.headers["content-disposition"] == 'attachment; filename="one.tif"'
    assert reply.headers.get_list("x-content-type-options") == ["nosniff"]
    assert reply.headers["content-length"] == str(len(FIRST))
    sidecar = _file(services, id=_id(services, 13))
    assert sidecar.content == b"<PAMDataset/>"
    assert sidecar.headers["content-type"] == "application/octet-stream"


def test_a_name_in_any_script_is_told_twice(services: httpx.Client) -> None:
    reply = services.head(
        "open/ImageServer/file", params={"id": _id(services, 900_000, rasters="3")}
    )
    assert reply.headers["content-length"] == "900000"
    named = reply.headers["content-disposition"]
    assert named == "attachment; filename=\"Gr__e 3.tif\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%203.tif"


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, len(FIRST)),
        ("bytes=-5", len(FIRST) - 5, len(FIRST)),
        (f"bytes=5-{10**15}", 5, len(FIRST)),
        (f"bytes=-{10**15}", 0, len(FIRST)),
    ],
)
def test_a_range_of_bytes(services: httpx.Client, asked: str, first: int, end: int) -> None:
    reply = _file(services, id=_id(services, len(FIRST)), Range=asked)
    assert reply.status_code == 206
    assert reply.content == FIRST[first:end]
    assert reply.headers["content-range"] == f"bytes {first}-{end - 1}/{len(FIRST)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=a-b", "bytes=0-1,4-5", "lines=1-2", "bytes=-"]
)
def test_what_is_no_range_gets_all(services: httpx.Client, asked: str) -> None:
    reply = _file(services, id=_id(services, 6), Range=asked)
    assert (reply.status_code, reply.content) == (200, b"shared")


@pytest.mark.parametrize("asked", ["bytes=6-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(services: httpx.Client, asked: str) -> None:
    reply = _file(services, id=_id(services, 6), Range=asked)
    assert (reply.status_code, reply.content) == (416, b"")
    assert reply.headers["content-range"] == "bytes */6"


def test_a_client_that_has_a_part_goes_on_with_the_same_file_only(services: httpx.Client) -> None:
    name = _id(services, 6)
    etag = _file(services, id=name).headers["etag"]
    more = {"id": name, "Range": "bytes=4-"}
    assert _file(services, **more, **{"If-Range": etag}).content == b"ed"
    assert _file(services, **more, **{"If-Range": '"other"'}).content == b"shared"
    again = services.get(
        "open/ImageServer/file", params={"id": name}, headers={"If-None-Match": etag}
    )
    assert (again.status_code, again.content) == (304, b"")


# Case A9 of the hostile inputs: files that are not the rasters' own.


def test_a9_a_raster_that_became_a_link_gives_nothing_out(
    services: httpx.Client, folder: Path
) -> None:
    assert (folder / "4.tif").stat().st_size == len(SECRET)
    assert _files(services, "4,5")["rasterFiles"] == []
    mine = _id(services, 6, rasters="2")
    for item in ("4", "5"):
        reply = _file(services, id=mine.replace("2-", f"{item}-", 1))
        assert reply.json()["error"]["code"] == 400
        assert SECRET not in reply.content


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../passwd",
        "..%2f..%2fpasswd",
        "1-0-0",
        "1-0-0-" + "0" * 24,
        "1-99-0-" + "a" * 24,
        "9" * 400,
        "1-0-0-ÄÖÜ",
        "{folder}/passwd",
        "{folder}/one.tif",
    ],
)
def test_a9_no_name_but_a_given_one_opens_a_file(
    services: httpx.Client, folder: Path, name: str
) -> None:
    reply = _file(services, id=name.replace("{folder}", str(folder)))
    error = reply.json()["error"]
    assert (error["code"], "'id'" in error["message"]) == (400, True)
    assert str(folder) not in reply.text or "{folder}" in name
    assert SECRET not in reply.content


def test_every_character_of_an_id_counts(services: httpx.Client) -> None:
    name = _id(services, 6)
    for place, character in enumerate(name):
        other = "1" if character != "1" else "2"
        changed = name[:place] + other + name[place + 1 :]
        assert "error" in _file(services, id=changed).json()


def test_an_id_of_another_service_or_raster_is_refused(services: httpx.Client) -> None:
    name = _id(services, len(FIRST))
    wrong = _file(services, id=name, rasterId="2").json()["error"]
    assert (wrong["code"], "rasterId" in wrong["message"]) == (400, True)
    shut = services.get("shut/ImageServer/file", params={"id": name}).json()["error"]
    assert (shut["code"], "Download" in shut["message"]) == (400, True)


def test_a_shared_file_is_given_for_each_of_its_rasters(services: httpx.Client) -> None:
    name = _id(services, 6)
    for raster in ("1", "2"):
        assert _file(services, id=name, rasterId=raster).content == b"shared"


# Parts of rasters.


def _parts(services: httpx.Client, **parameters: str) -> Any:
    asked = {"rasterIds": "1", "f": "json", **parameters}
    return services.get("real/ImageServer/download", params=asked).json()


def test_a_part_has_the_pixels_of_the_raster(services: httpx.Client, folder: Path) -> None:
    # Half a pixel in: whole pixels are given.
    (part,) = _parts(services, geometry="500105,5499795,500195,5499905")["rasterFiles"]
    assert part["rasterIds"] == [1]
    assert part["size"] == 10 * 12 * 3 * 2
    reply = services.get("real/ImageServer/file", params={"id": part["id"], "rasterId": "1"})
    assert reply.headers["content-disposition"] == 'attachment; filename="raster_1.tif"'
    with MemoryFile(reply.content) as memory, memory.open() as cut:
        found, transform = cut.read(), cut.transform
    with rasterio.open(folder / "real.tif") as whole:
        expected = whole.read()[:, 9:21, 10:20]
    assert (transform.c, transform.f) == (500_100.0, 5_499_910.0)
    np.testing.assert_array_equal(found, expected)


def test_a_part_is_converted_as_asked_and_ends_where_the_raster_ends(
    services: httpx.Client,
) -> None:
    box = '{"xmin":499000,"ymin":5499900,"xmax":500050,"ymax":5599900,"spatialReference":{"wkid":32633}}'
    (part,) = _parts(services, geometry=box, format="PNG")["rasterFiles"]
    reply = services.get("real/ImageServer/file", params={"id": part["id"]})
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["content-disposition"].endswith('"raster_1.png"')
    with MemoryFile(reply.content) as memory, memory.open() as cut:
        assert (cut.width, cut.height) == (5, 10)


def test_a_part_beside_the_raster_is_none(services: httpx.Client) -> None:
    assert _parts(services, geometry="0,0,1,1")["rasterFiles"] == []


@pytest.mark.parametrize(
    "text",
    [
        "c1-tiff-" + struct.pack(">4d", float("nan"), 0.0, 1.0, 1.0).hex(),
        "c1-tiff-" + struct.pack(">4d", 0.0, 0.0, float("inf"), 1.0).hex(),
        "c1-exe-" + bytes(32).hex(),
        "c1-tiff-00",
        "1-0-0",
    ],
)
def test_what_is_no_part_is_none(text: str) -> None:
    assert part_of_text(text) is None


def test_a_part_is_never_empty_nor_larger_than_an_image() -> None:
    item = make_item(1, Extent(0, 0, 10, 10))
    whole = part_of(item, (Extent(-5, -5, 50, 50), "tiff"), "EPSG:3857")
    assert whole is not None
    assert whole.box == Extent(0, 0, 10, 10)
    assert part_of_text(whole.text) == whole
    assert part_of(item, (Extent(10, 0, 20, 10), "tiff"), "EPSG:3857") is None
    sliver = part_of(item, (Extent(3, 3, 3 + 1e-9, 4), "tiff"), "EPSG:3857")
    assert sliver is None or sliver.box.width == 1
    small = make_summary(properties=ServiceProperties(max_image_width=9))
    with pytest.raises(RequestTooLarge):
        part_request(item, whole, small)
    backward = Part(item=1, format="tiff", box=Extent(10, 0, 0, 10))
    with pytest.raises(RequestTooLarge):
        part_request(item, backward, make_summary())


def test_a_changed_part_is_refused(services: httpx.Client) -> None:
    (part,) = _parts(services, geometry="500105,5499795,500195,5499905")["rasterFiles"]
    name = part["id"]
    for changed in (name[:-1] + "z", name.replace("tiff", "lerc"), name.replace("c1-", "c2-")):
        reply = services.get("real/ImageServer/file", params={"id": changed}).json()
        assert "'id'" in reply["error"]["message"]
    wrong = services.get("real/ImageServer/file", params={"id": name, "rasterId": "2"}).json()
    assert "rasterId" in wrong["error"]["message"]


# Limits and what the service says of itself.


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"rasters": ""}, "rasterIds"),
        ({"rasters": "a"}, "rasterIds"),
        ({"rasters": "-1"}, "rasterIds"),
        ({"rasters": "1,2,3,4"}, "number of rasters"),
        ({"rasters": "1,3"}, "size of the download"),
        ({"rasters": "99"}, "99 not found"),
        ({"rasters": "1", "geometry": "0,0"}, "geometry"),
        ({"rasters": "1", "geometry": '{"rings":[[[0,0],[1,1],[1,0],[0,0]]]}'}, "geometry"),
        ({"rasters": "1", "geometry": "0,0,1,1", "inSR": "4326"}, "geometry.spatialReference"),
        ({"rasters": "1", "geometry": "0,0,1,1", "format": "JP2"}, "format"),
        ({"rasters": "1", "format": "x"}, "format"),
    ],
)
def test_a_download_beyond_what_is_given_is_named(
    services: httpx.Client, parameters: dict[str, str], named: str
) -> None:
    assert named in _files(services, **parameters)["error"]["message"]


def test_a_service_says_whether_and_how_much(services: httpx.Client) -> None:
    limits = ("maxDownloadImageCount", "maxDownloadSizeLimit")
    opened = services.get("open/ImageServer", params={"f": "json"}).json()
    assert "Download" in opened["capabilities"].split(",")
    assert [opened[name] for name in limits] == [3, 1]
    shut = services.get("shut/ImageServer", params={"f": "json"}).json()
    assert "Download" not in shut["capabilities"]
    assert [shut[name] for name in limits] == [20, 2048]


def test_the_pages_of_both_work(services: httpx.Client) -> None:
    shown = services.get("open/ImageServer/download", params={"f": "html", "rasterIds": "1"})
    assert "rasterFiles" in shown.text
    page = services.get("open/ImageServer/file", params={"f": "html", "id": _id(services, 6)})
    assert page.headers["content-type"].startswith("text/html")
    assert "f=json" in page.text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.TIF", "image/tiff"),
        ("a.jp2", "image/jp2"),
        ("a.png", "image/png"),
        ("a.svg", "application/octet-stream"),
        ("a.html", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_only_pictures_have_types_of_their_own(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type
