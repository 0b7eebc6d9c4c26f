"""What Prometheus reads."""

import os

from prometheus_client.parser import text_string_to_metric_families

from server.instances.control_page import Counts
from server.instances.job import Reply
from server.instances.pool import PoolState
from server.metrics import Metrics, Snapshot, proportional_bytes


def snapshot():
    pool = PoolState(
        instances=2,
        ready=1,
        in_flight=3,
        waiting=4,
        restarts=5,
        pids={0: os.getpid()},
        fork_parent_pid=None,
        counts={
            0: Counts(
                answered=6,
                busy_s=7,
                open_services=8,
                block_cache_bytes=9,
                block_hits=10,
                block_misses=11,
            )
        },
    )
    return Snapshot(
        pool=pool, cache_hits=10, cache_misses=11, cache_bytes=12, joined=13, services=14
    )


def samples(metrics):
    text = metrics.exposition(snapshot()).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_requests_and_latencies_add_up():
    metrics = Metrics()
    for seconds in (0.0005, 0.02, 0.02, 100.0):
        metrics.observe(service="a", protocol="xyz", operation="tile", status=200, seconds=seconds)
    found = samples(metrics)
    labels = {"service": "a", "protocol": "xyz", "operation": "tile", "status": "200"}
    assert found["swath_requests_total", tuple(sorted(labels.items()))] == 4
    kind = (("operation", "tile"), ("protocol", "xyz"))
    assert found["swath_request_seconds_count", kind] == 4
    assert found["swath_request_seconds_bucket", (("le", "0.001"), *kind)] == 1
    assert found["swath_request_seconds_bucket", (("le", "0.025"), *kind)] == 3
    assert found["swath_request_seconds_bucket", (("le", "60.0"), *kind)] == 3
    assert found["swath_request_seconds_bucket", (("le", "+Inf"), *kind)] == 4


def test_stages_add_up():
    metrics = Metrics()
    metrics.observe_stages({"plan": 2.0, "encode": 1.0})
    metrics.observe_stages({"plan": 3.0})
    found = samples(metrics)
    assert found["swath_stage_seconds_total", (("stage", "plan"),)] == 0.005
    assert found["swath_stage_runs_total", (("stage", "plan"),)] == 2


def test_the_pools_numbers_are_there():
    found = samples(Metrics())
    assert found["swath_instances_ready", ()] == 1
    assert found["swath_queue", ()] == 4
    assert found["swath_instance_restarts_total", ()] == 5
    assert found["swath_block_cache_bytes", (("instance", "0"),)] == 9
    assert found["swath_block_hits_total", (("instance", "0"),)] == 10
    assert found["swath_block_misses_total", (("instance", "0"),)] == 11
    assert found["swath_response_cache_hits_total", ()] == 10
    assert found["swath_coalesced_total", ()] == 13
    assert found["swath_memory_pss_bytes", (("process", "instance_0"),)] > 1_000_000


def test_a_process_that_has_ended_has_no_size():
    assert proportional_bytes(2**22 + 1) is None
    assert proportional_bytes("self") > 1_000_000


def test_what_answers_leave_out_is_counted_by_service():
    metrics = Metrics()
    metrics.observe_losses("a/b", Reply(media_type="", body=b"", skipped=2, no_terrain_px=7))
    metrics.observe_losses("a/b", Reply(media_type="", body=b"", no_terrain_px=5))
    metrics.observe_losses("c", Reply(media_type="", body=b""))
    found = samples(metrics)
    assert found["swath_sources_skipped_total", (("service", "a/b"),)] == 2
    assert found["swath_no_terrain_pixels_total", (("service", "a/b"),)] == 12
    assert ("swath_sources_skipped_total", (("service", "c"),)) not in found
    assert metrics.losing(60.0) == ("a/b",)
    assert metrics.losing(-1.0) == ()
