"""From the JSON of an answer to what a page shows of it: tables, pictures, bars and words.

The shape of a value decides, not the operation that it comes from, so that a new operation is readable
without a line here. The template `value.html` draws the parts; it escapes all of their texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from server.protocols.arcgis.readable_dates import DATE_KEYS, with_dates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set

# More is in the JSON; a page of a thousand rows is read by nobody.
MAX_ROWS = 100
_MAX_WORDS = 24
_MAX_TEXT = 2_000
_BARS = 256
_GEOMETRIES = {"rings": "polygon", "paths": "polyline", "points": "multipoint"}
_PICTURES = ("image/png", "image/jpeg")
_REFERENCE = {"wkid", "latestWkid", "vcsWkid", "latestVcsWkid", "wkt", "wkt2", "ics", "icsid"}
_BOX = ("xmin", "ymin", "xmax", "ymax")
_LEVEL = {"level", "resolution", "scale"}
# What people look for comes first in a table, and what the server keeps for itself last.
_FIRST = ("OBJECTID", "id", "Name", "name", "why")
_LAST = (
    "Category",
    "Tag",
    "GroupName",
    "ProductName",
    "MinPS",
    "MaxPS",
    "LowPS",
    "HighPS",
    "CenterX",
    "CenterY",
    "ZOrder",
    "operation",
)
# Dates and numbers are no longer than this: a table does not break them.
_SHORT = 24
_URI = re.compile(r"raster/\d{1,15}", re.ASCII)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Words:
    """A text; `url` where it leads somewhere."""

    text: str
    url: str = ""
    kind: ClassVar[str] = "words"

    @property
    def is_short(self) -> bool:
        """Whether it stands on one line of a table."""
        return len(self.text) <= _SHORT


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its size in pixels."""

    source: str
    text: str
    kind: ClassVar[str] = "picture"


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts as the path of an SVG of `width` by 100, with their sum in words."""

    path: str
    width: int
    text: str
    kind: ClassVar[str] = "bars"


@dataclass(frozen=True, slots=True)
class Rows:
    """Named parts."""

    rows: tuple[tuple[str, Part], ...]
    kind: ClassVar[str] = "rows"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of alike records; `left_out` more are in the JSON alone."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Part, ...], ...]
    left_out: int = 0
    kind: ClassVar[str] = "table"


@dataclass(frozen=True, slots=True)
class Items:
    """Parts one after another."""

    items: tuple[Part, ...]
    left_out: int = 0
    kind: ClassVar[str] = "items"


Part: TypeAlias = Words | Picture | Bars | Rows | Table | Items


def readable(value: Any, service_url: str = "") -> Part:
    """Return what to show of a JSON value.

    Parameters
    ----------
    service_url : str
        Features of a catalog are linked to their pages below it; URLs of other servers are no links.
    """
    if isinstance(value, dict):
        return _of_object(value, service_url)
    if isinstance(value, list):
        return _of_list(value, service_url)
    text = _text(value)
    return Words(text[:_MAX_TEXT], _link(text, service_url))


def _link(text: str, service_url: str) -> str:
    """Return where a text leads: to an address of this server, or to the raster that a `uri` names."""
    if not service_url:
        return ""
    if _URI.fullmatch(text):
        return f"{service_url}/{text.partition('/')[2]}"
    server = service_url.partition("/arcgis/rest/")[0]
    return text if text.startswith(f"{server}/") else ""


def readable_answer(value: Any, service_url: str = "", names: Set[str] = DATE_KEYS) -> Part:
    """Return what to show of a whole answer: a geometry that is all there is keeps its numbers.

    Parameters
    ----------
    names
        What holds dates, see `with_dates`.
    """
    value = with_dates(value, names)
    if isinstance(value, dict) and geometry_words(value):
        return Rows(tuple((name, readable(part, service_url)) for name, part in value.items()))
    return readable(value, service_url)


def spoken(name: str) -> str:
    """Return the name of a JSON key as words.

    Examples
    --------
    >>> spoken("pixelSizeX"), spoken("hasColormap")
    ('Pixel Size X', 'Has Colormap')
    """
    words = _HUMP.sub(" ", name)
    return words[:1].upper() + words[1:]


def _of_object(value: dict[str, Any], service_url: str) -> Part:
    if isinstance(value.get("features"), list):
        return _features(value, service_url)
    if value.get("contentType") in _PICTURES and isinstance(value.get("imageData"), str):
        source = f"data:{value['contentType']};base64,{value['imageData']}"
        return Picture(source, _text(value.get("label", "")))
    short = geometry_words(value) or _domain_words(value)
    if short:
        return Words(short)
    if not value:
        return Words("–")
    return Rows(tuple((name, readable(part, service_url)) for name, part in value.items()))


def geometry_words(value: Mapping[str, Any]) -> str:
    """Return a geometry, an extent or a spatial reference in a few words; "" for anything else."""
    keys = value.keys()
    reference = value.get("spatialReference")
    behind = f" · {reference_words(reference)}" if isinstance(reference, dict) else ""
    for key, kind in _GEOMETRIES.items():
        if key in keys and isinstance(value[key], list):
            parts = value[key]
            count = len(parts) if key == "points" else sum(map(len, parts))
            return f"{kind} of {count} vertices{behind}"
    if keys and keys <= _REFERENCE:
        return reference_words(value)
    for names in (_BOX, ("x", "y", "z"), ("x", "y")):
        if set(names) <= keys <= {*names, "spatialReference", "m"}:
            return ", ".join(_text(value[name]) for name in names) + behind
    return ""


def _domain_words(value: Mapping[str, Any]) -> str:
    """Return the codes of a coded domain with their names; "" for anything else."""
    codes = value.get("codedValues")
    if not isinstance(codes, list) or not all(isinstance(code, dict) for code in codes):
        return ""
    return "; ".join(f"{code.get('code')} {code.get('name')}" for code in codes)


def reference_words(reference: Mapping[str, Any]) -> str:
    """Return a spatial reference as the pages of real servers do: 102100 (3857)."""
    number, latest = reference.get("wkid"), reference.get("latestWkid")
    if number is not None:
        return f"{number}" if latest in (None, number) else f"{number} ({latest})"
    name = next((str(value) for value in reference.values()), "")
    return name[:120]


def _features(value: dict[str, Any], service_url: str) -> Part:
    """Return the rows of a feature set, with what else it says above them."""
    rows = value["features"]
    shown = [row for row in rows[:MAX_ROWS] if isinstance(row, dict)]
    own_id = value.get("objectIdFieldName") if service_url else None
    columns = _columns([row.get("attributes") or {} for row in shown])
    has_shapes = any(row.get("geometry") for row in shown)
    cells = []
    for row in shown:
        attributes = row.get("attributes") or {}
        cell: list[Part] = []
        for name in columns:
            found = attributes.get(name)
            if name == own_id and isinstance(found, int):
                cell.append(Words(str(found), f"{service_url}/{found}"))
            else:
                cell.append(readable(found))
        if has_shapes:
            cell.append(readable(row.get("geometry") or "–"))
        cells.append(tuple(cell))
    names = (*columns, "geometry") if has_shapes else columns
    table = Table(names, tuple(cells), len(rows) - len(shown))
    rest = {
        name: part for name, part in value.items() if name not in ("features", "fields") and part
    }
    above = [(name, readable(part, service_url)) for name, part in rest.items()]
    return Rows((*above, (f"features ({len(rows)})", table)))


def _of_list(value: list[Any], service_url: str) -> Part:
    if not value:
        return Words("–")
    if all(isinstance(entry, int | float) and not isinstance(entry, bool) for entry in value):
        return _bars(value) if len(value) > _MAX_WORDS else Words(", ".join(map(_text, value)))
    if all(isinstance(entry, dict) and entry.keys() == _LEVEL for entry in value):
        return Words(_levels_words(value))
    if all(isinstance(entry, dict) for entry in value) and not geometry_words(value[0]):
        return _table(value, service_url)
    if not any(isinstance(entry, dict | list) for entry in value):
        more = ", …" if len(value) > MAX_ROWS else ""
        return Words(", ".join(map(_text, value[:MAX_ROWS])) + more)
    shown = value[:MAX_ROWS]
    return Items(tuple(readable(entry, service_url) for entry in shown), len(value) - len(shown))


def _table(value: list[dict[str, Any]], service_url: str) -> Part:
    shown = value[:MAX_ROWS]
    if any("imageData" in row for row in shown):
        # A swatch is a picture and its label; its name, size and type say nothing to people.
        swatches = tuple((readable(row), Words(_text(row.get("label", "")))) for row in shown)
        return Table(("", ""), swatches, len(value) - len(shown))
    columns = _columns(shown)
    rows = tuple(
        tuple(readable(row.get(name, ""), service_url) for name in columns) for row in shown
    )
    return Table(columns, rows, len(value) - len(shown))


def _columns(rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns that have something in some row, in the order in which people look."""
    names = dict.fromkeys(
        name for row in rows for name, value in row.items() if value not in (None, "", [], {})
    )
    first = [name for name in _FIRST if name in names]
    last = [name for name in _LAST if name in names]
    return (*first, *(name for name in names if name not in (*first, *last)), *last)


def _levels_words(levels: list[dict[str, Any]]) -> str:
    """Return levels of tiles in one line."""
    first, last = levels[0], levels[-1]
    return (
        f"{len(levels)}: level {first['level']} ({first['resolution']:.6g} a pixel) "
        f"to {last['level']} ({last['resolution']:.6g})"
    )


def _bars(counts: list[float]) -> Bars:
    """Draw counts; more than fit are added up in groups."""
    size = -(-len(counts) // _BARS)
    groups = [sum(counts[at : at + size]) for at in range(0, len(counts), size)]
    top = max(*map(abs, groups), 1e-300)
    path = "".join(
        f"M{at + 0.5:g} 100V{100 - 100 * abs(n) / top:.2f}" for at, n in enumerate(groups)
    )
    return Bars(path, len(groups), f"{len(counts)} numbers, sum {sum(counts):.10g}")


def _text(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)
