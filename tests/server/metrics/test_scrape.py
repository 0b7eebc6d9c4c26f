"""What a live server exposes; covers server.metrics.gauges, server.metrics.sample and server.metrics.series."""

import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

TILE = "/tiles/test/picture/12/2216/1389.png"


def fetched(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


@pytest.fixture
def own_server(data_folder, serve):
    """A server that nobody else asked anything."""
    with serve(data_folder) as server:
        yield server


def test_a_live_server_counts_by_service_and_operation(own_server):
    with urllib.request.urlopen(own_server.url + TILE + "?interpolation=nearest") as answer:
        size = len(answer.read())
    found = {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(fetched(own_server.url + "/metrics"))
        for sample in family.samples
    }
    tile = ("test/picture", "xyz", "tile")
    assert found["swath_requests_total", (*tile, "200")] >= 1
    assert found["swath_response_body_bytes_total", tile] >= size
    assert found["swath_request_duration_seconds_count", tile] >= 1
    for stage in ("plan", "encode", "queue", "dispatch", "total"):
        assert found["swath_stage_runs_total", (*tile, stage)] >= 1
    assert found["swath_blocks_decoded_total", ("test/picture",)] >= 1
    # 256 × 256 × 3 bytes of each uncompressed block, and no more than the file twice over.
    assert 196_608 <= found["swath_source_bytes_total", ("test/picture",)] < 7_000_000
    assert found["swath_open_connections", ()] >= 1
    assert found["swath_pool_seats", ("shared pool",)] == 2
    assert found["swath_process_cpu_seconds_total", ("front",)] > 0
    assert found["swath_memory_pss_bytes", ("instance_0",)] > 1_000_000
    assert found["swath_process_open_files", ("fork_parent",)] >= 3
    assert found["swath_data_free_bytes", ()] > 0


def test_times_of_stages_do_not_exceed_the_whole(live_server):
    with urllib.request.urlopen(live_server.url + TILE.replace(".png", "@2x.webp")) as answer:
        timing = answer.headers["Server-Timing"]
    stages = {
        part.partition(";dur=")[0]: float(part.partition(";dur=")[2]) for part in timing.split(", ")
    }
    assert {"queue", "dispatch", "total"} <= set(stages)
    assert stages["queue"] + stages["dispatch"] <= stages["total"] + 0.01
