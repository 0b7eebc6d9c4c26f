"""Which slices of a multidimensional service a request selects, as a condition over the catalog.

Rules: a picture is of one variable, the service's default one unless others are named, and of one value
in each dimension, the first unless the request says otherwise. A query selects all slices.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.dimensions import VARIABLE_FIELD, dimension_of, slice_values, variable_of
from engine.errors import InvalidParameter, RequestTooLarge
from engine.where import WhereClause
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.dimensions import Dimension, Number, Variable
    from engine.request_parts import DimensionValues, MosaicRule, TimeRange
    from engine.summary import ServiceSummary

# A client may write fewer digits than a value has.
_CLOSE = 1e-6
# SQLite takes some thousand more in one statement.
_MOST_VALUES = 10_000
_ITEM_NAMES = re.compile(r"\b(OBJECTID|Name)\b", re.IGNORECASE)
_PARAMETER = "multidimensionalDefinition"


@dataclass(frozen=True, slots=True)
class SlicesAsked:
    """What a request says of slices.

    Attributes
    ----------
    is_query : bool
        What is not said takes no part: all slices are selected.
    """

    rule: MosaicRule
    time: TimeRange | None = None
    is_query: bool = False


def check_slices(summary: ServiceSummary, rule: MosaicRule) -> None:
    """Refuse slices of a service that has none.

    Raises
    ------
    InvalidParameter
    """
    if summary.variables:
        return
    nothing = "nothing: this service has no dimensions"
    if rule.slice_id is not None:
        raise InvalidParameter("sliceId", rule.slice_id, nothing)
    if rule.dimensions:
        entry = rule.dimensions[0]
        name = entry.dimension or entry.variable
        raise InvalidParameter(_PARAMETER if entry.dimension else "variable", name, nothing)


def slice_condition(summary: ServiceSummary, asked: SlicesAsked) -> WhereClause | None:
    """Return the condition for the slices that are asked for; None = all rows.

    Raises
    ------
    InvalidParameter
        There is no such variable, dimension or slice.
    """
    check_slices(summary, asked.rule)
    if not summary.variables:
        return None
    rule = asked.rule
    if rule.slice_id is not None:
        return _of_slice(summary, rule.slice_id)
    is_free = asked.is_query or rule.fids is not None or _names(rule, _ITEM_NAMES)
    chosen = asked_variables(summary, rule)
    if not chosen:
        if is_free and not rule.dimensions:
            return None
        default = variable_of(summary.variables, summary.default_variable)
        names_variable = is_free or _names_field(rule, VARIABLE_FIELD)
        chosen = summary.variables if names_variable or default is None else (default,)
    found = (_of_variable(variable, summary, asked, is_free=is_free) for variable in chosen)
    parts = [part for part in found if part is not None]
    return WhereClause(
        " OR ".join(f"({part.sql})" for part in parts) or "0",
        tuple(value for part in parts for value in part.parameters),
    )


def asked_variables(summary: ServiceSummary, rule: MosaicRule) -> tuple[Variable, ...]:
    """Return the variables that a rule names, in their order.

    Raises
    ------
    InvalidParameter
        There is no such variable or slice.
    """
    if rule.slice_id is not None:
        return (_slice(summary, rule.slice_id)[0],)
    found = []
    for entry in rule.dimensions:
        variable = variable_of(summary.variables, entry.variable) if entry.variable else None
        if variable is not None:
            found.append(variable)
        elif entry.variable:
            known = ", ".join(each.name for each in summary.variables)
            # Alone it is the parameter `variable`, or means the same.
            name = f"{_PARAMETER}.variableName" if entry.dimension else "variable"
            raise InvalidParameter(name, entry.variable, f"one of {known}")
    return tuple({each.name: each for each in found}.values())


def _names(rule: MosaicRule, pattern: re.Pattern[str]) -> bool:
    return bool(rule.where) and pattern.search(rule.where) is not None


def _names_field(rule: MosaicRule, name: str) -> bool:
    return _names(rule, re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE))


def _slice(summary: ServiceSummary, number: int) -> tuple[Variable, dict[str, Number]]:
    found = slice_values(summary.variables, number)
    if found is None:
        count = sum(variable.slice_count for variable in summary.variables)
        raise InvalidParameter("sliceId", number, f"a number from 0 to {count - 1}")
    return found


def _of_slice(summary: ServiceSummary, number: int) -> WhereClause:
    variable, values = _slice(summary, number)
    columns = [VARIABLE_FIELD, *values]
    sql = " AND ".join(f"i.{quote(name)} = ?" for name in columns)
    return WhereClause(sql, (variable.name, *values.values()))


def _of_variable(
    variable: Variable, summary: ServiceSummary, asked: SlicesAsked, *, is_free: bool
) -> WhereClause | None:
    """Return the condition for the slices of one variable; None where it has no such dimension."""
    entries = [e for e in asked.rule.dimensions if not e.variable or _is_of(variable, e)]
    for entry in entries:
        if entry.dimension and dimension_of(variable, entry.dimension) is None:
            if entry.variable or not _is_known(summary, entry.dimension):
                known = ", ".join(each.name for each in variable.dimensions) or "none"
                raise InvalidParameter(
                    f"{_PARAMETER}.dimensionName",
                    entry.dimension,
                    f"a dimension of {variable.name}: {known}",
                )
            return None
    clauses = [WhereClause(f"i.{quote(VARIABLE_FIELD)} = ?", (variable.name,))]
    for dimension in variable.dimensions:
        ranges = [
            span
            for entry in entries
            if entry.dimension.casefold() == dimension.name.casefold()
            for span in entry.values
        ]
        if ranges:
            clauses.append(_within(dimension, ranges))
        elif not (is_free or _is_said(dimension, summary, asked)):
            clauses.append(_within(dimension, [(dimension.first, dimension.first)]))
    return WhereClause(
        " AND ".join(f"({clause.sql})" for clause in clauses),
        tuple(value for clause in clauses for value in clause.parameters),
    )


def _is_of(variable: Variable, entry: DimensionValues) -> bool:
    return entry.variable.casefold() == variable.name.casefold()


def _is_known(summary: ServiceSummary, name: str) -> bool:
    return any(dimension_of(variable, name) is not None for variable in summary.variables)


def _is_said(dimension: Dimension, summary: ServiceSummary, asked: SlicesAsked) -> bool:
    """Tell whether something else in the request selects along a dimension."""
    if asked.rule.all_slices or _names_field(asked.rule, dimension.name):
        return True
    time = summary.time
    return asked.time is not None and time is not None and time.start_field == dimension.name


def _within(dimension: Dimension, ranges: list[tuple[Number, Number]]) -> WhereClause:
    """Return the condition for the values of a dimension that lie in some closed ranges."""
    found: set[int] = set()
    for low, high in ranges:
        slack_low, slack_high = (0 if dimension.is_time else _CLOSE * abs(v) for v in (low, high))
        first = bisect_left(dimension.values, low - slack_low)
        found.update(range(first, bisect_right(dimension.values, high + slack_high)))
    places = sorted(found)
    column = f"i.{quote(dimension.name)}"
    if not places:
        return WhereClause("0", ())
    if places[-1] - places[0] == len(places) - 1:
        ends = (dimension.values[places[0]], dimension.values[places[-1]])
        return WhereClause(f"{column} BETWEEN ? AND ?", ends)
    if len(places) > _MOST_VALUES:
        what = f"number of values of {dimension.name}"
        raise RequestTooLarge(what, len(places), f"{_MOST_VALUES}; ask for ranges of them")
    marks = ", ".join("?" * len(places))
    return WhereClause(f"{column} IN ({marks})", tuple(dimension.values[n] for n in places))
