"""Features as text, HTML, GeoJSON and GML; every value is escaped."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import msgspec

from server.protocols.xml_text import add, document, root

if TYPE_CHECKING:
    from server.protocols.wms.features import Feature

_NOT_A_NAME = re.compile(r"[^\w.-]+")
# In the page itself, as instances that write it send no headers: nothing in it may load or run anything.
_POLICY = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
_NAMESPACES = {
    "xmlns:wfs": "http://www.opengis.net/wfs",
    "xmlns:gml": "http://www.opengis.net/gml",
    "xmlns:swath": "urn:swath:features",
}


def written(media_type: str, layer: str, features: list[Feature]) -> tuple[str, bytes]:
    """Return media type, with its encoding, and body."""
    if media_type == "application/json":
        return media_type, _geojson(layer, features)
    if media_type == "application/vnd.ogc.gml":
        return f"{media_type}; charset=UTF-8", _gml(layer, features)
    if media_type == "text/html":
        return "text/html; charset=UTF-8", _html(layer, features).encode()
    return "text/plain; charset=UTF-8", _plain(layer, features).encode()


def _plain(layer: str, features: list[Feature]) -> str:
    lines = [f"Layer {layer}"]
    for feature in features:
        lines += ["", f"Feature {feature.id}"]
        lines += [f"  {name} = {_shown(value)}" for name, value in feature.properties.items()]
    return "\n".join([*lines, ""])


def _html(layer: str, features: list[Feature]) -> str:
    tables = []
    for feature in features:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(_shown(value))}</td></tr>"
            for name, value in feature.properties.items()
        )
        tables.append(f"<table><caption>{html.escape(feature.id)}</caption>{rows}</table>")
    title = html.escape(layer)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="UTF-8">{_POLICY}<title>{title}</title></head>'
        f"<body><h1>{title}</h1>{''.join(tables)}</body></html>"
    )


def _geojson(layer: str, features: list[Feature]) -> bytes:
    listed = [
        {
            "type": "Feature",
            "id": f"{layer}.{feature.id}",
            "geometry": {"type": "Point", "coordinates": [feature.x, feature.y]},
            "properties": feature.properties,
        }
        for feature in features
    ]
    collection: dict[str, object] = {"type": "FeatureCollection", "features": listed}
    if features and features[0].crs != "EPSG:4326":
        # GeoJSON knows longitude and latitude alone; clients of WMS read the map's CRS here.
        collection["crs"] = {"type": "name", "properties": {"name": _urn(features[0].crs)}}
    return msgspec.json.encode(collection)


def _gml(layer: str, features: list[Feature]) -> bytes:
    head = root("wfs:FeatureCollection", _NAMESPACES)
    name = f"swath:{_xml_name(layer)}"
    for feature in features:
        entry = add(add(head, "gml:featureMember"), name, attributes={"fid": feature.id})
        point = add(add(entry, "swath:place"), "gml:Point", attributes={"srsName": feature.crs})
        add(point, "gml:coordinates", f"{feature.x!r},{feature.y!r}")
        for key, value in feature.properties.items():
            add(entry, f"swath:{_xml_name(key)}", _shown(value))
    return document(head)


def _xml_name(text: str) -> str:
    name = _NOT_A_NAME.sub("_", text)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


def _urn(crs: str) -> str:
    authority, _, code = crs.partition(":")
    return f"urn:ogc:def:crs:{authority}::{code}"


def _shown(value: object) -> str:
    return "" if value is None else str(value)
