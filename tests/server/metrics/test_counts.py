"""What the front counts, and that it stays small whatever is asked."""

from dataclasses import dataclass

from engine.errors import (
    InstanceLost,
    InvalidParameter,
    Overloaded,
    RequestTooLarge,
    ServiceNotFound,
)
from server.instances.job import Reply
from server.metrics.counts import Metrics
from server.metrics.histogram import Histogram


@dataclass
class Named:
    name: str


@dataclass
class Asked:
    service: Named
    protocol: str = "xyz"
    operation: str = "tile"


def found_in(metrics):
    return {(sample.name, sample.labels): sample.value for sample in metrics.samples()}


def test_requests_latencies_and_bytes_add_up():
    metrics = Metrics()
    for seconds in (0.0005, 0.02, 0.02, 100.0):
        metrics.series("a", "xyz", "tile").observe(200, seconds, 10)
    metrics.series("a", "xyz", "tile").observe(404, 0.02, 3)
    found = found_in(metrics)
    labels = ("a", "xyz", "tile")
    assert found["swath_requests_total", (*labels, "200")] == 4
    assert found["swath_requests_total", (*labels, "404")] == 1
    assert found["swath_response_body_bytes_total", labels] == 43
    durations = found["swath_request_duration_seconds", labels]
    assert durations.cumulative() == [1, 1, 1, 1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 5]
    assert abs(durations.total_s - 100.0605) < 1e-9


def test_services_beyond_the_limit_are_counted_together():
    metrics = Metrics(max_series=3)
    for number in range(100):
        metrics.series(f"s{number}", "xyz", "tile").observe(200, 0.1, 1)
    metrics.series("s1", "xyz", "tile").observe(200, 0.1, 1)
    found = {k[1][0]: v for k, v in found_in(metrics).items() if k[0] == "swath_requests_total"}
    assert found == {"s0": 1, "s1": 2, "s2": 1, "other": 97}


def test_errors_of_services_beyond_the_limit_are_counted_together():
    metrics = Metrics(max_series=2)
    for number in range(5):
        metrics.observe_error(f"s{number}", InstanceLost())
    found = {k[1]: v for k, v in found_in(metrics).items() if k[0] == "swath_errors_total"}
    assert found == {
        ("s0", "InstanceLost"): 1,
        ("s1", "InstanceLost"): 1,
        ("other", "InstanceLost"): 3,
    }


def test_an_error_that_turns_a_request_away_has_a_reason():
    metrics = Metrics()
    for error in (
        RequestTooLarge("size", 2, 1),
        Overloaded(),
        InvalidParameter("bbox", "x", "y"),
        InvalidParameter("size", "x", "y"),
        ServiceNotFound("x"),
        InstanceLost(),
    ):
        metrics.observe_error("a", error)
    metrics.reject("too_slow")
    found = found_in(metrics)
    assert {k[1][0]: v for k, v in found.items() if k[0] == "swath_rejected_total"} == {
        "too_large": 1,
        "overload": 1,
        "bad_input": 2,
        "too_slow": 1,
    }
    assert found["swath_errors_total", ("a", "InvalidParameter")] == 2


def test_stages_add_up_by_operation():
    metrics = Metrics()
    tile = Asked(Named("a"))
    metrics.observe_reply(tile, Reply(media_type="", body=b"", stages={"plan": 2.0, "queue": 4.0}))
    metrics.observe_reply(tile, Reply(media_type="", body=b"", stages={"plan": 3.0}))
    found = found_in(metrics)
    assert found["swath_stage_seconds_total", ("a", "xyz", "tile", "plan")] == 0.005
    assert found["swath_stage_runs_total", ("a", "xyz", "tile", "plan")] == 2
    waits = found["swath_wait_for_instance_seconds", ()]
    assert isinstance(waits, Histogram)
    assert (waits.cumulative()[-1], waits.total_s) == (2, 0.004)


def test_what_answers_read_and_leave_out_is_counted_by_service():
    metrics = Metrics()
    asked = Asked(Named("a/b"))
    metrics.observe_reply(asked, Reply(media_type="", body=b"", skipped=2, no_terrain_px=7))
    metrics.observe_reply(asked, Reply(media_type="", body=b"", no_terrain_px=5, truncated=True))
    metrics.observe_reply(asked, Reply(media_type="", body=b"", blocks_decoded=3, bytes_read=900))
    metrics.observe_reply(Asked(Named("c")), Reply(media_type="", body=b""))
    found = found_in(metrics)
    assert found["swath_sources_skipped_total", ("a/b",)] == 2
    assert found["swath_no_terrain_pixels_total", ("a/b",)] == 12
    assert found["swath_truncated_total", ("a/b",)] == 1
    assert found["swath_blocks_decoded_total", ("a/b",)] == 3
    assert found["swath_source_bytes_total", ("a/b",)] == 900
    assert ("swath_sources_skipped_total", ("c",)) not in found
    assert metrics.losing(60.0) == ("a/b",)
    assert metrics.losing(-1.0) == ()
