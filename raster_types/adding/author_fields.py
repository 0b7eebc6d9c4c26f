"""Fields of the author's: read from a CSV file or from file names, typed, ready for the table."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from engine.dates import date_text, parse_date_ms
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from engine.results import AttributeValue

FieldKind: TypeAlias = Literal["INTEGER", "DOUBLE", "DATETIME", "TEXT"]

_KEY_COLUMNS = ("filename", "file", "name", "path", "raster", "file_name")
_DATE_WORD = re.compile(r"date|time|acq", re.IGNORECASE)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T_-]?(\d{2})(\d{2})(\d{2})?)?Z?")
_DAY_OF_YEAR = re.compile(r"(\d{4})-?(\d{3})")
_COLON_DATE = re.compile(r"(\d{4}):(\d{2}):(\d{2})(.*)")
NO_UTF8 = (
    "is not text in UTF-8; save it as CSV UTF-8, as spreadsheets offer, or convert it: "
    "iconv -f WINDOWS-1252 -t UTF-8 OLD.csv > NEW.csv"
)
MAX_CSV_BYTES = 500_000_000


class AuthorFields(Protocol):
    """Where values of the author's fields come from."""

    @property
    def kinds(self) -> Mapping[str, FieldKind]:
        """Type of each field."""

    def values(self, path: str) -> dict[str, AttributeValue]:
        """Return the values for a file; {} where there are none."""


def parse_date_text(text: str) -> str | None:
    """Return a date as GeoPackage holds it (UTC, to the millisecond), None for no date.

    Accepts what `engine.dates` does, and YYYYMMDD[THHMMSS], YYYYDDD, YYYY:MM:DD.
    """
    text = text.strip()
    if match := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
        form = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        milliseconds = parse_date_ms(form)
    elif match := _DAY_OF_YEAR.fullmatch(text):
        year, day = int(match.group(1)), int(match.group(2))
        first = parse_date_ms(f"{year:04}-01-01")
        days = 366 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 365
        good = first is not None and 1 <= day <= days
        milliseconds = first + (day - 1) * 86_400_000 if good and first is not None else None
    elif match := _COLON_DATE.fullmatch(text):
        milliseconds = parse_date_ms("{}-{}-{}{}".format(*match.groups()))
    else:
        milliseconds = parse_date_ms(text)
    return None if milliseconds is None else date_text(milliseconds)


def _integer(text: str) -> int | None:
    # A leading zero means a code ("063"), not a number.
    good = re.fullmatch(r"[+-]?(0|[1-9]\d{0,17})", text)
    return int(text) if good else None


def _double(text: str) -> float | None:
    if re.match(r"[+-]?0\d", text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


_PARSERS: dict[FieldKind, Callable[[str], AttributeValue]] = {
    "INTEGER": _integer,
    "DOUBLE": _double,
    "DATETIME": parse_date_text,
    "TEXT": str,
}


def guess_kind(name: str, texts: Iterable[str]) -> FieldKind:
    """Return the narrowest type that holds all texts; empty ones do not count.

    Dates in digits only ("20200131") count as dates where the field's name speaks of one.
    """
    given = [text.strip() for text in texts if text.strip()]
    kinds: list[FieldKind] = ["INTEGER", "DOUBLE", "DATETIME"]
    if _DATE_WORD.search(name):
        kinds = ["DATETIME", "INTEGER", "DOUBLE"]
    for kind in kinds:
        if given and all(_PARSERS[kind](text) is not None for text in given):
            return kind
    return "TEXT"


def parse_value(text: str, kind: str) -> AttributeValue:
    """Return a text as a value of a field's type, None where it is empty or no such value."""
    text = text.strip()
    if not text:
        return None
    for known in ("INTEGER", "DOUBLE", "DATETIME"):
        if kind == known or (kind == "REAL" and known == "DOUBLE"):
            return _PARSERS[known](text)
    return text


class CsvFields:
    """Rows of a CSV file, found by file name.

    The column called file, filename, name, path or raster (else the first) holds the name, with or
    without folder and ending; the others become fields.

    Raises
    ------
    ConfigError
        The file cannot be read, or has no columns beside the name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        names, rows = self._read()
        folded = [name.casefold() for name in names]
        key = next((name for name in _KEY_COLUMNS if name in folded), folded[0])
        column = folded.index(key)
        others = [index for index in range(len(names)) if index != column]
        if not others:
            raise ConfigError(path, "", "has no column beside the file names")
        self._names = [names[index] for index in others]
        self._rows = {self._key(row[column]): [row[i] for i in others] for row in rows}
        self.kinds: Mapping[str, FieldKind] = {
            name: guess_kind(name, (row[i] for row in self._rows.values()))
            for i, name in enumerate(self._names)
        }
        self._used: set[str] = set()

    def _read(self) -> tuple[list[str], list[list[str]]]:
        try:
            if self._path.stat().st_size > MAX_CSV_BYTES:
                raise ConfigError(self._path, "", f"is larger than {MAX_CSV_BYTES >> 20} MB")
            text = self._path.read_text(encoding="utf-8-sig")
            dialect = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|")
        except OSError as err:
            raise ConfigError(self._path, "", f"cannot be read: {err.strerror}") from err
        except UnicodeDecodeError as err:
            raise ConfigError(self._path, "", NO_UTF8) from err
        except csv.Error:
            dialect = csv.excel
        rows = [row for row in csv.reader(text.splitlines(), dialect) if any(row)]
        if not rows:
            raise ConfigError(self._path, "", "is empty")
        names = [name.strip() for name in rows[0]]
        width = len(names)
        return names, [(row + [""] * width)[:width] for row in rows[1:]]

    @staticmethod
    def _key(name: str) -> str:
        return PurePath(name.strip().replace("\\", "/")).name

    def values(self, path: str) -> dict[str, AttributeValue]:
        """Return the row of a file."""
        name = self._key(path)
        key = name if name in self._rows else PurePath(name).stem
        row = self._rows.get(key)
        if row is None:
            return {}
        self._used.add(key)
        pairs = zip(self._names, row, strict=True)
        return {field: parse_value(text, self.kinds[field]) for field, text in pairs}

    @property
    def unused(self) -> list[str]:
        """Names in the file that no raster had, after `values` was asked for all rasters."""
        return sorted(set(self._rows) - self._used)


class NameFields:
    """Named groups of a regular expression, searched in file names.

    Parameters
    ----------
    pattern
        With at least one group (?P<Field>…).
    paths
        All files to come, to find the type that holds all values.

    Raises
    ------
    ConfigError
        The pattern is no regular expression or has no named group.
    """

    def __init__(self, pattern: str, paths: Iterable[str]) -> None:
        try:
            self._pattern = re.compile(pattern)
        except re.error as err:
            raise ConfigError("--name-regex", pattern, f"is no regular expression: {err}") from err
        if not self._pattern.groupindex:
            why = "has no named group; expected for example (?P<AcqDate>\\d{8})"
            raise ConfigError("--name-regex", pattern, why)
        texts: dict[str, list[str]] = {name: [] for name in self._pattern.groupindex}
        for path in paths:
            for name, text in self._groups(path).items():
                texts[name].append(text)
        self.kinds: Mapping[str, FieldKind] = {
            name: guess_kind(name, found) for name, found in texts.items()
        }

    def _groups(self, path: str) -> dict[str, str]:
        match = self._pattern.search(PurePath(path).name)
        return {k: v for k, v in match.groupdict().items() if v is not None} if match else {}

    def values(self, path: str) -> dict[str, AttributeValue]:
        """Return the groups found in a file's name."""
        return {
            name: parse_value(text, self.kinds[name]) for name, text in self._groups(path).items()
        }
