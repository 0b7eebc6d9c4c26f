"""TIME: instants and intervals of ISO 8601 as clients of WMS write them, and the extent of a service.

A moment of reduced precision is the time it names: 2020-09 is the whole of September.

References
----------
OGC 06-042 (WMS 1.3.0), annexes C and D.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from engine.dates import moment_of, utc_offset
from engine.request_parts import MosaicRule, TimeRange
from server.protocols.input_limits import MAX_DIMENSION_VALUES
from server.protocols.wms.refusal import WmsRefusal

if TYPE_CHECKING:
    from engine.summary import TimeInfo
    from server.protocols.arcgis.parameters import Parameters

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?"
    r"(Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.IGNORECASE | re.ASCII,
)
_PERIOD = re.compile(r"P[0-9YMWDTHS.,]{1,40}", re.IGNORECASE | re.ASCII)
_ACCEPTED = (
    "ISO 8601: a moment such as 2020-09-13 or 2020-09-13T12:26:40Z, start/end with the start first, "
    "or current"
)
# From the year to the second: how long each of them is, where that is always the same.
_LENGTHS = {
    3: timedelta(days=1),
    4: timedelta(hours=1),
    5: timedelta(minutes=1),
    6: timedelta(seconds=1),
}


def iso_text(milliseconds: int) -> str:
    """Return a moment as ISO 8601 in UTC; beyond the calendar its end."""
    try:
        moment = moment_of(milliseconds)
    except OverflowError:
        moment = datetime.max if milliseconds > 0 else datetime.min  # noqa: DTZ901 -- only shown
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}{fraction}Z"


def times_of(parameters: Parameters, info: TimeInfo | None) -> tuple[TimeRange, ...]:
    """Read TIME; () where none is given, or the service has no times.

    Raises
    ------
    WmsRefusal
        It is no time, or none of the service's.
    """
    text = parameters.text("TIME")
    if not text or info is None:
        return ()
    times = read_times("TIME", text, info.end)
    if not any(start <= info.end and end >= info.start for start, end in times):
        accepted = f"times from {iso_text(info.start)} to {iso_text(info.end)}"
        raise _refusal("TIME", text, accepted)
    return tuple(TimeRange(start=start, end=end) for start, end in times)


def read_times(parameter: str, text: str, current: int) -> tuple[tuple[int, int], ...]:
    """Return the first and the last millisecond of each moment or interval.

    Parameters
    ----------
    current
        What `current` stands for.

    Raises
    ------
    WmsRefusal
    """
    parts = text.split(",")
    if len(parts) > MAX_DIMENSION_VALUES:
        raise _refusal(parameter, f"{len(parts)} times", f"at most {MAX_DIMENSION_VALUES}")
    try:
        return tuple(_time(part.strip(), current) for part in parts)
    except (ValueError, OverflowError) as err:
        raise _refusal(parameter, text, _ACCEPTED) from err


def at_times(
    rule: MosaicRule | None, times: tuple[TimeRange, ...], info: TimeInfo | None
) -> tuple[MosaicRule | None, TimeRange | None]:
    """Return the mosaic rule and the time of a request for some times.

    One time is the engine's own; several are a condition on the fields of time.
    """
    if info is None or len(times) < 2:
        return rule, times[0] if times else None
    either = " OR ".join(_condition(time, info) for time in times)
    rule = rule or MosaicRule()
    where = f"({rule.where}) AND ({either})" if rule.where else either
    return msgspec.structs.replace(rule, where=where), None


def _condition(time: TimeRange, info: TimeInfo) -> str:
    parts = []
    if time.end is not None:
        parts.append(f"{info.start_field} <= TIMESTAMP '{_literal(time.end)}'")
    if time.start is not None:
        parts.append(f"{info.end_field} >= TIMESTAMP '{_literal(time.start)}'")
    return "(" + " AND ".join(parts) + ")"


def _literal(milliseconds: int) -> str:
    return iso_text(milliseconds).replace("T", " ").removesuffix("Z")


def _time(text: str, current: int) -> tuple[int, int]:
    start, *rest = text.split("/")
    if len(rest) > 2 or (len(rest) == 2 and not _PERIOD.fullmatch(rest[1])):
        raise ValueError(text)
    first = _moment(start, current)
    last = _moment(rest[0], current) if rest else first
    if first[0] > last[1]:
        raise ValueError(text)
    return first[0], last[1]


def _moment(text: str, current: int) -> tuple[int, int]:
    """Return the first and the last millisecond of a moment."""
    if text.casefold() == "current":
        return current, current
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    given = [int(part) for part in match.group(*range(1, 7)) if part is not None]
    fraction = match[7]
    start = datetime(*(given + [1, 1, 0, 0, 0][len(given) - 1 :]), tzinfo=UTC)  # type: ignore[arg-type, misc]  # -- six whole numbers
    first = (start - _EPOCH - utc_offset(match[8] or "")) // _MILLISECOND
    if fraction:
        exact = first + int(fraction[:3].ljust(3, "0"))
        return exact, exact
    return first, first + _length(start, len(given)) // _MILLISECOND - 1


def _length(start: datetime, parts: int) -> timedelta:
    if parts in _LENGTHS:
        return _LENGTHS[parts]
    if parts == 1:
        return timedelta(days=366 if isleap(start.year) else 365)
    return timedelta(days=monthrange(start.year, start.month)[1])


def _refusal(parameter: str, value: object, accepted: str) -> WmsRefusal:
    return WmsRefusal("InvalidDimensionValue", parameter, value, accepted)
