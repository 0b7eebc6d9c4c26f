"""Data paths that are more than paths (A11 of the robustness list): on the command line, in files, in URLs."""

from __future__ import annotations

import contextlib
import json
import socket

import httpx
import msgspec
import pytest

from engine.build.compile_raster import compile_raster
from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import raster_of_text, raster_to_text
from engine.build.zmd_writer import CompiledRow, ZmdExtras, write_zmd
from engine.catalog import Catalog
from tests.engine.rasters import ramp, write_raster
from tests.server.live_sources import OWN, publish, raw, restarts, run_swath


@pytest.fixture(scope="module")
def server(tmp_path_factory, serve):
    with serve(tmp_path_factory.mktemp("hostile") / "data", **OWN) as live:
        yield live


@contextlib.contextmanager
def listener():
    """A port of this machine that must stay unvisited."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(0.3)
        yield sock.getsockname()[1]
        with pytest.raises(TimeoutError):
            sock.accept()


def foreign_paths(port):
    return [
        f"/vsicurl/http://127.0.0.1:{port}/x.tif",
        f"/vsizip//vsicurl/http://127.0.0.1:{port}/x.zip/x.tif",
        f"http://127.0.0.1:{port}/x.tif",
        f"WMS:http://127.0.0.1:{port}/?",
        "MEM:::DATAPOINTER=1,PIXELS=1,LINES=1",
        "vrt:///etc/passwd",
        "/vsistdin/",
        "<VRTDataset rasterXSize='1' rasterYSize='1'/>",
    ]


def test_a11_the_command_line_takes_no_foreign_path(tmp_path):
    write_raster(tmp_path / "a.tif", ramp(16, 16))
    assert run_swath("definition", "create", "d.isdef", cwd=tmp_path).returncode == 0
    with listener() as port:
        paths = foreign_paths(port)
        added = run_swath("definition", "add", "d.isdef", "a.tif", paths[0], cwd=tmp_path)
        published = run_swath("publish", paths[1], "--name", "x", "--data", "data", cwd=tmp_path)
    for ended in (added, published):
        assert ended.returncode != 0
        assert "Traceback" not in ended.stderr
        assert "no" in ended.stderr
    assert list((tmp_path / "data").rglob("*.zmd")) == []


def test_a11_a_foreign_path_in_an_edited_catalog_fails_its_item_alone(tmp_path):
    with listener() as port:
        paths = foreign_paths(port)
        for number in range(len(paths) + 1):
            write_raster(tmp_path / f"s{number}.tif", ramp(16, 16))
        for words in (("create", "d.isdef"), ("add", "d.isdef", ".", "--glob", "s*.tif")):
            assert run_swath("definition", *words, cwd=tmp_path).returncode == 0
        with DefinitionFolder(tmp_path / "d.isdef").table() as table:
            # As an author with QGIS would.
            for row, path in zip(list(table.rows()), paths, strict=False):
                raster = raster_of_text(row.raster_text)
                source = msgspec.structs.replace(raster.sources[0], path=path)
                text = raster_to_text(msgspec.structs.replace(raster, sources=(source,)))
                table.update(row.id, {"Raster": text})
        built = run_swath("definition", "build", "d.isdef", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    with DefinitionFolder(tmp_path / "d.isdef").table() as table:
        rows = list(table.rows())
    assert [row.status.is_failed for row in rows] == [True] * len(paths) + [False]


@pytest.fixture(scope="module")
def forged(tmp_path_factory):
    """Return what writes a published definition whose only raster is what a forger says."""
    folder = tmp_path_factory.mktemp("forged")
    path = write_raster(folder / "a.tif", ramp(1024, 1024))
    compile_raster(path, folder / "a.zmd")
    catalog = Catalog.open(folder / "a.zmd")
    item, summary = catalog.item(1), catalog.summary
    operations = msgspec.msgpack.decode(catalog.meta("operations") or b"")
    outline = catalog.footprints_of([1])[1]
    catalog.close()

    def write(out, **changes):
        source = msgspec.structs.replace(item.sources[0], **changes)
        row = CompiledRow(item=msgspec.structs.replace(item, sources=(source,)), wkb=outline)
        write_zmd(out, summary, [row], ZmdExtras(operations=operations))
        return out

    return write


def test_a11_a_foreign_path_in_a_published_definition_is_never_opened(tmp_path, server, forged):
    with listener() as port:
        unregistered = f"connection://127.0.0.1:{port}/x.tif"
        for number, foreign in enumerate([*foreign_paths(port), unregistered]):
            out = forged(tmp_path / f"evil{number}.zmd", path=foreign)
            publish(server, f"a11/evil{number}", out)
            error = raw(server, f"a11/evil{number}")
            assert isinstance(error, dict), error
            assert error["code"] == 500
            assert foreign not in json.dumps(error)
    assert restarts(server) == 0


def _virtual(secret):
    return (
        '<VRTDataset rasterXSize="1024" rasterYSize="1024"><VRTRasterBand dataType="Byte" band="1" '
        f'subClass="VRTRawRasterBand"><SourceFilename relativetoVRT="0">{secret}</SourceFilename>'
        "<ImageOffset>0</ImageOffset></VRTRasterBand></VRTDataset>"
    )


def test_a10_a_definition_under_a_rasters_name_is_refused_when_it_is_added(tmp_path):
    (tmp_path / "secret.bin").write_bytes(b"\x7b" * 1_100_000)
    (tmp_path / "evil.tif").write_text(_virtual(tmp_path / "secret.bin"))
    assert run_swath("definition", "create", "d.isdef", cwd=tmp_path).returncode == 0
    for words in (
        ("definition", "add", "d.isdef", "evil.tif"),
        ("publish", "evil.tif", "--name", "x", "--data", "data"),
    ):
        ended = run_swath(*words, cwd=tmp_path)
        assert ended.returncode == 1
        assert "VRT definition, which points to other files, is not accepted" in ended.stderr
    assert list((tmp_path / "data").rglob("*.zmd")) == []


def test_a10_a_definition_in_a_catalogued_raster_is_not_opened_when_it_is_read(
    tmp_path, server, forged
):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"\x7b" * 1_100_000)
    evil = tmp_path / "evil.tif"
    evil.write_text(_virtual(secret))
    state = evil.stat()
    out = forged(
        tmp_path / "evil.zmd", path=str(evil), size=state.st_size, mtime_ns=state.st_mtime_ns
    )
    publish(server, "a10/evil", out)
    error = raw(server, "a10/evil")
    assert isinstance(error, dict), "pixels of a file that the definition names"
    assert error["code"] == 500
    assert "evil" not in json.dumps(error)


def test_a9_roots_bind_the_server_whatever_a_published_definition_says(tmp_path, serve, forged):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        write_raster(folder / "a.tif", ramp(1024, 1024))
    (inside / "link.tif").symlink_to(outside / "a.tif")
    names = {
        "right": inside / "a.tif",
        "wrong": outside / "a.tif",
        "link": inside / "link.tif",
        "dots": inside / ".." / "out" / "a.tif",
    }
    with serve(tmp_path / "data", SWATH_ROOTS=str(inside), **OWN) as own:
        for name, path in names.items():
            state = path.stat()
            out = tmp_path / f"{name}.zmd"
            forged(out, path=str(path), size=state.st_size, mtime_ns=state.st_mtime_ns)
            publish(own, name, out)
        answers = {name: raw(own, name) for name in names}
    assert not isinstance(answers.pop("right"), dict)
    for answer in answers.values():
        assert answer["code"] == 500
        assert "out" not in json.dumps(answer["message"])


def test_a11_a_foreign_path_is_no_name_of_a_service(server):
    with listener() as port, httpx.Client() as client:
        for path in foreign_paths(port):
            quoted = httpx.URL("http://x/", params={"p": path}).query.decode()[2:]
            for template in (
                "/arcgis/rest/services/{}/ImageServer?f=json",
                "/arcgis/rest/services/{}/ImageServer/exportImage?bbox=0,0,1,1&f=image",
                "/tiles/{}/0/0/0.png",
                "/tiles/{}.json",
                "/map/{}",
            ):
                answer = client.get(server.url + template.format(quoted))
                if answer.is_redirect:
                    # To the same name without its slashes, never to another host.
                    target = answer.url.join(answer.headers["location"])
                    assert str(target).startswith(server.url + "/map/")
                    answer = client.get(target)
                error = answer.status_code
                if error == 200:
                    error = answer.json()["error"]["code"]
                assert error in (400, 404)
                assert "Traceback" not in answer.text
