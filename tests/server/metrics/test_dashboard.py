"""Every query of the dashboard and of the alerts (server.metrics.alerts) asks for what a live server exposes."""

import json
import re
import urllib.request

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from server.cli import app
from server.metrics.names import METRICS

_METRIC = re.compile(r"swath_[a-z_]+")
_MATCHER = re.compile(r"(swath_[a-z_]+)\{([^}]*)\}")
_PARTS = ("_bucket", "_sum", "_count")
# Added to each series by Prometheus itself.
_TARGET = {"job", "instance", "le"}


def said(command):
    result = CliRunner().invoke(app, ["metrics", command])
    assert result.exit_code == 0, result.output
    return result.output


def dashboard_queries():
    panels = json.loads(said("dashboard"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def alert_queries():
    (group,) = yaml.safe_load(said("alerts"))["groups"]
    return [rule["expr"] for rule in group["rules"]]


def base(name):
    for part in _PARTS:
        if name.removesuffix(part) in METRICS:
            return name.removesuffix(part)
    return name


@pytest.fixture(scope="module")
def exposed(live_server):
    """Names of the samples of a server that has answered one tile and refused another."""
    for path in ("/tiles/test/picture/12/2216/1389.jpg", "/tiles/test/picture/1/2/3.nothing"):
        try:
            urllib.request.urlopen(live_server.url + path).close()
        except urllib.error.HTTPError as err:
            err.close()
    with urllib.request.urlopen(live_server.url + "/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {sample.name for family in families for sample in family.samples}


# What a server without such troubles has no sample of.
_IN_TROUBLE = {"swath_sources_skipped_total"}
# What it has where pictures are kept on disk.
_WITH_DISK = {"swath_disk_cache_hits_total", "swath_disk_cache_bytes"}


@pytest.mark.parametrize("query", [*dashboard_queries(), *alert_queries()])
def test_a_query_asks_for_what_is_exposed(query, exposed):
    names = _METRIC.findall(query)
    assert names
    for name in names:
        info = METRICS[base(name)]
        assert name in exposed | _IN_TROUBLE | _WITH_DISK, name
        if info.kind == "histogram":
            assert name.endswith("_bucket"), name
        if info.kind != "gauge":
            assert "rate(" in query or "increase(" in query, name
    for name, matchers in _MATCHER.findall(query):
        labels = set(re.findall(r"([a-z]+)=~?\"", matchers))
        assert labels <= {*METRICS[base(name)].labels, *_TARGET}, name
    for group in re.findall(r"by \(([^)]*)\)", query):
        known = {label for name in names for label in METRICS[base(name)].labels} | _TARGET
        assert set(group.split(", ")) <= known, group
    assert query.count("(") == query.count(")")


def test_the_dashboard_has_its_rows_and_no_panel_upon_another():
    panels = json.loads(said("dashboard"))["panels"]
    rows = [panel["title"] for panel in panels if panel["type"] == "row"]
    assert rows == ["Traffic", "Latency", "Errors", "Pools", "Queue", "Caches", "Memory"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_says_what_is_wrong():
    (group,) = yaml.safe_load(said("alerts"))["groups"]
    for rule in group["rules"]:
        assert re.fullmatch(r"Swath[A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+m", rule["for"])
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_the_list_has_every_metric_with_its_help():
    text = said("list")
    for name, info in METRICS.items():
        assert f"{name}" in text
        assert info.help in text
