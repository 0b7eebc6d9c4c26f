"""statistics: the service's statistics per band."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.esri_json import number
from server.protocols.arcgis.operations.base import OperationInfo

if TYPE_CHECKING:
    from engine.summary import BandStatistics
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Statistics", hint="Smallest, largest and mean value and standard deviation per band."
)


def describe(question: Question) -> dict[str, Any]:
    """Return one entry per band; none where the statistics were not made."""
    rows = []
    for band in question.summary.statistics:
        # A band without any valid pixel keeps its place.
        row = {
            "min": _counted(band, band.min),
            "max": _counted(band, band.max),
            "mean": _counted(band, band.mean),
            "standardDeviation": _counted(band, band.std),
        }
        if band.count:
            row["count"] = band.count
        rows.append(row)
    return {"statistics": rows}


def _counted(band: BandStatistics, value: float) -> float | int | str | None:
    return None if band.is_empty else number(value)
