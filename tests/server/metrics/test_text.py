"""The text form, read back by the Prometheus client's own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.metrics.counts import Metrics
from server.metrics.histogram import Histogram
from server.metrics.names import METRICS
from server.metrics.sample import Sample
from server.metrics.text import exposition


def parsed(samples):
    families = list(text_string_to_metric_families(exposition(samples).decode()))
    return families, {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_metric_has_its_help_and_kind_even_without_a_sample():
    families, _ = parsed([])
    kinds = {family.name: family.type for family in families}
    assert len(families) == len(METRICS)
    for name, info in METRICS.items():
        assert kinds[name.removesuffix("_total")] == info.kind
    assert all(family.documentation for family in families)


def test_labels_are_escaped():
    nasty = 'a"b\\c\nd'
    _, found = parsed([Sample("swath_block_cache_bytes", 9, (nasty,))])
    assert found["swath_block_cache_bytes", (("instance", nasty),)] == 9


def test_a_histogram_has_all_its_buckets_a_sum_and_a_count():
    times = Histogram()
    for seconds in (0.001, 0.02, 70.0):
        times.observe(seconds)
    _, found = parsed([Sample("swath_request_duration_seconds", times, ("a", "xyz", "tile"))])
    labels = (("operation", "tile"), ("protocol", "xyz"), ("service", "a"))
    name = "swath_request_duration_seconds"
    assert found[f"{name}_bucket", (("le", "0.001"), *labels)] == 1
    assert found[f"{name}_bucket", (("le", "60.0"), *labels)] == 2
    assert found[f"{name}_bucket", (("le", "+Inf"), *labels)] == 3
    assert found[f"{name}_count", labels] == 3
    assert found[f"{name}_sum", labels] == pytest.approx(70.021)


def test_what_the_front_counts_is_all_named():
    metrics = Metrics()
    metrics.series("a", "xyz", "tile").observe(200, 0.1, 1)
    metrics.reject("too_large")
    _, found = parsed(metrics.samples())
    assert found["swath_rejected_total", (("reason", "too_large"),)] == 1


def test_a_metric_without_a_name_here_is_not_exposed():
    with pytest.raises(KeyError, match="swath_new"):
        exposition([Sample("swath_new", 1)])
