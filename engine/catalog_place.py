"""The statements that find the items of a place: by their boxes, by their attributes, in an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.zmd import quote

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.mosaic.ranking import Ranking
    from engine.results import AttributeValue
    from engine.summary import ServiceSummary
    from engine.where import WhereClause

_WIDE_SHARE = 0.25

Statement: TypeAlias = "tuple[str, tuple[AttributeValue, ...]]"


@dataclass(frozen=True, slots=True)
class Place:
    """A box in service CRS and a closed range of output pixel sizes in service-CRS units."""

    extent: Extent
    ps_min: float
    ps_max: float


def place_statement(
    summary: ServiceSummary,
    place: Place,
    condition: WhereClause | None,
    ranking: Ranking | None = None,
) -> Statement:
    """Return the statement that yields the OBJECTIDs of a place, an item with two boxes twice.

    It may let through too much, never too little: boxes are float32, and a wide place is not looked at.

    Parameters
    ----------
    ranking
        The order to yield them in; the statement then ends before its LIMIT.
    """
    is_scan = condition is not None or ranking is not None
    if is_scan and is_wide(summary, place.extent):
        # A scan of the attributes alone is ten times faster than one of all the boxes.
        key, tables, wheres, parameters = "i.OBJECTID", "items i", *_sizes_shown(summary, place)
    else:
        key, tables, wheres, parameters = "b.item", "boxes b", *_box_met(place)
        if condition is not None or (ranking is not None and ranking.reads_attributes):
            # CROSS JOIN: the boxes come first whatever SQLite believes of the indexes.
            tables += " CROSS JOIN items i ON i.OBJECTID = b.item"
    if condition is not None:
        wheres = [*wheres, f"({condition.sql})"]
        parameters = (*parameters, *condition.parameters)
    order = ""
    if ranking is not None:
        tables += f" CROSS JOIN ranks k ON k.id = {key}"
        order = f" ORDER BY {ranking.sql}"
        parameters = (*parameters, *ranking.parameters)
    return f"SELECT {key} FROM {tables} WHERE {' AND '.join(wheres)}{order}", parameters


def _box_met(place: Place) -> tuple[list[str], tuple[AttributeValue, ...]]:
    box = place.extent
    sql = [
        "b.xmin <= ?",
        "b.xmax >= ?",
        "b.ymin <= ?",
        "b.ymax >= ?",
        "b.psmin <= ?",
        "b.psmax >= ?",
    ]
    return sql, (box.xmax, box.xmin, box.ymax, box.ymin, place.ps_max, place.ps_min)


def _sizes_shown(
    summary: ServiceSummary, place: Place
) -> tuple[list[str], tuple[AttributeValue, ...]]:
    columns = {field.name.casefold(): quote(field.name) for field in summary.fields}
    if not {"minps", "maxps"} <= columns.keys():
        return ["1"], ()
    low, high = columns["minps"], columns["maxps"]
    return [f"i.{low} <= ?", f"(i.{high} <= 0 OR i.{high} > ?)"], (place.ps_max, place.ps_min)


def is_wide(summary: ServiceSummary, extent: Extent) -> bool:
    """Tell whether a box holds so much of the service that its place chooses little."""
    return share_of_service(summary, extent) > _WIDE_SHARE


def share_of_service(summary: ServiceSummary, extent: Extent) -> float:
    """Return how much of the service's box another has in it, from 0 to 1."""
    whole = summary.extent
    common = whole.intersection(extent)
    if common is None or not whole.width * whole.height:
        return 0.0
    return common.width * common.height / (whole.width * whole.height)
