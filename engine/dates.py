"""Dates as text: the forms that clients and authors write, as milliseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(
    r"^\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?\s*$",
    re.IGNORECASE,
)
DAY_MS = 86_400_000
ACCEPTED_DATES = "YYYY-MM-DD, YYYY/MM/DD or YYYY-MM-DD HH:MM:SS"


def parse_date_ms(text: str) -> int | None:
    """Return milliseconds since 1970 UTC, or None when `text` is no date.

    Accepts YYYY-MM-DD and YYYY/MM/DD, each with an optional time HH:MM[:SS[.f]] after T or a blank
    and an optional Z or offset; without one the time is UTC.
    """
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.group(*range(1, 7)))
    fraction = (match.group(7) or "").ljust(6, "0")[:6]
    try:
        moment = datetime(year, month, day, hour, minute, second, int(fraction), tzinfo=UTC)
        offset = utc_offset(match.group(8) or "")
    except (ValueError, OverflowError):
        return None
    return (moment - _EPOCH - offset) // _MILLISECOND


def utc_offset(text: str) -> timedelta:
    """Return how far "Z", "+HH", "+HH:MM" or "+HHMM" is ahead of UTC; "" is not.

    Raises
    ------
    ValueError
        There is no such time of the day.
    """
    if not text or text in "Zz":
        return timedelta(0)
    digits = text[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    size = timedelta(hours=hours, minutes=minutes)
    return -size if text[0] == "-" else size


def moment_of(milliseconds: float) -> datetime:
    """Return milliseconds since 1970 UTC as a moment.

    Raises
    ------
    OverflowError
        Beyond the years 1 to 9999.
    """
    return _EPOCH + timedelta(milliseconds=milliseconds)


def date_text(milliseconds: int) -> str:
    """Return milliseconds since 1970 UTC as GeoPackage writes a DATETIME.

    Raises
    ------
    OverflowError
        Beyond the years 1 to 9999.
    """
    moment = moment_of(milliseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def date_words(milliseconds: int) -> str:
    """Return milliseconds since 1970 UTC as YYYY-MM-DD, with the time of day where there is one."""
    try:
        moment = moment_of(milliseconds)
    except OverflowError:
        return str(milliseconds)
    return f"{moment:%Y-%m-%d}" if milliseconds % DAY_MS == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"
