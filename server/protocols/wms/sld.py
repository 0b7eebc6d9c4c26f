"""SLD_BODY: a style that comes with the request; what cannot be drawn as it says is refused by name.

Rule: nothing is fetched, no entity is expanded, and texts and lists have limits. Served is one raster
symbolizer: bands, colours of a map, or a stretch.

References
----------
OGC 02-070 (SLD 1.0), OGC 05-077r4 (Symbology Encoding 1.1), raster symbolizers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import defusedxml.ElementTree

from engine.errors import RequestTooLarge
from server.protocols.arcgis.parameters import as_number
from server.protocols.input_limits import MAX_SLD_CHARACTERS, MAX_SLD_TAGS
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.sld_colours import colour_rule, stretch_rule

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from engine.request_parts import RenderingRule
    from engine.summary import ServiceSummary

NAME = "SLD_BODY"
# What says nothing of how pixels are drawn.
_TOLD = frozenset(
    {
        *("Name", "Title", "Abstract", "Description", "IsDefault", "LegendGraphic", "Geometry"),
        *("FeatureTypeName", "CoverageName", "SemanticTypeIdentifier", "VendorOption"),
    }
)
_CHANNELS = ("RedChannel", "GreenChannel", "BlueChannel")


@dataclass(frozen=True, slots=True)
class SldStyle:
    """A style of a document: the name of one of the service's, or bands and a rule."""

    name: str = ""
    band_ids: tuple[int, ...] = ()
    rule: RenderingRule | None = None


def read_sld(text: str, layers: tuple[str, ...], summary: ServiceSummary) -> SldStyle:
    """Return the style of a document.

    Parameters
    ----------
    layers
        Names by which the document may call the layer.

    Raises
    ------
    WmsRefusal, RequestTooLarge
        Names the element that is not served.
    """
    if len(text) > MAX_SLD_CHARACTERS:
        raise RequestTooLarge(f"number of characters in {NAME}", len(text), MAX_SLD_CHARACTERS)
    if text.count("<") > MAX_SLD_TAGS:
        raise RequestTooLarge(f"number of tags in {NAME}", text.count("<"), MAX_SLD_TAGS)
    root = _parsed(text)
    if _name(root) != "StyledLayerDescriptor":
        raise refusal(_name(root), "a StyledLayerDescriptor")
    layer = _only(root, "NamedLayer")
    named = _text(layer, "Name")
    if named not in layers:
        raise WmsRefusal("LayerNotDefined", NAME, named, f"the layer {layers[0]}")
    style = _served(layer, ("NamedStyle", "UserStyle"))
    if len(style) != 1:
        raise refusal(f"{len(style)} styles", "one NamedStyle or UserStyle")
    if _name(style[0]) == "NamedStyle":
        return SldStyle(name=_text(style[0], "Name"))
    rule = _only(_only(style[0], "FeatureTypeStyle", "CoverageStyle"), "Rule")
    return _symbolized(_only(rule, "RasterSymbolizer"), summary)


def refusal(value: object, accepted: str) -> WmsRefusal:
    """Return what to raise of a part of the document."""
    return WmsRefusal("", NAME, value, accepted)


def _parsed(text: str) -> Element:
    try:
        root: Element = defusedxml.ElementTree.fromstring(text.encode(), forbid_dtd=True)
    except (defusedxml.ElementTree.ParseError, ValueError, LookupError) as err:
        # Entities and document types, which could name files, are values errors, too.
        raise refusal(text[:40], "well-formed XML in UTF-8 without a DTD and entities") from err
    return root


def _symbolized(symbolizer: Element, summary: ServiceSummary) -> SldStyle:
    parts = {}
    for part in _served(
        symbolizer, ("Opacity", "ChannelSelection", "ColorMap", "ContrastEnhancement")
    ):
        if _name(part) in parts:
            raise refusal(_name(part), "each part of a RasterSymbolizer once")
        parts[_name(part)] = part
    if "Opacity" in parts and as_number("Opacity", parts["Opacity"].text or "") != 1:
        raise refusal("Opacity", "an opacity of 1")
    bands: tuple[int, ...] = ()
    if "ChannelSelection" in parts:
        bands = _bands(parts["ChannelSelection"], summary)
    stretched = None
    if "ContrastEnhancement" in parts:
        stretched = _stretch(parts["ContrastEnhancement"])
    if "ColorMap" not in parts:
        return SldStyle(band_ids=bands, rule=stretched)
    if stretched is not None or len(bands) > 1:
        raise refusal("ColorMap", "a ColorMap of one channel without a ContrastEnhancement")
    entries = _served(parts["ColorMap"], ("ColorMapEntry",))
    kind = parts["ColorMap"].get("type", "ramp")
    return SldStyle(band_ids=bands, rule=colour_rule(kind, [entry.attrib for entry in entries]))


def _stretch(enhancement: Element) -> RenderingRule | None:
    kinds = _served(enhancement, ("Normalize", "Histogram", "GammaValue"))
    if not kinds:
        return None
    if len(kinds) > 1 or _name(kinds[0]) == "GammaValue":
        raise refusal("ContrastEnhancement", "Normalize or Histogram alone")
    return stretch_rule(_name(kinds[0]))


def _bands(selection: Element, summary: ServiceSummary) -> tuple[int, ...]:
    channels = _served(selection, (*_CHANNELS, "GrayChannel"))
    names = tuple(_name(channel) for channel in channels)
    if names not in (_CHANNELS, ("GrayChannel",)):
        raise refusal(", ".join(names), "a red, a green and a blue channel, or a gray one")
    return tuple(_band(channel, summary) for channel in channels)


def _band(channel: Element, summary: ServiceSummary) -> int:
    for part in _served(channel, ("SourceChannelName", "ContrastEnhancement")):
        if _name(part) == "ContrastEnhancement" and _stretch(part) is not None:
            raise refusal("ContrastEnhancement", "one for all channels")
    word = _text(channel, "SourceChannelName")
    names = [band.name for band in summary.bands]
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit() and 1 <= int(word[:9]) <= len(names):
        return int(word[:9]) - 1
    raise refusal(word, f"a band by name or by number from 1 to {len(names)}")


def _served(parent: Element, names: tuple[str, ...]) -> list[Element]:
    """Return the parts of an element that say how to draw; all of them must be among `names`."""
    parts = [part for part in parent if _name(part) not in _TOLD]
    for part in parts:
        if _name(part) not in names:
            raise refusal(_name(part), f"in {_name(parent)} one of " + ", ".join(names))
    return parts


def _only(parent: Element, *names: str) -> Element:
    parts = _served(parent, names)
    if len(parts) != 1:
        raise refusal(f"{len(parts)} parts of {_name(parent)}", f"one {names[0]}")
    return parts[0]


def _text(parent: Element, name: str) -> str:
    return next((_words(part) for part in parent if _name(part) == name), "")


def _words(element: Element) -> str:
    return (element.text or "").strip()


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
