"""What the capabilities of a WMS say of its layers, of versions 1.3.0 and 1.1.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.axis_order import is_north_first
from engine.geometry.projection import LONLAT, canonical_crs
from server.comparison.refusal import refusal

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from server.comparison.fetcher import Answer

_MAX_LAYERS = 20_000
# East may go on beyond the antimeridian.
_LONLAT = Extent(-360.0, -90.0, 360.0, 90.0)
_ROOTS = ("WMS_Capabilities", "WMT_MS_Capabilities")


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that has a name.

    Attributes
    ----------
    boxes : dict of str to Extent
        By key of a CRS, x east and y north; longitude and latitude first.
    """

    name: str
    boxes: dict[str, Extent]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a WMS says of itself; `max_side` 0 = not said."""

    version: str
    formats: tuple[str, ...]
    max_side: int
    layers: dict[str, Layer]


def read_capabilities(answer: Answer) -> Capabilities:
    """Read the answer to GetCapabilities.

    Raises
    ------
    SourceUnavailable
        It is something else, or no layer has a name and a place.
    """
    wanted = "the capabilities of a WMS"
    try:
        # Those of 1.1.1 begin with a DTD; entities stay forbidden and nothing is fetched.
        root: Element = defusedxml.ElementTree.fromstring(answer.body, forbid_dtd=False)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError) as err:
        raise refusal(answer, wanted) from err
    if answer.status != 200 or _name(root) not in _ROOTS:
        raise refusal(answer, wanted)
    version = "1.3.0" if root.get("version", "").startswith("1.3") else "1.1.1"
    layers = _layers(root, version)
    if not layers:
        raise refusal(answer, "capabilities with a layer that has a name and an extent")
    sides = [
        int(text) for name in ("MaxWidth", "MaxHeight") if (text := _text(root, name)).isdigit()
    ]
    return Capabilities(version, _map_formats(root), min(sides, default=0), layers)


def _layers(root: Element, version: str) -> dict[str, Layer]:
    """Return all layers with a name; boxes are inherited from the layers around them."""
    found: dict[str, Layer] = {}
    waiting = [(element, _boxes(element, version)) for element in _below(root, "Layer")]
    while waiting and len(found) < _MAX_LAYERS:
        element, boxes = waiting.pop(0)
        name = next((child.text or "" for child in element if _name(child) == "Name"), "").strip()
        if name and boxes:
            found.setdefault(name, Layer(name, boxes))
        waiting += [
            (child, {**boxes, **_boxes(child, version)})
            for child in element
            if _name(child) == "Layer"
        ]
    return found


def _boxes(layer: Element, version: str) -> dict[str, Extent]:
    boxes = {}
    for child in layer:
        if _name(child) == "EX_GeographicBoundingBox":
            sides = ("westBound", "southBound", "eastBound", "northBound")
            texts = [
                _text(child, f"{side}Longitude") or _text(child, f"{side}Latitude")
                for side in sides
            ]
            boxes[LONLAT] = _extent(texts)
        elif _name(child) == "LatLonBoundingBox":
            boxes[LONLAT] = _extent([child.get(side, "") for side in _SIDES])
    for child in layer:
        if _name(child) == "BoundingBox":
            crs = _known_crs(child.get("CRS") or child.get("SRS") or "")
            box = _extent([child.get(side, "") for side in _SIDES])
            if box is not None and version == "1.3.0" and crs and is_north_first(crs):
                box = Extent(box.ymin, box.xmin, box.ymax, box.xmax)
            if crs:
                boxes.setdefault(crs, box)
    # Maps without a projection state metres as degrees: such a box is none.
    lonlat = boxes.get(LONLAT)
    if lonlat is not None and lonlat.intersection(_LONLAT) != lonlat:
        del boxes[LONLAT]
    return {crs: box for crs, box in boxes.items() if box is not None}


_SIDES = ("minx", "miny", "maxx", "maxy")


def _extent(texts: list[str]) -> Extent | None:
    try:
        box = Extent(*(float(text) for text in texts))
    except ValueError:
        return None
    return box if box.is_finite and box.width > 0 and box.height > 0 else None


def _known_crs(name: str) -> str:
    """Return the key of a CRS, "" where it is not known here: another box tells the place."""
    if name.upper() == "CRS:84":
        return "OGC:CRS84"
    try:
        return canonical_crs(name)
    except InvalidParameter:
        return ""


def _map_formats(root: Element) -> tuple[str, ...]:
    for element in root.iter():
        if _name(element) == "GetMap":
            return tuple((f.text or "").strip() for f in element if _name(f) == "Format")
    return ()


def _below(root: Element, name: str) -> list[Element]:
    """Return the elements of a name directly below Capability."""
    return [
        child
        for capability in root
        if _name(capability) == "Capability"
        for child in capability
        if _name(child) == name
    ]


def _text(root: Element, name: str) -> str:
    return next(((e.text or "").strip() for e in root.iter() if _name(e) == name), "")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
