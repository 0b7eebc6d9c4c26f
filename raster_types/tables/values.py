"""Values of tables as values of fields: types, names, dates."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from engine.build.catalog_schema import COMPUTED_FIELDS, SYSTEM_FIELDS
from engine.build.definition_fields import MAX_TEXT
from raster_types.adding.author_fields import parse_date_text, parse_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.results import AttributeValue
    from raster_types.adding.author_fields import FieldKind

_WIDER: dict[FieldKind, tuple[FieldKind, ...]] = {
    "INTEGER": ("INTEGER", "DOUBLE", "TEXT"),
    "DOUBLE": ("DOUBLE", "TEXT"),
    "DATETIME": ("DATETIME", "TEXT"),
    "TEXT": ("TEXT",),
}
_DATE_WORD = re.compile(r"date|time|acq", re.IGNORECASE)
_TAKEN = frozenset(name.casefold() for name in (*SYSTEM_FIELDS, *COMPUTED_FIELDS))
_MAX_NAME = 63

date_text = lru_cache(maxsize=65_536)(parse_date_text)


class KindGuess:
    """The narrowest type that holds all texts of a column; empty ones do not count.

    Dates in digits only ("20200131") count as dates where the column's name speaks of one.
    """

    def __init__(self, name: str) -> None:
        kinds: list[FieldKind] = ["INTEGER", "DOUBLE", "DATETIME"]
        if _DATE_WORD.search(name):
            kinds = ["DATETIME", "INTEGER", "DOUBLE"]
        self._kinds = kinds
        self._given: list[str] = []
        self._has_values = False

    def take(self, texts: Iterable[str]) -> None:
        """Look at more values."""
        given = {text for text in texts if text and not text.isspace()}
        if not given:
            return
        self._has_values = True
        self._kinds = [kind for kind in self._kinds if _all_fit(kind, given)]

    @property
    def kind(self) -> FieldKind:
        """What was found."""
        return self._kinds[0] if self._kinds and self._has_values else "TEXT"


def _all_fit(kind: FieldKind, texts: Iterable[str]) -> bool:
    if kind == "DATETIME":
        return all(date_text(text) is not None for text in texts)
    return all(parse_value(text, kind) is not None for text in texts)


def text_value(text: str, kind: str) -> AttributeValue:
    """Return a text of a table as a value of a field; empty and unfit ones as None."""
    if kind == "TEXT":
        return text or None
    if kind == "DATETIME":
        return date_text(text) if text else None
    return parse_value(text, kind)


def plain_value(value: object, kind: str) -> AttributeValue:  # noqa: PLR0911 -- one a type
    """Return a value of any type as one of a field; what does not fit becomes None."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return text_value(value, kind)
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if kind == "TEXT":
            return str(value)
        if kind == "DOUBLE":
            return float(value)
        return int(value) if kind == "INTEGER" and value == int(value) else None
    if isinstance(value, list | dict) and kind == "TEXT":
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text if len(text) <= MAX_TEXT else None
    return None


def wider_kind(one: FieldKind, other: FieldKind) -> FieldKind:
    """Return the narrowest type that holds values of both."""
    return next(kind for kind in _WIDER[one] if kind in _WIDER[other])


def kind_of_value(value: object, text_kind: FieldKind = "TEXT") -> FieldKind:
    """Return the type of a JSON value; texts are of `text_kind`."""
    if isinstance(value, bool | int):
        return "INTEGER"
    if isinstance(value, float):
        return "DOUBLE"
    return text_kind


def field_names(columns: Iterable[str]) -> dict[str, str]:
    """Return a field's name for each column: letters, digits and _; none that build fills itself.

    A column named as a field of build's ("MinPS") comes in as Table_MinPS.
    """
    used: set[str] = set()
    names: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"[^A-Za-z0-9_]+", "_", column).strip("_") or "Field"
        if not name[0].isalpha():
            name = f"F_{name}"
        if name.casefold() in _TAKEN:
            name = f"Table_{name}"
        name, number = name[:_MAX_NAME], 1
        while name.casefold() in used:
            number += 1
            name = f"{name[: _MAX_NAME - 6]}_{number}"
        used.add(name.casefold())
        names[column] = name
    return names
