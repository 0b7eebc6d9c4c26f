"""Raster function templates as ArcGIS writes them to `.rft.xml`, read into the JSON form of templates.

Every element says what it is (`xsi:type`), so reading is one table of kinds. Blobs of serialized objects
stay texts, which functions that know them not refuse.

References
----------
Esri/raster-functions, templates; ArcGIS REST API, raster function objects.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from server.protocols.arcgis.sloppy_json import JsonValue

    Object = dict[str, JsonValue]

MOST_BYTES = 4_000_000
_MOST_DEEP = 100
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_ROOTS = ("RasterFunctionTemplate", "XmlRasterFunctionTemplate")


def template_of_xml(path: Path) -> Object:
    """Read a `.rft.xml` file.

    Raises
    ------
    ConfigError
        It is no template.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ConfigError(path, "", f"has {size} bytes; templates have at most {MOST_BYTES}")
        root: Element = defusedxml.ElementTree.fromstring(path.read_bytes())
    except OSError as err:
        raise ConfigError(path, "", f"cannot be read: {err.strerror or err}") from err
    except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError) as err:
        raise ConfigError(path, "", f"is no XML: {err}") from err
    if root.tag not in _ROOTS:
        raise ConfigError(path, root.tag, f"is no template; its root is {' or '.join(_ROOTS)}")
    return _Reader(path, root).template(root, 0)


class _Reader:
    def __init__(self, path: Path, root: Element) -> None:
        self._path = path
        self._by_id = {each.get("id"): each for each in root.iter() if each.get("id")}

    def template(self, element: Element, depth: int) -> Object:
        function = self._child(element, "Function")
        arguments = self._child(element, "Arguments")
        kind = _kind(function)
        if not kind.endswith("Function"):
            raise ConfigError(self._path, _text(element, "Name"), "has no function")
        return {
            "name": _text(element, "Name"),
            "description": _text(element, "Description"),
            "help": _text(element, "Help"),
            "type": "RasterFunctionTemplate",
            "function": {
                "type": kind,
                "name": _text(function, "Name"),
                "pixelType": _text(function, "PixelType") or "UNKNOWN",
            },
            "arguments": self._arguments(arguments, depth + 1),
        }

    def _arguments(self, element: Element, depth: int) -> Object:
        if _kind(element) == "RasterFunctionVariable":
            # A function of nothing but rasters.
            return {"Raster": self._variable(element, depth)}
        names = [each.text or "" for each in self._child(element, "Names")]
        values = [self.value(each, depth) for each in self._child(element, "Values")]
        if len(names) != len(values):
            why = f"{len(names)} names and {len(values)} values of arguments"
            raise ConfigError(self._path, _kind(element), why)
        return dict(zip(names, values, strict=True))

    def value(self, element: Element, depth: int) -> JsonValue:
        """Read a value of any kind."""
        if depth > _MOST_DEEP:
            raise ConfigError(self._path, "", f"is more than {_MOST_DEEP} levels deep")
        target = element.get("href", "").lstrip("#")
        if target:
            if target not in self._by_id:
                raise ConfigError(self._path, target, "is referred to and not there")
            return self.value(self._by_id[target], depth + 1)
        kind = _kind(element)
        if kind in _COLORS:
            return [*_COLORS[kind](element), round(_number(element, "AlphaValue", 255))]
        if kind.startswith("ArrayOf"):
            return [self.value(each, depth + 1) for each in element]
        objects = {
            "RasterFunctionTemplate": self.template,
            "RasterFunctionVariable": self._variable,
            "PropertySet": self._properties,
            "RecordSet": self._records,
            "MultiPartColorRamp": self._ramps,
            "AlgorithmicColorRamp": self._ramp,
        }
        made = objects.get(kind)
        return self._plain(kind, element, depth) if made is None else made(element, depth)

    def _properties(self, element: Element, depth: int) -> Object:
        pairs = element.iter("PropertySetProperty")
        return {_text(each, "Key"): self._inner(each, "Value", depth) for each in pairs}

    def _plain(self, kind: str, element: Element, depth: int) -> JsonValue:
        text = (element.text or "").strip()
        if len(element):
            return {each.tag: self.value(each, depth + 1) for each in element}
        if kind in _NUMBERS and text:
            return _of_text(text)
        if kind == "boolean":
            return text.casefold() in ("true", "1")
        return text if text or kind == "string" else None

    def _variable(self, element: Element, depth: int) -> Object:
        aliases = element.find("Aliases")
        found: Object = {
            "name": _text(element, "Name"),
            "value": self._inner(element, "Value", depth),
            "isDataset": _text(element, "IsDataset").casefold() == "true",
            "type": "RasterFunctionVariable",
        }
        if aliases is not None:
            found["aliases"] = [each.text or "" for each in aliases]
        return found

    def _records(self, element: Element, depth: int) -> Object:
        """Return a table as the features of a REST answer."""
        names = [_text(field, "Name") for field in element.iter("Field")]
        features: list[JsonValue] = []
        for record in element.iter("Record"):
            values = self._inner(record, "Values", depth)
            cells = values if isinstance(values, list) else []
            features.append({"attributes": dict(zip(names, cells, strict=False))})
        return {"fields": [{"name": name} for name in names], "features": features}

    def _ramps(self, element: Element, depth: int) -> Object:
        return {"type": "multipart", "colorRamps": self._inner(element, "ColorRamps", depth)}

    def _ramp(self, element: Element, depth: int) -> Object:
        return {
            "type": "algorithmic",
            "algorithm": _text(element, "Algorithm"),
            "fromColor": self._inner(element, "FromColor", depth),
            "toColor": self._inner(element, "ToColor", depth),
        }

    def _inner(self, element: Element, tag: str, depth: int) -> JsonValue:
        found = element.find(tag)
        return None if found is None else self.value(found, depth + 1)

    def _child(self, element: Element, tag: str) -> Element:
        found = element.find(tag)
        if found is None:
            raise ConfigError(self._path, element.tag, f"has no {tag}")
        return found


_NUMBERS = ("int", "long", "short", "double", "float", "byte")


def _kind(element: Element) -> str:
    return element.get(_TYPE, "").rpartition(":")[2]


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _number(element: Element, tag: str, default: float = 0.0) -> float:
    value = _of_text(_text(element, tag))
    return value if isinstance(value, int | float) else default


def _of_text(text: str) -> JsonValue:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None


def _hsv(element: Element) -> list[int]:
    hue, saturation, value = (_number(element, tag) for tag in ("Hue", "Saturation", "Value"))
    return [
        round(255 * each)
        for each in colorsys.hsv_to_rgb(hue % 360 / 360, saturation / 100, value / 100)
    ]


def _rgb(element: Element) -> list[int]:
    return [round(_number(element, tag)) for tag in ("Red", "Green", "Blue")]


def _cmyk(element: Element) -> list[int]:
    black = _number(element, "Black") / 100
    inks = (_number(element, tag) / 100 for tag in ("Cyan", "Magenta", "Yellow"))
    return [round(255 * (1 - ink) * (1 - black)) for ink in inks]


def _gray(element: Element) -> list[int]:
    return [round(_number(element, "Level"))] * 3


_COLORS: dict[str, Callable[[Element], list[int]]] = {
    "HsvColor": _hsv,
    "RgbColor": _rgb,
    "CmykColor": _cmyk,
    "GrayColor": _gray,
}
