"""Tables with a column of paths: which one it is, and what the other columns become."""

from __future__ import annotations

import math
import re
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import ConfigError, InvalidParameter
from engine.geometry.projection import canonical_crs, crs_of_wkt
from engine.item import OVERVIEW
from raster_types.items.image_files import RASTER_SUFFIXES
from raster_types.tables.records import TableRow
from raster_types.tables.values import field_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from engine.results import AttributeValue
    from raster_types.adding.author_fields import FieldKind
    from raster_types.tables.records import RawTable, Shape

# In this order; "name" may be a file's, too, but only if it looks like one.
_PATH_NAMES = (
    "location",
    "path",
    "raster",
    "uri",
    "href",
    "url",
    "filepath",
    "file_path",
    "filename",
    "file_name",
    "file",
    "image",
    "imagepath",
    "image_path",
    "source",
    "link",
)
_LINK_NAME = re.compile(r"(?:^|[._:])href$", re.IGNORECASE)
_CATALOGUE = {"category", "minps", "maxps"}
_NEVER_FIELDS = {"geometry", "geom", "uri_hash", "urihash", "itemts", "typeid", "thumbnail"}
_LOOKED_AT = 200


class PathTable:
    """The rasters of a table.

    Parameters
    ----------
    path_field : str
        The column of paths; "" = guessed by its name, else by its values.
    crs : str
        Of the geometries, where the file does not say it.

    Raises
    ------
    ConfigError
        No column holds paths.
    """

    is_bound = False

    def __init__(self, path: Path, table: RawTable, path_field: str = "", crs: str = "") -> None:
        self._table = table
        self._names = list(table.columns)
        self._folded = {name.casefold(): place for place, name in enumerate(self._names)}
        chosen = self._path_column(path, path_field)
        self._path = self._names.index(chosen)
        self._name = self._folded.get("name", -1)
        self._category = self._folded["category"] if set(self._folded) >= _CATALOGUE else -1
        self._place = _Placed(self._names, chosen)
        kept = [
            name
            for place, name in enumerate(self._names)
            if place not in (self._path, self._name)
            and not _LINK_NAME.search(name)
            and name.casefold() not in _NEVER_FIELDS
        ]
        spelled = field_names(kept)
        self._fields = [(self._names.index(name), spelled[name]) for name in kept]
        self.fields: Mapping[str, FieldKind] = {
            spelled[name]: "DOUBLE" if name.casefold() == "zorder" else table.columns[name]
            for name in kept
        }
        self.crs = table.crs or crs
        self.count = table.count
        self._overviews = 0

    def _path_column(self, path: Path, stated: str) -> str:
        known = ", ".join(self._names)
        if stated:
            if stated.casefold() not in self._folded:
                why = f"{path.name} has no such column; it has: {known}"
                raise ConfigError("--path-field", stated, why)
            return self._names[self._folded[stated.casefold()]]
        if self._table.path_column:
            return self._table.path_column
        texts = [name for name in self._names if self._table.columns[name] == "TEXT"]
        named = {name.casefold(): name for name in reversed(texts)}
        if found := next((named[name] for name in _PATH_NAMES if name in named), None):
            return found
        likely = [name for name in texts if _LINK_NAME.search(name)] or self._with_paths(texts)
        if len(likely) == 1:
            return likely[0]
        what = (
            f"several columns may hold paths: {', '.join(likely)}"
            if likely
            else "no column holds paths"
        )
        raise ConfigError(path, "", f"{what}; name it with --path-field. Columns: {known}")

    def _with_paths(self, texts: Sequence[str]) -> list[str]:
        rows = [row.values for row in islice(self._table.rows(), _LOOKED_AT)]
        return [name for name in texts if _all_paths(row[self._names.index(name)] for row in rows)]

    @property
    def notes(self) -> Sequence[str]:
        """See `RasterTable.notes`."""
        if not self._overviews:
            return ()
        left_out = "are overviews of a mosaic dataset and are left out: build makes its own."
        return (f"{self._overviews} rows {left_out}",)

    def rows(self) -> Iterator[TableRow]:
        """See `RasterTable.rows`."""
        self._overviews = 0
        for values, shape, _ in self._table.rows():
            if self._category >= 0 and _is_overview(values[self._category]):
                self._overviews += 1
                continue
            crs: str = ""
            if not shape and self._place.is_stated:
                shape, crs = self._place.shape(values)  # noqa: PLW2901 -- what the row amounts to
            yield TableRow(
                link=str(values[self._path] or "").strip(),
                name=str(values[self._name] or "") if self._name >= 0 else "",
                values={field: values[place] for place, field in self._fields},
                shape=shape,
                crs=crs,
            )


def _is_overview(category: AttributeValue) -> bool:
    return isinstance(category, int | float) and category >= OVERVIEW


def _all_paths(values: Iterator[AttributeValue]) -> bool:
    given = [str(value) for value in values if value]
    return bool(given) and all(
        PurePath(text.replace("\\", "/")).suffix.lower() in RASTER_SUFFIXES for text in given
    )


class _Placed:
    """Where a raster lies as columns of STAC's projection extension say."""

    def __init__(self, names: Sequence[str], path_column: str) -> None:
        prefix = path_column[: -len("href")] if _LINK_NAME.search(path_column) else ""
        self._at = {
            word: names.index(name)
            for word in ("code", "epsg", "wkt2", "projjson", "transform", "shape", "bbox")
            for name in (f"proj:{word}", f"{prefix}proj:{word}")
            if name in names
        }
        self._keys: dict[str, str] = {}

    @property
    def is_stated(self) -> bool:
        """Whether rows have a place without a geometry."""
        return "bbox" in self._at or {"transform", "shape"} <= set(self._at)

    def shape(self, values: Sequence[AttributeValue]) -> tuple[Shape, str]:
        """Return outline and CRS of a row, (b"", "") where it does not say them."""
        crs = self._crs(values)
        ring = self._ring(values) if crs else []
        if not ring:
            return b"", ""
        points = ", ".join(f"{x!r} {y!r}" for x, y in [*ring, ring[0]])
        return f"POLYGON (({points}))", crs

    def _ring(self, values: Sequence[AttributeValue]) -> list[tuple[float, float]]:
        matrix, size = self._numbers(values, "transform"), self._numbers(values, "shape")
        if len(matrix) >= 6 and len(size) == 2:
            a, b, c, d, e, f = matrix[:6]
            rows, cols = size
            corners = ((0.0, 0.0), (cols, 0.0), (cols, rows), (0.0, rows))
            return [(a * x + b * y + c, d * x + e * y + f) for x, y in corners]
        box = self._numbers(values, "bbox")
        if len(box) != 4:
            return []
        return [(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])]

    def _numbers(self, values: Sequence[AttributeValue], word: str) -> list[float]:
        text = values[self._at[word]] if word in self._at else None
        if not isinstance(text, str):
            return []
        try:
            numbers = msgspec.json.decode(text, type=list[float])
        except msgspec.MsgspecError:
            return []
        return numbers if all(map(math.isfinite, numbers)) else []

    def _crs(self, values: Sequence[AttributeValue]) -> str:
        for word in ("code", "epsg", "wkt2", "projjson"):
            value: Any = values[self._at[word]] if word in self._at else None
            if value is not None:
                text = f"EPSG:{value}" if word == "epsg" else str(value)
                if text not in self._keys:
                    self._keys[text] = _key(text)
                if self._keys[text]:
                    return self._keys[text]
        return ""


def _key(text: str) -> str:
    try:
        return canonical_crs(text) if len(text) < 40 else crs_of_wkt(text)
    except InvalidParameter:
        return ""
