"""Floods on a live server: clients that leave, queues that are full, pictures without room (A1, A27)."""

from __future__ import annotations

import socket
import threading

import httpx
import pytest

from server.site.publishing import Publisher
from tests.server.live_sources import wait_for

_NONE = {"SWATH_MEMORY_RESPONSE_CACHE_MB": "0", "SWATH_INSTANCES": "2"}


@pytest.fixture(scope="module")
def server(tmp_path_factory, compiled_picture, serve):
    data = tmp_path_factory.mktemp("overload") / "data"
    for name in ("a/flooded", "b/quiet"):
        Publisher(data).publish(compiled_picture, name)
    with serve(data, **_NONE, SWATH_LIMITS_MAX_QUEUE="8") as live:
        yield live


def export_path(name, number, size="2000,2000", form="png"):
    west = 480_000 + number
    box = f"{west},5534760,{west + 10_000},5545000"
    return (
        f"/arcgis/rest/services/{name}/ImageServer/exportImage"
        f"?bbox={box}&bboxSR=32633&imageSR=3857&size={size}&format={form}&f=image"
    )


def is_idle(server):
    told = httpx.get(server.url + "/metrics").text
    return "swath_in_flight 0.0" in told and "swath_queue 0.0" in told


def tile(server, name="b/quiet"):
    return httpx.get(f"{server.url}/tiles/{name}/12/2216/1389.png", timeout=60)


def hang_up_after_asking(server, count, path_of):
    """Ask on `count` connections at once and close them all."""
    connections = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    for number, connection in enumerate(connections):
        head = f"GET {path_of(number)} HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.sendall(head.encode())
    for connection in connections:
        connection.close()


@pytest.fixture(scope="module")
def roomy(tmp_path_factory, compiled_picture, serve):
    """A server whose queue takes all, and that cuts TIFFs beyond a megabyte into strips."""
    data = tmp_path_factory.mktemp("roomy") / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    with serve(data, **_NONE, SWATH_LIMITS_LARGE_EXPORT_MB="1") as live:
        yield live


def answered(server):
    """Return how many requests the instances have ended, one way or another."""
    lines = httpx.get(server.url + "/metrics").text.splitlines()
    name = "swath_instance_answers_total{"
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_a27_clients_that_ask_and_leave_leave_nothing_behind(roomy):
    before = answered(roomy)
    hang_up_after_asking(
        roomy, 200, lambda number: export_path("test/picture", number, "4000,4000")
    )
    # All of it would take a minute.
    wait_for(lambda: is_idle(roomy), within_s=15)
    # Those that waited went without troubling an instance.
    assert answered(roomy) - before < 100
    assert tile(roomy, "test/picture").status_code == 200
    assert is_idle(roomy)


def test_a27_who_leaves_while_a_large_file_is_sent_stops_its_strips(roomy):
    path = export_path("test/picture", 0, "8000,4000", "tiff")
    before = answered(roomy)
    with httpx.stream("GET", f"{roomy.url}{path}&compression=None", timeout=60) as answer:
        assert answer.status_code == 200
        rows = int(answer.headers["content-length"]) // 24_000
        assert next(answer.iter_raw(1000))
    wait_for(lambda: is_idle(roomy))
    # A strip has 256 rows at most; the first few are made ahead of the reader.
    assert answered(roomy) - before < rows / 256


def test_a_flood_is_refused_with_the_time_to_come_back_and_others_are_served(server):
    answers = []

    def ask(number):
        url = server.url + export_path("a/flooded", number)
        answers.append(httpx.get(url, timeout=120))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    wait_for(lambda: any(answer.status_code == 503 for answer in answers))
    # The queue is full of the flood, and who asks little has a place all the same.
    assert tile(server).status_code == 200
    for thread in threads:
        thread.join()
    served = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(served) + len(refused) == len(answers) == 40
    assert len(served) >= 8
    for answer in refused:
        assert 1 <= int(answer.headers["retry-after"]) <= 600
        assert answer.json()["error"]["code"] == 503


def test_who_would_wait_in_vain_is_told_at_once(data_folder, serve):
    with serve(data_folder, **_NONE, SWATH_TIMEOUTS_WAIT_S="0.5") as server:
        answers = []

        def ask(number):
            url = server.url + export_path("test/picture", number)
            answers.append(httpx.get(url, timeout=120))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} == {200, 503}
        assert all("retry-after" in each.headers for each in answers if each.status_code == 503)
        wait_for(lambda: is_idle(server))


@pytest.mark.parametrize("form", ["png", "jpgpng", "lerc", "bsq"])
def test_a1_a_picture_without_room_is_refused_and_says_what_would_do(server, form):
    url = server.url + export_path("b/quiet", 0, "15000,4100", form)
    for f in ("image", "json"):
        error = httpx.get(url.replace("f=image", f"f={f}"), timeout=60).json()["error"]
        assert error["code"] == 400
        assert "'size', 'bandIds', 'pixelType' and 'format'" in error["message"]
        assert "64 MB" in error["message"]


def test_a_large_tiff_is_made_in_strips_and_not_refused(server):
    url = server.url + export_path("b/quiet", 0, "6000,4100", "tiff")
    with httpx.stream("GET", url, timeout=120) as answer:
        assert answer.headers["content-type"] == "image/tiff"
    wait_for(lambda: is_idle(server))
