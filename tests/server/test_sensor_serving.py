"""Raw images over terrain from the command line to a live server, whose terrain then comes and goes."""

from __future__ import annotations

import httpx
import pytest

from tests.engine.sensor_scenes import write_image, write_terrain
from tests.server.live_sources import OWN, run_swath, service_url, wait_for


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A data folder with terrain as the service heights/hills, and images over it as raw."""
    folder = tmp_path_factory.mktemp("sensors")
    write_terrain(folder / "hills.tif")
    (folder / "images").mkdir()
    write_image(folder / "images" / "i.tif")
    for words in (
        ("publish", "hills.tif", "--name", "heights/hills", "--data", "data"),
        ("definition", "create", "raw.isdef"),
        (
            *("definition", "add", "raw.isdef", "images", "--type", "rpc"),
            *("--dem", "heights/hills", "--dem-datum", "ellipsoid", "--data", "data"),
        ),
        ("definition", "build", "raw.isdef"),
        ("definition", "compile", "raw.isdef"),
        ("publish", "raw.zmd", "--data", "data"),
    ):
        done = run_swath(*words, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def _export(server, shift_m=0):
    box = f"{499_700 + shift_m},4982900,{500_300 + shift_m},4983500"
    query = {"bbox": box, "bboxSR": "32631", "imageSR": "32631", "size": "60,60"}
    query |= {"format": "png", "f": "image"}
    return httpx.get(f"{service_url(server, 'raw')}/exportImage", params=query, timeout=60)


def test_images_over_a_service_whose_terrain_comes_and_goes(site, serve):
    hills, away = site / "hills.tif", site / "away.tif"
    with serve(site / "data", **OWN) as server:
        info = httpx.get(service_url(server, "raw"), params={"f": "json"}).json()
        assert info["spatialReference"]["latestWkid"] == 32631
        ready = server.url + "/health/ready"
        assert httpx.get(ready).json()["skipping_sources"] == []
        hills.rename(away)
        lost = _export(server)
        assert lost.status_code == 200
        assert lost.headers["x-swath-skipped"] == "1"
        assert lost.headers["cache-control"] == "no-store"
        health = httpx.get(ready)
        assert health.status_code == 200
        assert health.json()["skipping_sources"] == ["raw"]
        text = httpx.get(server.url + "/metrics").text
        assert 'swath_sources_skipped_total{service="raw"} 1.0' in text
        assert str(site) not in health.text + text
        away.rename(hills)
        wait_for(lambda: "x-swath-skipped" not in _export(server).headers)
        found = _export(server)
        assert "x-swath-no-terrain" not in found.headers
        assert found.content != lost.content
        # Heights at hand are as good without the file.
        hills.rename(away)
        assert _export(server, 3).content != lost.content
        away.rename(hills)


def test_options_of_terrain_that_cannot_be_are_named(site):
    for words, named in (
        (("--dem", "heights/none"), "--dem"),
        (("--dem-zfactor", "2"), "--dem-zfactor"),
        (("--dem", "hills.tif", "--dem-fill", "low"), "--dem-fill"),
    ):
        base = ("definition", "add", "raw.isdef", "images", "--type", "rpc", "--data", "data")
        done = run_swath(*base, *words, cwd=site)
        assert done.returncode != 0
        assert named in done.stderr
        assert "Traceback" not in done.stderr
