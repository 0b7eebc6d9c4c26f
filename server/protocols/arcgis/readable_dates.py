"""Milliseconds since 1970 in the JSON of an answer, as days and times for people.

JSON does not say which numbers are dates: the fields of the answer, and names known beforehand, do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.dates import moment_of

if TYPE_CHECKING:
    from collections.abc import Set

# Keys of answers that hold dates on every service.
DATE_KEYS = frozenset({"acquisitionDate", "timeExtent", "StdTime"})


def with_dates(value: Any, names: Set[str] = DATE_KEYS) -> Any:
    """Return a JSON value with its dates as words.

    Parameters
    ----------
    names
        Keys, fields and dimensions that hold milliseconds.
    """
    if isinstance(value, list):
        has_parts = bool(value) and isinstance(value[0], dict | list)
        return [with_dates(each, names) for each in value] if has_parts else value
    if not isinstance(value, dict):
        return value
    names = names | _date_fields(value)
    is_axis = value.get("dimensionName", value.get("name")) in names
    return {
        key: _worded(part)
        if key in names or (is_axis and key in ("values", "extent"))
        else with_dates(part, names)
        for key, part in value.items()
    }


def _date_fields(value: dict[str, Any]) -> frozenset[str]:
    fields = value.get("fields")
    return frozenset(
        field["name"]
        for field in (fields if isinstance(fields, list) else ())
        if isinstance(field, dict) and field.get("type") == "esriFieldTypeDate"
    )


def _worded(value: Any) -> Any:
    if isinstance(value, list):
        return [_worded(each) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return utc_words(value) if is_number else value


def utc_words(milliseconds: float) -> str:
    """Return milliseconds since 1970 as a day and time of UTC; beyond the calendar the number."""
    try:
        moment = moment_of(milliseconds)
    except (OverflowError, ValueError):
        return f"{milliseconds:.15g}"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
