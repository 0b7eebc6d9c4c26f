"""A dashboard for Grafana and alerts for Prometheus, made from one table of queries.

`swath metrics dashboard` and `swath metrics alerts` print them; a test holds every query to the metrics that
there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph.

    Attributes
    ----------
    unit : str
        As Grafana names it.
    queries : tuple of (str, str)
        PromQL and the legend of its lines.
    """

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]


def _rate(metric: str, by: str = "", where: str = "") -> str:
    inner = f"rate({metric}{{{_chosen(where)}}}[$__rate_interval])"
    return f"sum by ({by}) ({inner})" if by else f"sum({inner})"


def _quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    labels = f"le, {by}" if by else "le"
    inner = f"rate({metric}_bucket{{{_chosen(where)}}}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by ({labels}) ({inner}))"


def _chosen(where: str) -> str:
    return f'job="$job",{where}' if where else 'job="$job"'


def _gauge(metric: str, by: str = "") -> str:
    return f'sum by ({by}) ({metric}{{job="$job"}})' if by else f'sum({metric}{{job="$job"}})'


_OF_SERVICE = 'service=~"$service"'
_DURATION = "swath_request_duration_seconds"

ROWS: dict[str, tuple[Panel, ...]] = {
    "Traffic": (
        Panel(
            "Requests by operation",
            "reqps",
            ((_rate("swath_requests_total", "operation", _OF_SERVICE), "{{operation}}"),),
        ),
        Panel(
            "Busiest services",
            "reqps",
            ((f"topk(10, {_rate('swath_requests_total', 'service')})", "{{service}}"),),
        ),
        Panel(
            "Bytes out, connections",
            "short",
            (
                (_rate("swath_response_body_bytes_total"), "bytes a second"),
                (_gauge("swath_open_connections"), "connections"),
                (_gauge("swath_open_requests"), "open requests"),
            ),
        ),
    ),
    "Latency": (
        Panel(
            "Latency by operation, p95",
            "s",
            ((_quantile(0.95, _DURATION, "operation", _OF_SERVICE), "{{operation}}"),),
        ),
        Panel(
            "Latency, all",
            "s",
            (
                (_quantile(0.5, _DURATION, "", _OF_SERVICE), "p50"),
                (_quantile(0.95, _DURATION, "", _OF_SERVICE), "p95"),
                (_quantile(0.99, _DURATION, "", _OF_SERVICE), "p99"),
            ),
        ),
        Panel(
            "Time in stages",
            "s",
            ((_rate("swath_stage_seconds_total", "stage", _OF_SERVICE), "{{stage}}"),),
        ),
    ),
    "Errors": (
        Panel(
            "Errors by class",
            "reqps",
            ((_rate("swath_errors_total", "error", _OF_SERVICE), "{{error}}"),),
        ),
        Panel(
            "Share of answers 5xx",
            "percentunit",
            (
                (
                    _rate("swath_requests_total", "", 'status=~"5.."')
                    + " / "
                    + _rate("swath_requests_total"),
                    "5xx",
                ),
            ),
        ),
        Panel(
            "Turned away, rasters left out, sign-ins failed",
            "reqps",
            (
                (_rate("swath_rejected_total", "reason"), "{{reason}}"),
                (_rate("swath_sources_skipped_total", "service"), "skipped: {{service}}"),
                (_rate("swath_sign_ins_failed_total"), "sign-ins failed"),
            ),
        ),
    ),
    "Pools": (
        Panel(
            "Seats ready and busy",
            "short",
            (
                (_gauge("swath_pool_seats", "pool"), "seats: {{pool}}"),
                (_gauge("swath_pool_ready", "pool"), "ready: {{pool}}"),
                (_gauge("swath_pool_busy", "pool"), "busy: {{pool}}"),
            ),
        ),
        Panel(
            "Instances at work",
            "percentunit",
            ((_rate("swath_instance_busy_seconds_total", "instance"), "{{instance}}"),),
        ),
        Panel(
            "Instances replaced",
            "short",
            (
                (_rate("swath_pool_restarts_total", "pool"), "lost: {{pool}}"),
                (_rate("swath_instances_renewed_total"), "renewed"),
                (_rate("swath_quarantined_total"), "questions locked out"),
            ),
        ),
    ),
    "Queue": (
        Panel("Waiting", "short", ((_gauge("swath_pool_waiting", "pool"), "{{pool}}"),)),
        Panel(
            "Wait for an instance",
            "s",
            (
                (_quantile(0.5, "swath_wait_for_instance_seconds"), "p50"),
                (_quantile(0.99, "swath_wait_for_instance_seconds"), "p99"),
            ),
        ),
        Panel(
            "Lag of the event loop",
            "s",
            ((_quantile(0.99, "swath_event_loop_lag_seconds"), "p99"),),
        ),
    ),
    "Caches": (
        Panel(
            "Answers kept",
            "reqps",
            (
                (_rate("swath_response_cache_hits_total"), "from memory"),
                (_rate("swath_disk_cache_hits_total"), "from disk"),
                (_rate("swath_coalesced_total"), "joined"),
                (_rate("swath_response_cache_misses_total"), "not in memory"),
            ),
        ),
        Panel(
            "Blocks",
            "short",
            (
                (_rate("swath_block_hits_total"), "at hand"),
                (_rate("swath_blocks_decoded_total", "service"), "decoded: {{service}}"),
            ),
        ),
        Panel(
            "Bytes read from sources",
            "Bps",
            ((_rate("swath_source_bytes_total", "service", _OF_SERVICE), "{{service}}"),),
        ),
    ),
    "Memory": (
        Panel(
            "Memory by process (PSS)",
            "bytes",
            ((_gauge("swath_memory_pss_bytes", "process"), "{{process}}"),),
        ),
        Panel(
            "Caches",
            "bytes",
            (
                (_gauge("swath_response_cache_bytes"), "answers in memory"),
                (_gauge("swath_disk_cache_bytes"), "answers on disk"),
                (_gauge("swath_block_cache_bytes"), "decoded blocks"),
            ),
        ),
        Panel(
            "Open files, free disk",
            "short",
            (
                (_gauge("swath_process_open_files", "process"), "{{process}}"),
                (_gauge("swath_data_free_bytes"), "free bytes"),
            ),
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row, inner in ROWS.items():
        panels.append(_row(row, top, len(panels)))
        for place, panel in enumerate(inner):
            panels.append(_graph(panel, top + 1, place % _COLUMNS, len(panels)))
        top += 1 + _HEIGHT
    return {
        "title": "Swath",
        "uid": "swath",
        "tags": ["swath"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": _variables()},
        "panels": panels,
    }


def _variables() -> list[dict[str, Any]]:
    return [
        {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus"},
        {
            "name": "job",
            "label": "Job",
            "type": "query",
            "datasource": _SOURCE,
            "query": "label_values(swath_build_info, job)",
            "refresh": 2,
        },
        {
            "name": "service",
            "label": "Service",
            "type": "query",
            "datasource": _SOURCE,
            "query": 'label_values(swath_requests_total{job="$job"}, service)',
            "refresh": 2,
            "includeAll": True,
            "allValue": ".*",
            "multi": True,
        },
    ]


def _row(title: str, top: int, number: int) -> dict[str, Any]:
    place = {"x": 0, "y": top, "w": _WIDTH * _COLUMNS, "h": 1}
    return {"id": number + 1, "type": "row", "title": title, "gridPos": place, "panels": []}


def _graph(panel: Panel, top: int, column: int, number: int) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": top, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend}
            for place, (query, legend) in enumerate(panel.queries)
        ],
    }
