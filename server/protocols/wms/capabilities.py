"""Capabilities of both versions: what stands in them is the same, how it is called is not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from server.protocols.wms.dimensions import layer_dimensions
from server.protocols.wms.layer_boxes import LayerBox, layer_boxes, lonlat_box
from server.protocols.wms.legend_picture import legend_size
from server.protocols.wms.map_formats import MAP_FORMATS
from server.protocols.wms.styles import DEFAULT
from server.protocols.xml_text import add, add_known, document, root

if TYPE_CHECKING:
    from engine.extent import Extent
    from server.protocols.wms.dimensions import LayerDimension
    from server.protocols.wms.operations.base import Question
    from server.protocols.xml_text import Element

LEGEND_FORMATS = ("image/png",)
INFO_FORMATS = ("text/plain", "text/html", "application/json", "application/vnd.ogc.gml")
_EXCEPTIONS = {
    "1.1.1": (
        "application/vnd.ogc.se_xml",
        "application/vnd.ogc.se_inimage",
        "application/vnd.ogc.se_blank",
        "application/json",
    ),
    "1.3.0": ("XML", "INIMAGE", "BLANK", "JSON"),
}
_MEDIA_TYPES = {"1.1.1": "application/vnd.ogc.wms_xml", "1.3.0": "text/xml"}
_DOCTYPE_1_1_1 = '<!DOCTYPE WMT_MS_Capabilities SYSTEM "http://schemas.opengis.net/wms/1.1.1/WMS_MS_Capabilities.dtd">'
_XLINK = "http://www.w3.org/1999/xlink"
_NAMESPACES_1_3_0 = {
    "xmlns": "http://www.opengis.net/wms",
    "xmlns:sld": "http://www.opengis.net/sld",
    "xmlns:xlink": _XLINK,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": (
        "http://www.opengis.net/wms http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd "
        "http://www.opengis.net/sld http://schemas.opengis.net/sld/1.1.0/sld_capabilities.xsd"
    ),
}


def capabilities(question: Question) -> tuple[str, bytes]:
    """Return media type and document."""
    is_new = question.version == "1.3.0"
    attributes = {"version": question.version, "updateSequence": question.sequence}
    if is_new:
        head = root("WMS_Capabilities", attributes | _NAMESPACES_1_3_0)
    else:
        head = root("WMT_MS_Capabilities", attributes)
    _service(head, question)
    capability = add(head, "Capability")
    _requests(capability, question)
    exceptions = add(capability, "Exception")
    for name in _EXCEPTIONS[question.version]:
        add(exceptions, "Format", name)
    _symbolization(capability, question)
    if question.has_images:
        _layers(capability, question)
    media_type = _MEDIA_TYPES[question.version] + "; charset=UTF-8"
    return media_type, document(head, "" if is_new else _DOCTYPE_1_1_1)


def address(question: Question, request: str, more: dict[str, str] | None = None) -> str:
    """Return the URL of a request of this WMS."""
    words = {"SERVICE": "WMS", "VERSION": question.version, "REQUEST": request, **(more or {})}
    return f"{question.address}{urlencode(words)}"


def _service(head: Element, question: Question) -> None:
    properties = question.summary.properties
    service = add(head, "Service")
    add(service, "Name", "WMS" if question.version == "1.3.0" else "OGC:WMS")
    add(service, "Title", properties.title or question.layer)
    add_known(service, "Abstract", properties.description)
    keywords = add(service, "KeywordList")
    for word in ("imagery", "raster", *(band.name for band in question.summary.bands[:32])):
        add(keywords, "Keyword", word)
    _resource(service, question.address)
    add(service, "Fees", "none")
    add(service, "AccessConstraints", properties.copyright.strip() or "none")
    if question.version == "1.3.0":
        add(service, "LayerLimit", "1")
        add(service, "MaxWidth", str(properties.max_image_width))
        add(service, "MaxHeight", str(properties.max_image_height))


def _resource(parent: Element, url: str) -> None:
    words = {"xmlns:xlink": _XLINK, "xlink:type": "simple", "xlink:href": url}
    add(parent, "OnlineResource", attributes=words)


def _requests(capability: Element, question: Question) -> None:
    requests = add(capability, "Request")
    is_new = question.version == "1.3.0"
    legend = "sld:GetLegendGraphic" if is_new else "GetLegendGraphic"
    listed = {
        "GetCapabilities": ("text/xml" if is_new else _MEDIA_TYPES["1.1.1"],),
        "GetMap": tuple(MAP_FORMATS),
        "GetFeatureInfo": INFO_FORMATS,
        legend: LEGEND_FORMATS,
    }
    for name, formats in listed.items():
        request = add(requests, name)
        for media_type in formats:
            add(request, "Format", media_type)
        http = add(add(request, "DCPType"), "HTTP")
        for method in ("Get", "Post"):
            _resource(add(http, method), question.address)


def _symbolization(capability: Element, question: Question) -> None:
    words = {"SupportSLD": "1", "UserLayer": "0", "UserStyle": "1", "RemoteWFS": "0"}
    if question.version == "1.3.0":
        words |= {"InlineFeature": "0", "RemoteWCS": "0"}
        add(capability, "sld:UserDefinedSymbolization", attributes=words)
    else:
        add(capability, "UserDefinedSymbolization", attributes=words)


def _layers(capability: Element, question: Question) -> None:
    """Write one layer below a layer without a name, which is the map of all."""
    summary, properties = question.summary, question.summary.properties
    boxes = layer_boxes(summary, question.version)
    around = add(capability, "Layer")
    add(around, "Title", properties.title or question.layer)
    _place(around, question, boxes)
    attributes = {"queryable": "1", "opaque": "0"}
    layer = add(around, "Layer", attributes=attributes)
    add(layer, "Name", question.layer)
    add(layer, "Title", properties.title or question.layer)
    add_known(layer, "Abstract", properties.description)
    _place(layer, question, boxes)
    _dimensions(layer, question)
    if properties.copyright.strip():
        add(add(layer, "Attribution"), "Title", properties.copyright)
    _styles(layer, question)


def _place(layer: Element, question: Question, boxes: tuple[LayerBox, ...]) -> None:
    is_new, area = question.version == "1.3.0", lonlat_box(question.summary)
    for each in boxes:
        add(layer, "CRS" if is_new else "SRS", each.crs.name)
    if is_new:
        around = add(layer, "EX_GeographicBoundingBox")
        sides = (area.xmin, area.xmax, area.ymin, area.ymax)
        names = ("westBound", "eastBound", "southBound", "northBound")
        for name, ending, value in zip(names, _ENDINGS, sides, strict=True):
            add(around, name + ending, repr(value))
    else:
        add(layer, "LatLonBoundingBox", attributes=_corners(area))
    for each in boxes:
        if each.box is None:
            continue
        named = {"CRS" if is_new else "SRS": each.crs.name}
        attributes = named | _corners(each.crs.corners(each.box))
        if each.crs.key == question.summary.crs and each.box == question.summary.extent:
            sizes = question.summary.pixel_size_x, question.summary.pixel_size_y
            first, second = sizes[::-1] if each.crs.is_north_first else sizes
            attributes |= {"resx": repr(first), "resy": repr(second)}
        add(layer, "BoundingBox", attributes=attributes)


_ENDINGS = ("Longitude", "Longitude", "Latitude", "Latitude")


def _corners(box: Extent | tuple[float, float, float, float]) -> dict[str, str]:
    corners = box if isinstance(box, tuple) else (box.xmin, box.ymin, box.xmax, box.ymax)
    names = ("minx", "miny", "maxx", "maxy")
    return {name: repr(value) for name, value in zip(names, corners, strict=True)}


def _dimensions(layer: Element, question: Question) -> None:
    listed = layer_dimensions(question.summary)
    for each in listed:
        dimension, words = {"name": each.name, "units": each.units}, _extent_words(each)
        if question.version == "1.3.0":
            add(layer, "Dimension", each.extent, dimension | words)
        else:
            add(layer, "Dimension", attributes=dimension)
    if question.version == "1.1.1":
        for each in listed:
            add(layer, "Extent", each.extent, {"name": each.name} | _extent_words(each))


def _extent_words(dimension: LayerDimension) -> dict[str, str]:
    words = {"default": dimension.default, "multipleValues": "1", "nearestValue": "0"}
    return words | ({"current": "1"} if dimension.has_current else {})


def _styles(layer: Element, question: Question) -> None:
    described = [(DEFAULT, "Default", "")]
    described += [
        (template.name, template.name, template.description)
        for template in question.summary.templates
        if template.name.casefold() != DEFAULT
    ]
    for name, title, about in described:
        style = add(layer, "Style")
        add(style, "Name", name)
        add(style, "Title", title)
        add_known(style, "Abstract", about)
        width, height = legend_size(question.summary, "" if name == DEFAULT else name)
        size = {"width": str(width), "height": str(height)}
        legend = add(style, "LegendURL", attributes=size)
        add(legend, "Format", LEGEND_FORMATS[0])
        words = {"LAYER": question.layer, "STYLE": name, "FORMAT": LEGEND_FORMATS[0]}
        words |= {"WIDTH": size["width"], "HEIGHT": size["height"]}
        _resource(legend, address(question, "GetLegendGraphic", words))
