"""A server that runs follows `swath system` and `swath service instances`, and loses no request by it."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager

from config.site import site_file

BOX = "bbox=480000,5534760,490240,5545000&bboxSR=32633&imageSR=3857"


def swath(data, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout + done.stderr


def ready(server):
    with urllib.request.urlopen(server.url + "/health/ready") as answer:
        return json.load(answer)


def until_instances(server, count):
    ends = time.monotonic() + 20
    while ready(server)["instances"] != count or ready(server)["instances_ready"] != count:
        assert time.monotonic() < ends, ready(server)
        time.sleep(0.05)


@contextmanager
def steady_load(server):
    """Ask for pictures, each a new one, until the block ends; gives the list of statuses."""
    statuses, is_over = [], threading.Event()

    def ask(first):
        for number in range(first, 10**6, 3):
            if is_over.is_set():
                return
            size = f"&size={100 + number % 400},{100 + number // 400}"
            path = "/arcgis/rest/services/test/picture/ImageServer/exportImage?f=image&format=png"
            try:
                with urllib.request.urlopen(
                    f"{server.url}{path}&{BOX}{size}", timeout=30
                ) as answer:
                    good = answer.headers["Content-Type"] == "image/png"
                    statuses.append(answer.status if good else answer.read())
            except OSError as err:
                statuses.append(repr(err))

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_pools_follow_under_load_and_no_request_is_lost(data_folder, serve):
    with (
        serve(data_folder, SWATH_MEMORY_TOTAL_MB="4000") as server,
        steady_load(server) as statuses,
    ):
        code, said = swath(data_folder, "system", "set", "instances=3", "memory.gdal_mb=40")
        assert (code, said.count("in force")) == (0, 2), said
        until_instances(server, 3)
        placed = swath(
            data_folder, "service", "instances", "test/picture", "--dedicated", "--max", "2"
        )
        assert placed[0] == 0, placed
        ends = time.monotonic() + 20
        # All four are not a sign of it: the shared ones are renewed for their memory meanwhile.
        own = re.compile("test/picture  started   dedicated 1–2, [12] running")
        while not own.search(listed := swath(data_folder, "service", "list")[1]):
            assert time.monotonic() < ends, listed
            time.sleep(0.05)
        assert swath(data_folder, "system", "set", "instances=1")[0] == 0
        assert swath(data_folder, "service", "instances", "test/picture", "--shared")[0] == 0
        until_instances(server, 1)
        more = len(statuses) + 10
        while len(statuses) < more:
            assert time.monotonic() < ends + 20
            time.sleep(0.05)
        assert set(statuses) == {200}


def test_a_broken_file_of_the_site_changes_nothing_and_says_so(data_folder, serve):
    with serve(data_folder) as server:
        site_file(data_folder).write_text("instances = 5\n[lim", "utf-8")
        ends = time.monotonic() + 20
        while "not TOML" not in (data_folder / ".serving").read_text():
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert ready(server)["instances"] == 2
        code, said = swath(data_folder, "system", "show")
        assert code == 1
        assert "system.toml: is not TOML" in said
        site_file(data_folder).unlink()
        code, said = swath(data_folder, "system", "set", "log_format=json")
        assert "log_format = json (site): takes effect at the next start" in said
        code, said = swath(data_folder, "system", "unset", "log_format")
        assert "log_format = text (default): in force" in said
        shown = swath(data_folder, "system", "show")[1]
        assert f"A server runs (process {server.process.pid}): 2 shared instances" in shown
    assert not (data_folder / ".serving").exists()


def test_who_may_see_what_follows_at_once(data_folder, serve):
    def told(path):
        asked = urllib.request.Request(
            server.url + path, headers={"Origin": "https://a.example", "Via": "1.1 proxy"}
        )
        try:
            with urllib.request.urlopen(asked) as answer:
                return answer.status, answer.headers["Access-Control-Allow-Origin"]
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Access-Control-Allow-Origin"]

    with serve(data_folder) as server:
        tiles = "/tiles/test/picture.json"
        assert told(tiles) == (200, "*")
        assert told("/metrics")[0] == 401
        changes = ["access.new_services=private", "open_metrics=true", "access_log=true"]
        code, said = swath(data_folder, "system", "set", *changes, "cors_origins=https://b.example")
        assert (code, said.count("in force")) == (0, 4), said
        ends = time.monotonic() + 20
        while told(tiles) != (401, None):
            assert time.monotonic() < ends, told(tiles)
            time.sleep(0.05)
        assert told("/metrics")[0] == 200
