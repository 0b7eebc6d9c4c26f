"""Hostile sources and faults of the robustness list (A20-A22, A26) on a live server.

Files on disk are damaged, replaced and deleted under it; processes are killed.
"""

from __future__ import annotations

import json
import os
import signal
import threading

import httpx
import numpy as np
import pytest
import rasterio
from rasterio import Affine

from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import ramp, write_raster
from tests.server.live_sources import (
    EAST,
    NORTH,
    OWN,
    compile_single,
    publish,
    raw,
    restarts,
    run_swath,
    service_url,
    wait_for,
)
from tests.server.server_processes import instances_of
from tests.tiff_damage import DAMAGES, SAME_SIZE, damage, damage_in_silence, set_all

_TILED = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}


@pytest.fixture(scope="module")
def server(tmp_path_factory, serve):
    with serve(tmp_path_factory.mktemp("hostile") / "data", **OWN) as live:
        yield live


# A20: files that lie about their pixels.


@pytest.mark.parametrize("how", SAME_SIZE)
def test_a20_a_corrupt_source_costs_its_own_pixels(tmp_path, server, how):
    bad = write_raster(tmp_path / "bad.tif", ramp(1024, 1024), **_TILED)
    east = Affine(10, 0, EAST + 5120, 0, -10, NORTH)
    data = np.full((1, 1024, 1024), 77, np.uint8)
    good = write_raster(tmp_path / "good.tif", data, transform=east, **_TILED)
    compile_mosaic([good, bad], tmp_path / "m.zmd", crs="EPSG:32632")
    damage_in_silence(bad, how)
    name = f"a20/mosaic_{how.__name__}"
    publish(server, name, tmp_path / "m.zmd")
    samples = raw(server, name)
    assert (samples[:, 130:250] == 77).all()
    assert (samples[:, :120] == 0).all()
    assert restarts(server) == 0


@pytest.mark.parametrize("how", DAMAGES)
def test_a20_a_corrupt_single_raster_is_an_error_without_its_path(tmp_path, server, how):
    path = write_raster(tmp_path / "bad.tif", ramp(1024, 1024), **_TILED)
    name = f"a20/single_{how.__name__}"
    publish(server, name, compile_single(path, tmp_path / "one.zmd"))
    damage_in_silence(path, how) if how in SAME_SIZE else damage(path, how)
    error = raw(server, name)
    assert error["code"] == 500
    assert "bad.tif" not in json.dumps(error)
    # 11/1084/727 holds the place.
    tile = httpx.get(f"{server.url}/tiles/{name}/11/1076/727.png")
    assert tile.status_code in (200, 500)
    assert "bad.tif" not in tile.text
    assert restarts(server) == 0


# A21: absurd sizes, and nothing but NaN.


def strict_json(url):
    def refuse(constant):
        raise AssertionError(f"{constant} in {url}")

    return json.loads(httpx.get(url, timeout=100).text, parse_constant=refuse)


def test_a21_a_small_file_of_200000_pixels_a_side_is_published_and_served(tmp_path, server):
    path = tmp_path / "huge.tif"
    profile = {"driver": "GTiff", "width": 200_000, "height": 200_000, "count": 1}
    place = Affine(1, 0, EAST, 0, -1, NORTH)
    with rasterio.open(
        path, "w", dtype="uint8", crs="EPSG:32632", transform=place, sparse_ok=True, **profile,
        tiled=True, compress="deflate",
    ):  # fmt: skip
        pass
    ended = run_swath(
        "publish", "huge.tif", "--name", "a21/huge", "--data", server.data, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    wait_for(lambda: httpx.get(f"{server.url}/tiles/a21/huge.json").status_code == 200)
    root = strict_json(service_url(server, "a21/huge") + "?f=json")
    assert root["extent"]["xmax"] - root["extent"]["xmin"] == 200_000
    for operation in ("statistics", "histograms", "keyProperties", "legend"):
        strict_json(f"{service_url(server, 'a21/huge')}/{operation}?f=json")
    # At its own size and as a whole: 390 625 blocks, which are never all looked at.
    assert raw(server, "a21/huge").shape == (256, 256)
    whole = httpx.get(
        f"{service_url(server, 'a21/huge')}/exportImage?f=image&size=200,200", timeout=100
    )
    assert whole.status_code == 200
    assert restarts(server) == 0


@pytest.mark.parametrize("bands", [0, 65_535])
def test_a21_absurd_counts_of_bands_are_refused_with_the_limit(tmp_path, bands):
    path = write_raster(tmp_path / "a.tif", np.ones((1, 4, 4), np.uint8))
    data = bytearray(path.read_bytes())
    set_all(data, 277, bands)
    path.write_bytes(data)
    ended = run_swath("publish", "a.tif", "--name", "x", "--data", "data", cwd=tmp_path)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert "a.tif" in ended.stderr


def test_a21_a_file_of_nothing_but_nan_is_blank_and_writes_no_nan(tmp_path, server):
    path = write_raster(tmp_path / "nan.tif", np.full((1, 64, 64), np.nan, np.float32))
    publish(server, "a21/nan", compile_single(path, tmp_path / "nan.zmd"))
    url = service_url(server, "a21/nan")
    point = f"geometry={EAST + 50},{NORTH - 50}&geometryType=esriGeometryPoint"
    for operation in ("", "statistics", "histograms", "keyProperties", "legend", "exportImage"):
        strict_json(f"{url}/{operation}?f=json")
    assert strict_json(f"{url}/identify?f=json&{point}")["value"] == "NoData"
    picture = httpx.get(f"{url}/exportImage?f=image&format=png32&size=50,50")
    assert picture.headers["content-type"] == "image/png"


# A22: a source is deleted, then replaced, while it is served.


@pytest.mark.parametrize("way", ["rename", "in place"])
def test_a22_a_replaced_source_gives_old_pixels_or_an_error_never_new_ones(tmp_path, server, way):
    path = write_raster(tmp_path / "a.tif", np.full((1, 2048, 2048), 50, np.uint8), **_TILED)
    other = write_raster(tmp_path / "b.tif", np.full((1, 2048, 2048), 99, np.uint8), **_TILED)
    shorter = write_raster(tmp_path / "c.tif", np.full((3, 700, 600), 9999, np.uint16))
    name = f"a22/{way.replace(' ', '_')}"
    publish(server, name, compile_single(path, tmp_path / "one.zmd"))
    answers = []
    stop = threading.Event()

    def keep_asking():
        width = 256
        while not stop.is_set():
            answers.append(raw(server, name, width))
            width = 256 + (width + 8) % 256

    assert (raw(server, name) == 50).all()
    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        for new in (other, shorter):
            seen = len(answers)
            wait_for(lambda seen=seen: len(answers) > seen)
            if way == "rename":
                path.unlink()
                wait_for(lambda seen=seen: len(answers) > seen + 3)
                new.replace(path)
            else:
                path.write_bytes(new.read_bytes())
            wait_for(lambda: isinstance(answers[-1], dict))
    finally:
        stop.set()
        thread.join()
    pictures = [answer for answer in answers if not isinstance(answer, dict)]
    assert pictures
    assert all((picture == 50).all() for picture in pictures)
    assert all(answer["code"] == 500 for answer in answers if isinstance(answer, dict))
    # Published anew it serves what it is now.
    publish(server, name, compile_single(path, tmp_path / "two.zmd"))
    wait_for(lambda: not isinstance(raw(server, name), dict))
    assert restarts(server) == 0


# A26: workers are killed during a request.


@pytest.mark.parametrize("victim", ["one instance", "all instances", "fork parent"])
def test_a26_killed_during_a_request_everything_comes_back(data_folder, serve, victim):
    own = {"SWATH_INSTANCES": "2", "SWATH_MEMORY_RESPONSE_CACHE_MB": "32"}
    with serve(data_folder, **own) as server, httpx.Client(timeout=100) as client:
        box = "480000,5534760,490240,5545000"
        query = f"bbox={box}&bboxSR=32633&imageSR=3857&size=4000,4000&format=png&f=image"
        url = f"{service_url(server, 'test/picture')}/exportImage?{query}"
        answers = []
        threads = [
            # Two that ask the same: one of them waits for the other's render.
            threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=100)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        metrics = server.url + "/metrics"
        wait_for(lambda: "swath_in_flight 0.0" not in client.get(metrics).text)
        parent, instances = instances_of(server.process)
        doomed = {
            "one instance": instances[:1],
            "all instances": instances,
            "fork parent": [parent],
        }
        for pid in doomed[victim]:
            os.kill(pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
        for answer in answers:
            # Tried once more, or a clean error.
            if answer.headers["content-type"] != "image/png":
                assert answer.json()["error"]["code"] >= 500
        ready = server.url + "/health/ready"
        wait_for(lambda: client.get(ready).status_code == 200)
        wait_for(lambda: "swath_instances_ready 2.0" in client.get(metrics).text)
        assert client.get(url).headers["content-type"] == "image/png"
        wait_for(lambda: "swath_in_flight 0.0" in client.get(metrics).text)
        assert "swath_queue 0.0" in client.get(metrics).text
