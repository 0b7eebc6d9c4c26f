"""Set a field of many items to what an expression gives for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.build.calculation import parse_calculation
from engine.build.calculation_values import TooLong
from engine.build.catalog_schema import COMPUTED_FIELDS, SYSTEM_FIELDS
from engine.build.definition_fields import compiled_value, fields_of_table
from engine.build.history import note_history
from engine.build.progress import Progress, no_progress
from engine.build.row_selection import select_rows
from engine.dates import date_text
from engine.errors import ConfigError
from engine.item import OVERVIEW, PRIMARY
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.build.calculation_values import Kind
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable
    from engine.results import AttributeValue
    from engine.summary import FieldInfo

_BATCH = 5_000
_KINDS: dict[str, Kind] = {
    "oid": "integer",
    "integer": "integer",
    "double": "double",
    "string": "text",
    "date": "date",
}
_SQL_TYPES: dict[str, str] = {
    "integer": "INTEGER",
    "double": "DOUBLE",
    "text": "TEXT",
    "date": "DATETIME",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculated:
    """What became of a calculation.

    Attributes
    ----------
    field, kind : str
        As spelled in the table; "integer", "double", "text" or "date".
    is_new : bool
        Whether the field was made.
    changed, unchanged : int
        Items.
    empty : int
        Items for which the expression gives null.
    """

    field: str
    kind: str
    is_new: bool
    changed: int
    unchanged: int
    empty: int = 0


def calculate_field(
    folder: DefinitionFolder,
    field: str,
    expression: str,
    where: str = "",
    progress: Progress = no_progress,
) -> Calculated:
    """Set a field of the primaries that fulfil a condition; a new field gets the expression's type.

    Nothing is written where a value stands already, so doing it again changes nothing. All values are
    written together or none.

    Raises
    ------
    ConfigError
        The expression, the condition or the field is wrong, or the value of an item does not fit.
    """
    with folder.table() as table:
        known = {info.name: info for info in fields_of_table(table.fields())}
        kinds = {name: _KINDS[info.type] for name, info in known.items() if info.type in _KINDS}
        node = parse_calculation(expression, kinds)
        target = {name.casefold(): name for name in known}.get(field.casefold(), "")
        kind = _target_kind(target, kinds, expression, node.kind)
        wanted = set(select_rows(table, where))
        used = [info for name, info in known.items() if _may_name(name, expression)]
        with table.batch():
            name = target or _made(table, field, kind)
            own = next(info for info in fields_of_table(table.fields()) if info.name == name)
            changed = done = empty = 0
            for fid, values in _rows(table, [*used, own]):
                if fid not in wanted:
                    continue
                value = _value(fid, expression, node.evaluate, values)
                empty += value is None
                if value != values[name]:
                    table.update(fid, {name: _stored(value, kind)})
                    changed += 1
                done += 1
                if done % _BATCH == 0:
                    progress("calculating", done, len(wanted))
            progress("calculating", len(wanted), len(wanted))
            if changed or not target:
                text = f"{name} = {expression}" + (f" where {where}" if where else "")
                note_history(table, "calculate", f"Set {text} in {changed} items.")
    return Calculated(
        field=name,
        kind=kind,
        is_new=not target,
        changed=changed,
        unchanged=len(wanted) - changed,
        empty=empty,
    )


def _made(table: ServiceTable, field: str, kind: Kind) -> str:
    try:
        return table.ensure_field(field, _SQL_TYPES[kind])
    except ConfigError as err:
        raise ConfigError("FIELD", field, err.fields[2]) from err


def _target_kind(target: str, kinds: dict[str, Kind], expression: str, given: Kind) -> Kind:
    """Return the kind of the field to be set, after checking that it takes what is given."""
    if given == "condition":
        why = "is a condition; expected a value, as in if(condition, 1, 0)"
        raise ConfigError("EXPRESSION", expression, why)
    if target:
        if target in SYSTEM_FIELDS or target in COMPUTED_FIELDS:
            raise ConfigError("FIELD", target, "this field is filled by build")
        _check_fits(target, kinds[target], given)
        return kinds[target]
    if given == "null":
        raise ConfigError("EXPRESSION", expression, "is null for all; a new field needs a type")
    return given


def _may_name(name: str, expression: str) -> bool:
    """Tell whether an expression may name a field; more than are named do no harm."""
    return name.casefold() in expression.casefold()


def _check_fits(name: str, held: Kind, given: Kind) -> None:
    if given in (held, "null") or (held, given) == ("double", "integer"):
        return
    ways = {
        ("text", "integer"): "text(…) makes one",
        ("text", "double"): "text(…) makes one",
        ("text", "date"): "text(…) makes one",
        ("integer", "double"): "int(…) takes the whole part",
        ("integer", "text"): "integer(…) reads one",
        ("double", "text"): "number(…) reads one",
        ("date", "text"): "date(…) reads one",
    }
    way = ways.get((held, given), "choose another field")
    raise ConfigError(
        "FIELD", name, f"holds values of kind {held}, the expression gives {given}; {way}"
    )


def _rows(
    table: ServiceTable, fields: list[FieldInfo]
) -> Iterator[tuple[int, dict[str, AttributeValue]]]:
    """Yield OBJECTID and compiled values; paged, as rows are written meanwhile."""
    plain = {info.name: info for info in fields if info.type not in ("oid", "geometry")}.values()
    listed = ", ".join(quote(info.name) for info in plain)
    query = (
        f'SELECT "OBJECTID", {listed} FROM footprints'
        f' WHERE coalesce("Category", {PRIMARY}) <> {OVERVIEW} AND "OBJECTID" > ?'
        f' ORDER BY "OBJECTID" LIMIT {_BATCH}'
    )
    last = -1
    while page := list(table.execute(query, (last,))):
        for fid, *record in page:
            values: dict[str, AttributeValue] = {"OBJECTID": fid}
            for info, value in zip(plain, record, strict=True):
                values[info.name] = _read(fid, info, value)
            yield fid, values
        last = page[-1][0]


def _read(fid: int, info: FieldInfo, value: AttributeValue) -> AttributeValue:
    try:
        return compiled_value(info, value)
    except ValueError as err:
        raise ConfigError(f"OBJECTID {fid}", info.name, str(err)) from err


def _value(
    fid: int,
    expression: str,
    evaluate: Callable[[dict[str, Any]], Any],
    values: dict[str, AttributeValue],
) -> AttributeValue:
    try:
        value: AttributeValue = evaluate(values)
    except TooLong as err:
        raise ConfigError(f"OBJECTID {fid}", expression, str(err)) from err
    return value


def _stored(value: AttributeValue, kind: Kind) -> AttributeValue:
    """Return a value as the service table holds it."""
    if value is None:
        return None
    if kind == "double":
        return float(value)
    if kind == "date":
        return date_text(int(value))
    return value
