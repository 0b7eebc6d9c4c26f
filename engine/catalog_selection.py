"""Which items of a catalog take part in a request: where clause, ids and time as one condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from engine.where import WhereClause, parse_where
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from engine.request_parts import TimeRange
    from engine.summary import FieldInfo, TimeInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which items take part; None = no such condition. Made by `Catalog.select`.

    Attributes
    ----------
    condition : WhereClause or None
        `where`, time and slices in one, over columns of `items`.
    """

    condition: WhereClause | None = None
    fids: tuple[int, ...] | None = None


Asked: TypeAlias = "tuple[str, Iterable[int] | None, TimeRange | None, WhereClause | None]"


def make_selection(
    info: TimeInfo | None, fields: Sequence[FieldInfo], asked: Asked
) -> Selection | None:
    """Return the selection of what is asked for, None where nothing is.

    Parameters
    ----------
    info
        The service's time fields; without them a time asked for is no condition.
    asked : (where, fids, time, slices)

    Raises
    ------
    InvalidParameter
        The where clause cannot be read.
    """
    where, fids, time, slices = asked
    clauses = []
    if where.strip():
        clauses.append(parse_where(where, fields))
    if time is not None and info is not None:
        clauses.extend(_time_clauses(info, time))
    if slices is not None:
        clauses.append(slices)
    if not clauses and fids is None:
        return None
    condition = None
    if clauses:
        condition = WhereClause(
            " AND ".join(f"({clause.sql})" for clause in clauses),
            tuple(value for clause in clauses for value in clause.parameters),
        )
    chosen = None if fids is None else tuple(dict.fromkeys(fids))
    return Selection(condition=condition, fids=chosen)


def _time_clauses(info: TimeInfo, time: TimeRange) -> Iterator[WhereClause]:
    """Yield conditions: the row's interval meets the asked one, both closed; no date is no match."""
    start = f"i.{quote(info.start_field)}"
    end = f"COALESCE(i.{quote(info.end_field)}, {start})"
    yield WhereClause(f"{start} IS NOT NULL", ())
    if time.end is not None:
        yield WhereClause(f"{start} <= ?", (time.end,))
    if time.start is not None:
        yield WhereClause(f"{end} >= ?", (time.start,))
