"""List the slices that a multidimensional service has, with the numbers by which requests name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.dimension_selection import SlicesAsked, check_slices, slice_condition
from engine.dimensions import VARIABLE_FIELD
from engine.item import OVERVIEW
from engine.request_parts import MosaicRule
from engine.results import SliceInfo, SlicesResult
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.dimensions import Variable
    from engine.render_work import Work
    from engine.request import SlicesRequest
    from engine.results import AttributeValue


def slices(request: SlicesRequest, work: Work) -> SlicesResult:
    """Return the slices that a definition selects, by number; none where there are no dimensions.

    Raises
    ------
    InvalidParameter
        There is no such variable or dimension.
    """
    service = work.service
    rule = MosaicRule(dimensions=request.dimensions)
    check_slices(service.summary, rule)
    found: list[SliceInfo] = []
    first = 0
    with service.catalog.watched_by(work.budget):
        for variable in service.summary.variables:
            found += _of_variable(variable, first, rule, work)
            first += variable.slice_count
    return SlicesResult(slices=tuple(sorted(found, key=lambda each: each.number)))


def _of_variable(
    variable: Variable, first: int, rule: MosaicRule, work: Work
) -> Iterator[SliceInfo]:
    dimensions = variable.counted
    columns = ", ".join(f"i.{quote(each.name)}" for each in dimensions) or "1"
    asked = slice_condition(work.service.summary, SlicesAsked(rule, is_query=True))
    sql = (
        f"SELECT DISTINCT {columns} FROM items i"
        f" WHERE i.{quote(VARIABLE_FIELD)} = ? AND i.{quote('Category')} <> {OVERVIEW}"
    )
    parameters: list[AttributeValue] = [variable.name]
    if asked is not None:
        sql += f" AND ({asked.sql})"
        parameters += asked.parameters
    places = [{value: place for place, value in enumerate(each.values)} for each in dimensions]
    for row in work.service.catalog.rows(sql, parameters):
        number = 0
        for value, known in zip(row, places, strict=False):
            place = known.get(value)
            if place is None:
                # A row that does not say where it is along a dimension is no slice.
                break
            number = number * len(known) + place
        else:
            values = tuple(zip((each.name for each in dimensions), row, strict=False))
            yield SliceInfo(number=first + number, variable=variable.name, values=values)
