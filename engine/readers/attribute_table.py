"""The attribute table of a raster of classes, as files beside it hold it: a dBASE file or GDAL's XML.

Read when a service is built; what is too large or no table is refused with a sentence.

References
----------
dBASE III file structure (fields C, N, F, L, D); GDAL PAM, GDALRasterAttributeTable.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.errors import SourceCorrupt
from engine.summary import AttributeTable, FieldInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from engine.results import AttributeValue
    from engine.summary import FieldType

MOST_ROWS = 65_536
_MOST_FIELDS = 256
_MOST_BYTES = 32 << 20
_MOST_TEXT = 1000
_HEAD, _FIELD, _END_OF_FIELDS = 32, 32, 0x0D
_XML_TYPES: dict[str, FieldType] = {"0": "integer", "1": "double", "2": "string"}
# What GDAL says columns are for, as the names that clients look for.
_USAGES = {"5": "Value", "1": "Count", "6": "Red", "7": "Green", "8": "Blue"}


def read_attribute_table(path: str) -> AttributeTable | None:
    """Return the table of a raster's first band; None where no file beside the raster holds one.

    Raises
    ------
    SourceCorrupt
        A file is there that is no table.
    """
    for suffix, read in ((".vat.dbf", _of_dbf), (".aux.xml", _of_xml)):
        file = Path(f"{path}{suffix}")
        try:
            if not file.is_file():
                continue
            if file.stat().st_size > _MOST_BYTES:
                raise SourceCorrupt(str(file), f"has more than {_MOST_BYTES >> 20} MB")
            found = read(str(file), file.read_bytes())
        except (OSError, ValueError, IndexError) as err:
            raise SourceCorrupt(str(file), f"is no attribute table: {err}") from err
        if found is not None:
            return found
    return None


def _of_dbf(file: str, data: bytes) -> AttributeTable:
    count = int.from_bytes(data[4:8], "little")
    first, width = (int.from_bytes(data[at : at + 2], "little") for at in (8, 10))
    columns = []
    at, start = _HEAD, 1
    while data[at] != _END_OF_FIELDS:
        one = data[at : at + _FIELD]
        columns.append((_field(one), start, start + one[16]))
        start += one[16]
        at += _FIELD
    if not columns or start > width or len(columns) > _MOST_FIELDS or count > MOST_ROWS:
        raise SourceCorrupt(file, f"has {len(columns)} fields and {count} rows")
    rows = []
    for number in range(count):
        row = data[first + number * width : first + (number + 1) * width]
        if len(row) < width:
            raise SourceCorrupt(file, f"ends before row {number + 1} of {count}")
        if row[:1] != b"*":  # deleted
            rows.append(tuple(_value(_text(row[a:b]), field.type) for field, a, b in columns))
    return AttributeTable(fields=tuple(field for field, _, _ in columns), rows=tuple(rows))


def _field(head: bytes) -> FieldInfo:
    name = _text(head[:11].partition(b"\0")[0])
    kind, decimals = chr(head[11]), head[17]
    if kind not in "NF":
        return FieldInfo(name=name, type="string", length=head[16])
    return FieldInfo(name=name, type="double" if kind == "F" or decimals else "integer")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8").strip(" \0")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").strip(" \0")


def _value(text: str, kind: FieldType) -> AttributeValue:
    """Return a value of a table; None where there is none."""
    if kind == "string":
        return text[:_MOST_TEXT]
    if not text or set(text) <= {"*"}:
        return None
    number = float(text)
    if not math.isfinite(number):
        return None
    return int(number) if kind == "integer" and number == int(number) else number


def _of_xml(file: str, data: bytes) -> AttributeTable | None:
    try:
        root: Element = defusedxml.ElementTree.fromstring(data)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException) as err:
        raise SourceCorrupt(file, f"is no XML: {err}") from err
    table = root.find("./PAMRasterBand[@band='1']/GDALRasterAttributeTable")
    if table is None:
        return None
    columns = table.findall("FieldDefn")
    lines = table.findall("Row")
    if not columns or len(columns) > _MOST_FIELDS or len(lines) > MOST_ROWS:
        raise SourceCorrupt(file, f"has {len(columns)} fields and {len(lines)} rows")
    fields = _xml_fields(columns)
    rows = []
    for line in lines:
        cells = [(cell.text or "").strip() for cell in line.findall("F")]
        if len(cells) != len(fields):
            raise SourceCorrupt(file, f"has a row of {len(cells)} of {len(fields)} fields")
        rows.append(tuple(_value(c, f.type) for c, f in zip(cells, fields, strict=True)))
    return _with_bins(table, AttributeTable(fields=fields, rows=tuple(rows)))


def _xml_fields(columns: Sequence[Element]) -> tuple[FieldInfo, ...]:
    names = [(column.findtext("Name") or "").strip() for column in columns]
    taken = {name.casefold() for name in names}
    fields: list[FieldInfo] = []
    for column, name in zip(columns, names, strict=True):
        told = _USAGES.get((column.findtext("Usage") or "").strip(), "")
        if told and told.casefold() not in taken:
            taken.add(told.casefold())
            name = told  # noqa: PLW2901 -- what clients look for
        kind = _XML_TYPES.get((column.findtext("Type") or "").strip(), "string")
        length = _MOST_TEXT if kind == "string" else 0
        fields.append(FieldInfo(name=name or f"Field_{len(fields) + 1}", type=kind, length=length))
    return tuple(fields)


def _with_bins(table: Element, found: AttributeTable) -> AttributeTable:
    """Return a table with its values, where it only says where they begin and how far apart they are."""
    step = float(table.get("binSize", "nan"))
    begin = float(table.get("row0Min", "nan"))
    has_values = any(field.name.casefold() == "value" for field in found.fields)
    if has_values or not (math.isfinite(begin) and math.isfinite(step)):
        return found
    values = [begin + number * step for number in range(len(found.rows))]
    is_whole = all(value == int(value) for value in values)
    kind: FieldType = "integer" if is_whole else "double"
    rows = tuple(
        (int(value) if is_whole else value, *row)
        for value, row in zip(values, found.rows, strict=True)
    )
    return AttributeTable(fields=(FieldInfo(name="Value", type=kind), *found.fields), rows=rows)
