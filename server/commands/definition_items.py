"""`swath definition items`: the items, one a line, as other commands name them."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 -- typer reads it at run time
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.item_row import ItemRow

_CATEGORIES = {1: "primary", 2: "overview"}
_WIDEST = 60


def items(
    definition: Annotated[
        Path, typer.Argument(metavar="NAME.isdef", help="Folder of the definition.")
    ],
    *,
    where: Annotated[
        str,
        typer.Option(
            metavar="CONDITION",
            help='Only items that fulfil it, as in "CloudCover < 10" or "StatusId >= 100". '
            "[default: all but overviews]",
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="Only so many; 0 = all.")] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object a line, with all fields.")
    ] = False,
) -> None:
    """List items: OBJECTID, name, category, status, raster type and pixel size.

    OBJECTID and name are what `chain show`, `balance --target` and `remove --where` take.
    """
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.row_selection import select_rows

    with DefinitionFolder(definition).table() as table:
        chosen = select_rows(table, where)
        wanted = chosen[:limit] if limit else chosen
        found = (row for fid in wanted if (row := table.row(fid)) is not None)
        for line in _json_lines(found) if as_json else _lines(found):
            typer.echo(line)
    if not as_json:
        more = f", {len(chosen) - len(wanted)} more" if len(chosen) > len(wanted) else ""
        typer.echo(f"{len(wanted)} items{more}.")


def _lines(rows: Iterator[ItemRow]) -> Iterator[str]:
    yield f"{'OBJECTID':>8}  {'category':<9}  {'status':<14}  {'raster type':<14}  {'pixel size':>12}  name"
    for row in rows:
        size = row.attributes.get("LowPS")
        shown = f"{size:.6g}" if isinstance(size, int | float) else ""
        name = row.name if len(row.name) <= _WIDEST else f"{row.name[: _WIDEST - 1]}…"
        yield (
            f"{row.id:>8}  {_category(row):<9}  {_status(row):<14}  {_raster_type(row):<14}"
            f"  {shown:>12}  {name}"
        )


def _json_lines(rows: Iterator[ItemRow]) -> Iterator[str]:
    for row in rows:
        told = {
            "OBJECTID": row.id,
            "Name": row.name,
            "Category": _category(row),
            "Status": _status(row),
            "StatusMessage": row.message,
            "RasterType": _raster_type(row),
        }
        own = {k: v for k, v in row.attributes.items() if k not in told}
        yield json.dumps({**told, **own}, ensure_ascii=False, default=str)


def _category(row: ItemRow) -> str:
    return _CATEGORIES.get(row.category, "companion")


def _status(row: ItemRow) -> str:
    """Return a word for what a number of StatusId says."""
    return "not built" if row.status == 1 else row.status.name.lower().replace("_", " ")


def _raster_type(row: ItemRow) -> str:
    """Return how it was added; "" where its field Raster was edited wrongly."""
    import msgspec

    try:
        return row.raster.raster_type
    except msgspec.MsgspecError:
        return ""
