"""What administrators are told, also while every instance is at work."""

import threading
import time

import httpx
import rasterio

from tests.server.conftest import NORTH, SIZE, WEST

EXPORT = "/arcgis/rest/services/test/picture/ImageServer/exportImage"


def details(server):
    return httpx.get(server.url + "/health/details", timeout=60)


def test_it_tells_of_seats_caches_services_versions_and_disk(live_server):
    answer = details(live_server)
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["status"] == "ready"
    (pool,) = told["pools"]
    assert (pool["name"], len(pool["seats"])) == ("shared", 2)
    for seat in pool["seats"]:
        assert seat["state"] in ("ready", "busy")
        assert seat["process"] > 1
        assert seat["age_s"] > 0
        assert seat["memory_bytes"] > 1_000_000
    assert told["services"]["started"] == 1
    assert told["services"]["problems"] == {}
    assert told["data"]["free_bytes"] > 0
    assert {"swath", "python", "rasterio", "pyproj", "sqlite"} <= set(told["versions"])
    assert told["versions"]["gdal"] == rasterio.__gdal_version__
    assert told["front"]["memory_bytes"] > 1_000_000
    assert told["front"]["process"] == live_server.process.pid
    assert told["caches"]["memory"] is not None


def test_it_answers_while_all_instances_are_at_work(data_folder, serve):
    box = f"{WEST},{NORTH - SIZE * 10},{WEST + SIZE * 10},{NORTH}"
    large = {"bbox": box, "bboxSR": "32633", "size": "4000,4000", "format": "png", "f": "image"}
    with serve(data_folder, SWATH_INSTANCES="1") as server:
        work = threading.Thread(
            target=lambda: httpx.get(server.url + EXPORT, params=large, timeout=120)
        )
        work.start()
        states = set()
        ends = time.monotonic() + 60
        while "busy" not in states and time.monotonic() < ends:
            states |= {
                s["state"] for pool in details(server).json()["pools"] for s in pool["seats"]
            }
        work.join()
        assert "busy" in states


def test_strangers_are_told_nothing(live_server):
    answer = httpx.get(
        live_server.url + "/health/details", headers={"X-Forwarded-For": "203.0.113.9"}
    )
    assert answer.status_code == 401
    assert "pools" not in answer.text


def test_secrets_of_the_environment_stay_hidden(data_folder, serve):
    variables = {"GDAL_HTTP_PROXY_PASSWORD": "s3cretword", "CPL_DEBUG": "OFF"}
    with serve(data_folder, SWATH_INSTANCES="1", **variables) as server:
        answer = details(server)
        assert answer.json()["environment"]["CPL_DEBUG"] == "OFF"
        assert "s3cretword" not in answer.text
