"""Alerts for Prometheus, as an example to begin with: `swath metrics alerts` prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule: it fires when `query` has been true for `minutes`."""

    name: str
    query: str
    minutes: int
    severity: str
    summary: str


ALERTS = (
    Alert(
        "SwathErrors",
        'sum by (job) (rate(swath_requests_total{status=~"5.."}[5m]))'
        " / sum by (job) (rate(swath_requests_total[5m])) > 0.02",
        5,
        "critical",
        "More than 2 % of answers are failures.",
    ),
    Alert(
        "SwathNoInstance",
        "sum by (job) (swath_instances_ready) == 0",
        1,
        "critical",
        "No instance is ready.",
    ),
    Alert(
        "SwathInstancesReplaced",
        "increase(swath_instance_restarts_total[15m]) > 5",
        0,
        "warning",
        "Instances are lost again and again; the log says by what.",
    ),
    Alert(
        "SwathOverload",
        'rate(swath_rejected_total{reason="overload"}[5m]) > 1',
        5,
        "warning",
        "Requests are turned away for want of instances.",
    ),
    Alert(
        "SwathSlow",
        "histogram_quantile(0.95, sum by (job, le)"
        ' (rate(swath_request_duration_seconds_bucket{operation="tile"}[5m]))) > 1',
        10,
        "warning",
        "One tile in twenty takes more than a second.",
    ),
    Alert(
        "SwathSourcesSkipped",
        "increase(swath_sources_skipped_total[15m]) > 0",
        0,
        "warning",
        "Rasters of {{ $labels.service }} cannot be read and are left out.",
    ),
    Alert(
        "SwathServiceProblems",
        "swath_service_problems > 0",
        5,
        "warning",
        "A published version cannot be read; the one before serves.",
    ),
    Alert(
        "SwathSignInsFail",
        "increase(swath_sign_ins_failed_total[15m]) > 50",
        0,
        "warning",
        "Many sign-ins fail.",
    ),
    Alert(
        "SwathEventLoopLags",
        "histogram_quantile(0.99, sum by (job, le)"
        " (rate(swath_event_loop_lag_seconds_bucket[5m]))) > 0.25",
        10,
        "warning",
        "The front is too busy to answer in time.",
    ),
    Alert(
        "SwathDiskFull",
        "swath_data_free_bytes < 1e9",
        5,
        "warning",
        "Less than 1 GB is free where the data folder lies.",
    ),
)


def alerts() -> dict[str, Any]:
    """Return the rules as Prometheus reads them."""
    rules = [
        {
            "alert": alert.name,
            "expr": alert.query,
            "for": f"{alert.minutes}m",
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.summary},
        }
        for alert in ALERTS
    ]
    return {"groups": [{"name": "swath", "rules": rules}]}
