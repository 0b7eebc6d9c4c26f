"""Raster process definitions of a definition's items, to files and back.

Rule: an import is checked whole before anything is written, and written together or not at all.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.build.item_chain import definition_of_item, with_definition
from engine.build.raster_record import ItemStatus, raster_to_text
from engine.errors import ConfigError
from engine.item import PRIMARY
from engine.process_definition import (
    SUFFIX,
    check_service_chain,
    plain_json,
    processes_of,
    read_definition,
    write_chain,
    write_definition,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_row import ItemRow
    from engine.build.raster_record import RasterDefinition
    from engine.build.service_table import ServiceTable
    from engine.chain import Chain
    from engine.process_definition import RasterProcessDefinition
    from engine.results import AttributeValue

    # Tells whether a row is wanted.
    Wanted = Callable[[ItemRow], bool]
    ChainReader = Callable[[Path], Chain]

SERVICE_CHAIN = "process_chain"
_NO_FILE_NAME = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """An item and its definition."""

    id: int
    raster: RasterDefinition
    definition: RasterProcessDefinition


def item_definitions(table: ServiceTable, wanted: Wanted) -> Iterator[ItemDefinition]:
    """Yield the definitions of items in order of OBJECTID; overviews have none.

    Raises
    ------
    ConfigError
        The field Raster of an item was edited wrongly.
    """
    for row in table.rows(f"coalesce(Category, {PRIMARY}) = {PRIMARY}"):
        if not wanted(row):
            continue
        try:
            raster = row.raster
        except msgspec.MsgspecError as err:
            raise ConfigError(
                table.name, f"OBJECTID {row.id} ({row.name}), Raster", str(err)
            ) from err
        yield ItemDefinition(row.id, raster, definition_of_item(row.name, raster))


def export_definitions(folder: DefinitionFolder, out: Path, wanted: Wanted) -> list[Path]:
    """Write one file for each item and return their paths.

    Raises
    ------
    ConfigError
        Files cannot be written.
    """
    with folder.table() as table:
        found = list(item_definitions(table, wanted))
    names = Counter(_file_name(each.definition.name) for each in found)
    written = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for each in found:
            name = _file_name(each.definition.name)
            # Items of one name are told apart by their numbers.
            own = f"{name}-{each.id}" if names[name] > 1 else name
            path = out / f"{own}{SUFFIX}"
            path.write_bytes(write_definition(each.definition))
            written.append(path)
    except OSError as err:
        raise ConfigError(out, "", f"cannot be written: {err.strerror or err}") from err
    return written


def _file_name(name: str) -> str:
    return _NO_FILE_NAME.sub("_", name).strip("._") or "item"


def import_definitions(folder: DefinitionFolder, files: Iterable[Path]) -> list[str]:
    """Replace the definitions of the items that files name, and return the names.

    All or none: the first fault ends it before anything is written. Items are to be built again.

    Raises
    ------
    ConfigError
        Names the item and the process at fault, or the file.
    """
    definitions = [(file, read_definition(_text(file), file.name)) for file in files]
    with folder.table() as table:
        known: dict[str, list[ItemDefinition]] = {}
        for item in item_definitions(table, lambda _row: True):
            known.setdefault(item.definition.name, []).append(item)
        changes: dict[int, RasterDefinition] = {}
        for file, definition in definitions:
            item = _named(known, definition, file)
            if item.id in changes:
                raise ConfigError(file, "name", f"{definition.name!r} is named by two files")
            changes[item.id] = with_definition(item.raster, definition, folder.path)
        _store(table, changes)
    return [definition.name for _, definition in definitions]


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as err:
        raise ConfigError(file, "", f"cannot be read: {err.strerror or err}") from err


def _named(
    known: dict[str, list[ItemDefinition]], definition: RasterProcessDefinition, file: Path
) -> ItemDefinition:
    """Return the item that a file names; of several, the one with the same first raster."""
    found = known.get(definition.name, [])
    if len(found) > 1:
        source = definition.rasters[0].source
        found = [item for item in found if item.definition.rasters[0].source == source] or found
    if len(found) == 1:
        return found[0]
    if not found:
        raise ConfigError(file, "name", f"no item is named {definition.name!r}")
    numbers = ", ".join(str(item.id) for item in found)
    raise ConfigError(file, "name", f"{definition.name!r} is the name of items {numbers}")


def _store(table: ServiceTable, changes: dict[int, RasterDefinition]) -> None:
    with table.batch():
        for fid, raster in changes.items():
            values: dict[str, AttributeValue] = {
                "Raster": raster_to_text(raster),
                "StatusId": int(ItemStatus.ADDED),
                "StatusMessage": "Its process definition was changed; build again.",
            }
            table.update(fid, values)


def set_group_chain(
    folder: DefinitionFolder, file: Path, wanted: Wanted, reader: ChainReader | None = None
) -> list[str]:
    """Give items the group chain that a file holds (a JSON list), and return their names.

    Parameters
    ----------
    reader
        Reads the file; None = `read_chain`.

    Raises
    ------
    ConfigError
        Names the item and the process at fault; nothing is changed then.
    """
    chain = (reader or read_chain)(file)
    with folder.table() as table:
        changes, names = {}, []
        for item in item_definitions(table, wanted):
            definition = msgspec.structs.replace(item.definition, process_chain=chain)
            changes[item.id] = with_definition(item.raster, definition, folder.path)
            names.append(definition.name)
        _store(table, changes)
    return names


def read_chain(file: Path) -> Chain:
    """Return the processes that a file holds as a JSON list.

    Raises
    ------
    ConfigError
        Names the process at fault.
    """
    return processes_of(plain_json(_text(file), file), file.name, "chain")


def service_chain(folder: DefinitionFolder) -> Chain:
    """Return the chain of a definition's service, () for none.

    Raises
    ------
    ConfigError
        What is kept is no chain.
    """
    with folder.table() as table:
        text = table.info(SERVICE_CHAIN)
    return chain_of_text(text, folder.name)


def chain_of_text(text: str, service: str) -> Chain:
    """Return the chain that the catalog keeps as JSON; "" is none."""
    if not text:
        return ()
    named = f"service {service!r}"
    return processes_of(plain_json(text, named, SERVICE_CHAIN), named, "service")


def set_service_chain(
    folder: DefinitionFolder, file: Path, reader: ChainReader | None = None
) -> Chain:
    """Keep the chain that a file holds as the service's, and return it; an empty list takes it away.

    Parameters
    ----------
    reader
        Reads the file; None = `read_chain`.

    Raises
    ------
    ConfigError
        Names the process at fault.
    """
    chain = (reader or read_chain)(file)
    check_service_chain(chain, folder.name)
    with folder.table() as table:
        table.set_info(SERVICE_CHAIN, write_chain(chain).decode() if chain else "")
    return chain
