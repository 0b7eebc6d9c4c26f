"""The interval by which clients step through a service's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.dates import DAY_MS
from engine.dimensions import variable_of

if TYPE_CHECKING:
    from engine.dimensions import Number
    from engine.summary import ServiceSummary, TimeInfo

_UNITS = (
    ("Years", 365.2425 * DAY_MS),
    ("Months", 365.2425 / 12 * DAY_MS),
    ("Days", DAY_MS),
    ("Hours", 3_600_000),
    ("Minutes", 60_000),
)
# Fewer steps of a slider would leave out too much.
_LEAST_STEPS = 10


def default_interval(summary: ServiceSummary, time: TimeInfo) -> tuple[Number, str]:
    """Return length and unit of a step: that of the slices, else the longest unit of which some fit.

    Parameters
    ----------
    time
        That of the service.
    """
    variable = variable_of(summary.variables, summary.default_variable)
    for dimension in () if variable is None else variable.dimensions:
        if dimension.name == time.start_field and dimension.is_time and dimension.step:
            return dimension.step
    span = time.end - time.start
    if span == 0:
        return 1, "Days"
    return 1, next((unit for unit, size in _UNITS if span >= _LEAST_STEPS * size), "Seconds")
