"""Ids of requests, from the proxy to the log of an instance."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request

import httpx
import pytest

from engine.build.compile_raster import compile_raster
from server.http.request_id import REQUEST_ID, new_request_id, reference, sent_request_id
from server.site.publishing import Publisher
from tests.server.conftest import write_picture

TILE = "/tiles/gone/12/2216/1389.png"
PATHS = (
    "/health/live",
    "/nothing",
    "/tiles/gone.json",
    TILE,
    "/tiles/gone/1/2.png",
    "/arcgis/rest/services?f=json",
    "/arcgis/rest/services/gone/ImageServer/exportImage?bbox=x",
    "/wms/gone?REQUEST=GetCapabilities",
)


def test_no_two_are_alike():
    made = {new_request_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(rb"[0-9a-f]{16}", each) for each in made)


@pytest.mark.parametrize("sent", [b"", b"a b", b"x" * 129, b"\xff", b"<b>", b"a\nb"])
def test_a_proxys_id_that_is_not_fit_to_be_logged_is_not_taken(sent):
    assert sent_request_id([(b"x-request-id", sent)]) == b""


def test_a_proxys_id_is_taken():
    assert sent_request_id([(b"host", b"x"), (b"x-request-id", b"ab-1.2_C")]) == b"ab-1.2_C"
    assert sent_request_id([(b"host", b"x")]) == b""


def test_without_a_request_a_reference_is_random():
    assert REQUEST_ID.get() == ""
    assert reference() != reference()


@pytest.fixture(scope="module")
def unreadable(tmp_path_factory):
    """A data folder with a service whose raster is gone: what needs pixels fails inside."""
    folder = tmp_path_factory.mktemp("gone")
    write_picture(folder / "gone.tif")
    compile_raster(folder / "gone.tif", folder / "gone.zmd")
    Publisher(folder / "data").publish(folder / "gone.zmd", "gone")
    (folder / "gone.tif").rename(folder / "away.tif")
    compile_raster(folder / "away.tif", folder / "away.zmd")
    Publisher(folder / "data").publish(folder / "away.zmd", "there")
    return folder / "data"


def test_every_answer_has_an_id_of_its_own(unreadable, serve):
    with serve(unreadable) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        mine = {"X-Request-Id": "from-a-stranger"}
        answers = [client.get(path, headers=mine) for path in (*PATHS, *PATHS)]
        answers.append(client.post("/arcgis/rest/services", content=b"x" * 5_000_000))
        assert answers[-1].status_code == 413
        ids = [answer.headers["x-request-id"] for answer in answers]
        assert len(set(ids)) == len(ids)
        assert "from-a-stranger" not in ids
        exposed = answers[0].headers["access-control-expose-headers"]
        assert "X-Request-Id" in exposed


def _logged(data, *paths):
    """Ask a server of its own, behind a trusted proxy; return answers and lines of its log."""
    environment = {
        "SWATH_PORT": "0",
        "SWATH_INSTANCES": "1",
        "SWATH_MEMORY_TOTAL_MB": "2000",
        "SWATH_MEMORY_BLOCK_CACHE_MB": "32",
        "SWATH_LOG_FORMAT": "json",
        "SWATH_ACCESS_LOG": "true",
        "SWATH_TRUSTED_PROXIES": "127.0.0.0/8",
        "SWATH_SLOW_REQUEST_S": "0.005",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        text=True,
    )
    try:
        url = process.stdout.readline().rpartition(" ")[2].strip().rstrip("/")
        while not _is_ready(url):
            time.sleep(0.5)
        headers = {"X-Forwarded-For": "203.0.113.9"}
        answers = [
            httpx.get(
                url + path, headers={**headers, "X-Request-Id": f"asked-{number}"}, timeout=60
            )
            for number, path in enumerate(paths)
        ]
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    return answers, [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def _is_ready(url):
    try:
        with urllib.request.urlopen(url + "/health/ready") as answer:
            return answer.status == 200
    except urllib.error.HTTPError as err:
        err.close()
        return False


def test_the_log_finds_a_request_by_the_id_in_its_answer(unreadable):
    service = "/arcgis/rest/services/gone/ImageServer"
    export = "/exportImage?f=image&bbox=480000,5535000,490000,5545000&size=99,9&token=s3cret"
    there = TILE.replace("gone", "there")
    # The last but one is kept by then, and of the last there is no service.
    paths = (TILE, service + export, service + "?f=json", there, there, TILE.replace("gone", "no"))
    answers, lines = _logged(unreadable, *paths)
    assert [answer.headers["x-request-id"] for answer in answers] == [
        f"asked-{number}" for number in range(6)
    ]
    access = {line["request_id"]: line for line in lines if line["logger"] == "swath.access"}
    tile, picture, root = (access[f"asked-{number}"] for number in range(3))
    assert [access[f"asked-{number}"]["cache"] for number in (3, 4)] == ["miss", "hit"]
    assert access["asked-5"]["status"] == 404
    assert (tile["service"], tile["protocol"], tile["operation"]) == ("gone", "xyz", "tile")
    assert tile["bytes"] == len(answers[0].content)
    assert tile["status"] == answers[0].status_code
    assert tile["client"] == picture["client"] == "203.0.113.9"
    assert picture["operation"] == "exportImage"
    assert (root["cache"], root["operation"]) == ("", "root")
    assert tile["ms"] > 0
    assert tile["error"] == picture["error"] == "SourceUnavailable"
    assert "s3cret" not in json.dumps(lines)
    # What may not be shown is in the log under the id that the answer shows.
    assert answers[0].json()["error"]["details"] == ["Reference asked-0."]
    hidden = [line["message"] for line in lines if line.get("request_id") == "asked-0"]
    assert any("gone.tif" in each and "asked-0" in each for each in hidden)
    slow = next(line for line in lines if line["logger"] == "swath.slow" and line["stages"])
    assert slow["path"] == TILE.replace("gone", "there")
    assert {"plan", "queue", "dispatch", "total"} <= set(slow["stages"])
