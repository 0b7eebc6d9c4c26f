"""Prometheus' text form of samples.

Written here and not by the Prometheus client, which takes six times as long: a second and more with a
thousand services, and the event loop shares the interpreter.

References
----------
Prometheus, "Exposition formats", text-based format 0.0.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.metrics.histogram import BOUNDS, Histogram
from server.metrics.names import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from server.metrics.sample import Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(samples: Iterable[Sample]) -> bytes:
    """Return all metrics with their help, in the order of `METRICS`.

    Raises
    ------
    KeyError
        A sample's name is not in `METRICS`.
    """
    by_name: dict[str, list[Sample]] = {name: [] for name in METRICS}
    for sample in samples:
        by_name[sample.name].append(sample)
    escaped = _Escaped()
    lines: list[str] = []
    for name, found in by_name.items():
        info = METRICS[name]
        lines.append(f"# HELP {name} {info.help}\n# TYPE {name} {info.kind}\n")
        # A place for each value: filling it in is a third of the work of putting pairs together.
        labels = ",".join([f'{label}="%s"' for label in info.labels])
        for _, value, values in found:
            filled = labels % tuple([escaped[each] for each in values])
            if isinstance(value, Histogram):
                lines.append(_histogram(name, filled, value))
            elif filled:
                lines.append(f"{name}{{{filled}}} {float(value)!r}\n")
            else:
                lines.append(f"{name} {float(value)!r}\n")
    return "".join(lines).encode()


def _histogram(name: str, labels: str, times: Histogram) -> str:
    start = f"{name}_bucket{{{labels}," if labels else f"{name}_bucket{{"
    inside = f"{{{labels}}}" if labels else ""
    counts = times.cumulative()
    buckets = [
        f'{start}le="{bound}"}} {count}.0\n' for bound, count in zip(BOUNDS, counts, strict=True)
    ]
    return (
        f"{''.join(buckets)}{name}_sum{inside} {times.total_s!r}\n"
        f"{name}_count{inside} {counts[-1]}.0\n"
    )


class _Escaped(dict[str, str]):
    """Label values as they are written; each is worked out once."""

    def __missing__(self, value: str) -> str:
        text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        self[value] = text
        return text
