"""The attribute table of a service: a CSV file of its definition, else what lies beside its rasters.

`attribute_table.csv` has the names of fields in its first line, one of them Value; columns of whole numbers,
of numbers and of text are told apart by what is in them.
"""

from __future__ import annotations

import csv
import io
import logging
import math
from typing import TYPE_CHECKING

from engine.errors import ConfigError, SourceError
from engine.readers.attribute_table import MOST_ROWS, read_attribute_table
from engine.summary import AttributeTable, FieldInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.build.definition_folder import DefinitionFolder
    from engine.results import AttributeValue
    from engine.summary import FieldType

_log = logging.getLogger("swath.build")
_MOST_BYTES = 32 << 20


def stated_table(folder: DefinitionFolder) -> AttributeTable | None:
    """Return the table that a definition states; None where it states none.

    Raises
    ------
    ConfigError
        Names the file and what of it is no table.
    """
    file = folder.attribute_table
    if not file.is_file():
        return None
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ConfigError(file, "", f"has more than {_MOST_BYTES >> 20} MB")
        text = file.read_text(encoding="utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text)) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        raise ConfigError(file, "", f"cannot be read: {err}") from err
    return _table(file, lines)


def found_table(path: str) -> AttributeTable | None:
    """Return the table beside a raster; one that cannot be read is told in the log and left out."""
    try:
        return read_attribute_table(path)
    except SourceError as err:
        _log.warning("attribute table left out: %s", err)
        return None


def _table(file: Path, lines: list[list[str]]) -> AttributeTable:
    names = [name.strip() for name in lines[0]] if lines else []
    folded = [name.casefold() for name in names]
    if "value" not in folded or "" in folded or len(set(folded)) != len(folded):
        raise ConfigError(file, "", "the first line must name its fields, one of them Value")
    if len(lines) - 1 > MOST_ROWS:
        raise ConfigError(file, "", f"has more than {MOST_ROWS} rows")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(names):
            raise ConfigError(file, f"line {number}", f"has {len(line)} of {len(names)} fields")
    columns = [
        _column(name, cells)
        for name, cells in zip(names, zip(*lines[1:], strict=True), strict=False)
    ]
    if not columns:
        return AttributeTable(fields=tuple(FieldInfo(name=n, type="string") for n in names))
    rows = zip(*(values for _, values in columns), strict=True)
    return AttributeTable(fields=tuple(field for field, _ in columns), rows=tuple(rows))


def _column(name: str, cells: Sequence[str]) -> tuple[FieldInfo, list[AttributeValue]]:
    """Return a field of the narrowest type that holds its cells, and its values."""
    texts = [cell.strip() for cell in cells]
    for kind, read in (("integer", int), ("double", float)):
        try:
            values: list[AttributeValue] = [_number(read(text)) if text else None for text in texts]
        except ValueError:
            continue
        whole: FieldType = "integer" if kind == "integer" else "double"
        return FieldInfo(name=name, type=whole), values
    length = max(map(len, texts), default=1)
    return FieldInfo(name=name, type="string", length=length), list(texts)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
