"""`swath serve` from start to stop."""

import os
import signal
import threading
import time
import urllib.request

import httpx
import pytest

from server.site.publishing import Publisher
from tests.server.server_processes import instances_of


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.status, answer.read()


def metric(url, name):
    text = get(url + "/metrics")[1].decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def export(server, size=400, **more):
    """Return the URL of a picture of the whole service, different for each `size`."""
    box = "&bbox=480000,5534760,490240,5545000&bboxSR=32633&imageSR=3857"
    extra = "".join(f"&{key}={value}" for key, value in more.items())
    return (
        f"{server.url}/arcgis/rest/services/test/picture/ImageServer/exportImage"
        f"?f=image&format=png&size={size},{size}{box}{extra}"
    )


def test_terminated_it_ends_with_code_0_and_answers_what_is_under_way(data_folder, serve):
    with serve(data_folder) as server:
        answers = []
        with httpx.Client() as client:
            thread = threading.Thread(
                target=lambda: answers.append(client.get(export(server, 4000), timeout=60))
            )
            thread.start()
            while not answers and metric(server.url, "swath_in_flight") == 0:
                time.sleep(0.005)
            os.kill(server.process.pid, signal.SIGTERM)
            thread.join()
        assert answers[0].status_code == 200
        assert answers[0].headers["content-type"] == "image/png"
        assert server.process.wait(timeout=20) == 0


def test_readiness_fails_before_the_server_stops_listening(data_folder, serve):
    with serve(data_folder) as server:
        os.kill(server.process.pid, signal.SIGTERM)
        statuses = set()
        try:
            while server.process.poll() is None:
                statuses.add(httpx.get(server.url + "/health/ready").status_code)
        except httpx.TransportError:
            statuses.add(0)
        assert 503 in statuses
        assert server.process.wait(timeout=20) == 0


def test_every_instance_killed_mid_request_the_pool_comes_back(data_folder, serve):
    with serve(data_folder) as server:
        _, old = instances_of(server.process)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        assert get(export(server, 300))[0] == 200
        ends = time.monotonic() + 20
        while len(set(instances_of(server.process)[1]) - set(old)) < 2:
            assert time.monotonic() < ends
            time.sleep(0.02)
        assert metric(server.url, "swath_instance_restarts_total") == 2
        assert metric(server.url, "swath_in_flight") == 0
        assert metric(server.url, "swath_queue") == 0


def test_identical_requests_at_once_are_rendered_once(data_folder, serve):
    with serve(data_folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as server:
        url = export(server, 3000)
        results = []
        with httpx.Client(limits=httpx.Limits(max_connections=20)) as client:
            threads = [
                threading.Thread(
                    target=lambda: results.append(client.get(url, timeout=60).status_code)
                )
                for _ in range(20)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert results == [200] * 20
        # Whoever came while one was rendered joined it.
        answered = metric(server.url, "swath_instance_answers_total")
        assert answered + metric(server.url, "swath_coalesced_total") == 20
        assert answered < 20


def test_clients_that_leave_free_the_instances(data_folder, serve):
    with serve(data_folder, SWATH_MEMORY_RESPONSE_CACHE_MB="0") as server:
        for size in range(3800, 3840):
            connection = httpx.Client(timeout=0.02)
            try:
                connection.get(export(server, size))
            except httpx.TimeoutException:
                pass
            finally:
                connection.close()
        ends = time.monotonic() + 5
        while metric(server.url, "swath_in_flight") or metric(server.url, "swath_queue"):
            assert time.monotonic() < ends
            time.sleep(0.02)
        assert get(export(server, 200))[0] == 200


def test_a_service_published_meanwhile_is_served(data_folder, compiled_picture, serve):
    with serve(data_folder) as server:
        assert httpx.get(server.url + "/tiles/second.json").status_code == 404
        Publisher(data_folder).publish(compiled_picture, "second")
        ends = time.monotonic() + 10
        while httpx.get(server.url + "/tiles/second.json").status_code != 200:
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert get(server.url + "/tiles/second/13/0/0.png")[0] == 200


def test_it_starts_without_any_service(tmp_path, serve):
    with serve(tmp_path / "nothing") as server:
        assert get(server.url + "/health/ready")[0] == 200
        assert get(server.url + "/")[0] == 200


def test_it_answers_under_a_prefix_alone(data_folder, serve):
    with serve(data_folder, SWATH_PREFIX="/imagery") as server:
        document = httpx.get(server.url + "/imagery/tiles/test/picture.json").json()
        tile = document["tiles"][0]
        assert tile.startswith(server.url + "/imagery/tiles/test/picture/")
        assert get(tile.format(z=13, x=0, y=0))[0] == 200
        assert httpx.get(server.url + "/tiles/test/picture.json").status_code == 404


def test_links_follow_trusted_proxies_alone(data_folder, serve):
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "maps.example.org",
        "X-Forwarded-Prefix": "/imagery",
    }
    with serve(data_folder, SWATH_TRUSTED_PROXIES="127.0.0.0/8") as server:
        document = httpx.get(server.url + "/tiles/test/picture.json", headers=forwarded).json()
        assert document["tiles"][0].startswith("https://maps.example.org/imagery/tiles/")


@pytest.mark.parametrize("name", ["Host", "Prefix", "Proto", "Port"])
def test_markup_of_a_trusted_proxy_reaches_no_page(data_folder, serve, name):
    markup = '"><script>alert(1)</script>'
    with serve(data_folder, SWATH_TRUSTED_PROXIES="127.0.0.0/8") as server:
        for path in (
            "/",
            "/map/test/picture",
            "/tiles/test/picture.json",
            "/arcgis/rest/services?f=html",
            "/arcgis/rest/services/test/picture/ImageServer?f=html",
            "/arcgis/rest/services/test/picture/ImageServer/exportImage?f=json",
            "/nothing/here",
        ):
            answer = httpx.get(server.url + path, headers={f"X-Forwarded-{name}": markup})
            assert "<script>alert" not in answer.text
            assert '"><script>' not in answer.text


def test_links_ignore_everybody_elses_headers(live_server):
    forwarded = {"X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "https"}
    document = httpx.get(live_server.url + "/tiles/test/picture.json", headers=forwarded).json()
    assert document["tiles"][0].startswith(live_server.url)


def test_metrics_count_requests_by_service(live_server):
    get(live_server.url + "/tiles/test/picture/13/0/0.png")
    text = get(live_server.url + "/metrics")[1].decode()
    labels = 'service="test/picture",protocol="xyz",operation="tile"'
    assert f'swath_requests_total{{{labels},status="200"}}' in text
    assert f'swath_request_duration_seconds_bucket{{{labels},le="+Inf"}}' in text
    assert 'swath_memory_pss_bytes{process="instance_0"}' in text
    assert "swath_instances_ready 2.0" in text
