"""`swath connection` and what definitions make of it, as a user runs them."""

from __future__ import annotations

import httpx
import numpy as np
import pytest

from tests.engine.rasters import ramp, write_raster
from tests.range_server import RangeServer
from tests.server.live_sources import run_swath


@pytest.fixture
def storage(tmp_path):
    """Return a running server of ranges with one raster."""
    folder = tmp_path / "storage"
    (folder / "images").mkdir(parents=True)
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    write_raster(folder / "images" / "a.tif", ramp(512, 512, bands=3), **tiles)
    with RangeServer(folder) as server:
        yield server


def _said(done, code=0):
    assert done.returncode == code, done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_connection_is_added_listed_tried_and_removed(storage, tmp_path):
    def swath(*words, code=0):
        return _said(run_swath("connection", *words, cwd=tmp_path), code)

    assert "No connections" in swath("list")
    root = f"{storage.url}images"
    told = swath("add", "store", root, "--private", "--header", "X-Key: very secret")
    assert "Registered store" in told
    listed = swath("list")
    assert f"{root}/" in listed
    assert "X-Key" in listed
    assert "secret" not in listed
    assert "GTiff, 512 × 512, 3 bands" in swath("test", "store", "a.tif")
    assert "no such object" in swath("test", "store", "b.tif", code=1)
    assert "Changed store" in swath("add", "store", root)
    assert "may not reach" in swath("test", "store", "a.tif", code=1)
    assert "Removed" in swath("remove", "store")
    assert "not registered" in swath("test", "store", "a.tif", code=1)


@pytest.mark.parametrize(
    "words",
    [
        ("a b", "https://host.example/"),
        ("store", "ftp://host.example/"),
        ("store", "https://user:pw@host.example/"),
        ("store", "https://host.example/", "--header", "no colon"),
        ("store", "https://host.example/", "--header", "X: $SWATH_NOT_SET"),
        ("store", "https://host.example/", "--timeout", "0"),
        ("store", "https://host.example/", "--timeout", "nan"),
    ],
)
def test_wrong_connection_is_refused_in_a_sentence(words, tmp_path):
    told = _said(run_swath("connection", "add", *words, cwd=tmp_path), 1)
    assert told.startswith("swath: ")
    assert "no colon" not in told


def test_remote_raster_is_added_built_compiled_and_served(storage, serve, tmp_path):
    data = tmp_path / "data"

    def swath(*words):
        return _said(run_swath(*words, cwd=tmp_path, SWATH_DATA=str(data)))

    swath("connection", "add", "store", f"{storage.url}images/", "--private")
    swath("definition", "create", "far.isdef")
    swath("definition", "add", "far.isdef", "connection://store/a.tif")
    assert "1 items" in swath("definition", "items", "far.isdef")
    assert "1 were known" in swath("definition", "add", "far.isdef", "connection://store/a.tif")
    swath("definition", "build", "far.isdef")
    swath("definition", "check", "far.isdef", "--deep")
    swath("definition", "sync", "far.isdef")
    swath("definition", "compile", "far.isdef", "-o", "far.zmd")
    swath("publish", "far.zmd", "--name", "far")
    with serve(data) as server:
        url = f"{server.url}/arcgis/rest/services/far/ImageServer/exportImage"
        query = {"bbox": "500000,5194880,505120,5200000", "bboxSR": "32632", "imageSR": "32632"}
        query |= {"size": "512,512", "format": "bsq", "f": "image"}
        query["interpolation"] = "RSP_NearestNeighbor"
        answer = httpx.get(url, params=query, timeout=60)
    pixels = np.frombuffer(answer.content[: 3 * 512 * 512], np.uint8).reshape(3, 512, 512)
    assert np.array_equal(pixels, ramp(512, 512, bands=3))
