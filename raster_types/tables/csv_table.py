"""CSV files of rasters: read row by row, types found by looking at all values once."""

from __future__ import annotations

import csv
import math
import struct
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from engine.errors import ConfigError
from raster_types.adding.author_fields import NO_UTF8
from raster_types.tables.records import RawRow
from raster_types.tables.values import KindGuess, text_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from raster_types.adding.author_fields import FieldKind
    from raster_types.tables.records import Shape

_CHUNK = 5000
_SHAPES = ("wkt", "geometry", "geom", "the_geom", "shape", "footprint", "wkb", "_wkt")
_BOXES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("minx", "miny", "maxx", "maxy"),
    ("left", "bottom", "right", "top"),
    ("west", "south", "east", "north"),
)
_MAX_COLUMNS = 1000


class CsvTable:
    """A CSV file with a line of names.

    The geometry is a column of WKT or hexadecimal WKB, or four of a box (xmin, ymin, xmax, ymax).

    Raises
    ------
    ConfigError
        It cannot be read as a table.
    """

    path_column = ""
    crs = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._dialect = self._sniffed()
        with self._lines() as lines:
            self._names = [name.strip() for name in next(lines, [])]
        if not any(self._names):
            raise ConfigError(path, "", "is empty; expected a CSV file whose first line has names")
        if len(self._names) > _MAX_COLUMNS:
            raise ConfigError(path, "", f"has more than {_MAX_COLUMNS} columns")
        named = [name for name in self._names if name]
        if twice := next((name for name in named if named.count(name) > 1), ""):
            raise ConfigError(path, twice, "is the name of two columns; each needs one of its own")
        folded = [name.casefold() for name in self._names]
        self._shape = next((folded.index(name) for name in _SHAPES if name in folded), -1)
        found = (box for box in _BOXES if self._shape < 0 and set(box) <= set(folded))
        self._box = [folded.index(name) for name in next(found, ())]
        left_out = {self._shape, *self._box}
        self._places = [n for n, name in enumerate(self._names) if name and n not in left_out]
        self.count, kinds = self._looked_over()
        self.columns: dict[str, FieldKind] = {
            self._names[place]: kind for place, kind in zip(self._places, kinds, strict=True)
        }

    def _sniffed(self) -> type[csv.Dialect] | csv.Dialect:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                return csv.Sniffer().sniff(file.readline(20_000), delimiters=",;\t|")
        except OSError as err:
            raise ConfigError(self._path, "", f"cannot be read: {err.strerror}") from err
        except UnicodeDecodeError as err:
            raise ConfigError(self._path, "", NO_UTF8) from err
        except csv.Error:
            return csv.excel

    @contextmanager
    def _lines(self) -> Iterator[Iterator[list[str]]]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield csv.reader(file, delimiter=self._dialect.delimiter)
        except UnicodeDecodeError as err:
            raise ConfigError(self._path, "", NO_UTF8) from err
        except OSError as err:
            raise ConfigError(self._path, "", f"cannot be read: {err.strerror}") from err
        except csv.Error as err:
            raise ConfigError(self._path, "", f"cannot be read as a CSV file: {err}") from err

    def _looked_over(self) -> tuple[int, list[FieldKind]]:
        guesses = [KindGuess(self._names[place]) for place in self._places]
        count, width = 0, len(self._names)
        with self._lines() as lines:
            next(lines, None)
            while chunk := [row for row in islice(lines, _CHUNK) if row]:
                count += len(chunk)
                columns = list(zip(*(_padded(row, width) for row in chunk), strict=True))
                for guess, place in zip(guesses, self._places, strict=True):
                    guess.take(columns[place])
        return count, [guess.kind for guess in guesses]

    def rows(self) -> Iterator[RawRow]:
        """See `RawTable.rows`."""
        wanted = list(zip(self._places, self.columns.values(), strict=True))
        width = len(self._names)
        with self._lines() as lines:
            next(lines, None)
            for row in lines:
                if row:
                    texts = _padded(row, width)
                    values = [text_value(texts[place].strip(), kind) for place, kind in wanted]
                    yield RawRow(values, self._shape_of(texts))

    def _shape_of(self, texts: Sequence[str]) -> Shape:
        if self._shape >= 0:
            return shape_of_text(texts[self._shape])
        if self._box:
            given = [texts[place].strip() for place in self._box]
            try:
                numbers = [float(text) for text in given]
            except ValueError:
                # No shape where nothing is given; else one that is read as none, and told.
                return " ".join(given).strip() or b""
            return box_wkb(*numbers) if all(map(math.isfinite, numbers)) else " ".join(given)
        return b""


def _padded(row: list[str], width: int) -> list[str]:
    return row if len(row) == width else (row + [""] * width)[:width]


def shape_of_text(text: str) -> Shape:
    """Return WKT as it is, hexadecimal WKB as bytes."""
    text = text.strip()
    if text[:2] in ("00", "01"):
        try:
            return bytes.fromhex(text)
        except ValueError:
            return text
    # PostGIS writes the number of the CRS before it.
    return text.partition(";")[2] if text[:5].upper() == "SRID=" else text or b""


def box_wkb(xmin: float, ymin: float, xmax: float, ymax: float) -> bytes:
    """Return a box as WKB."""
    ring = (xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax, xmin, ymin)
    return struct.pack("<BIII10d", 1, 3, 1, 5, *ring)
