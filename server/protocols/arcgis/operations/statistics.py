"""statistics: the service's statistics per band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.esri_json import number
from server.protocols.arcgis.operations.base import OperationInfo

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Statistics", hint="Smallest, largest and mean value and standard deviation per band."
)


def describe(question: Question) -> dict[str, Any]:
    """Return one entry per band; none where the statistics were not made."""
    rows = []
    for band in question.summary.statistics:
        row = {
            "min": number(band.min),
            "max": number(band.max),
            "mean": number(band.mean),
            "standardDeviation": number(band.std),
        }
        if band.count:
            row["count"] = band.count
        rows.append(row)
    return {"statistics": rows}
