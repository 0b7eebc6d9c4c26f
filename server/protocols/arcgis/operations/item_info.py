"""info and info/iteminfo: title, tags and extent, as catalogs and portals show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.operations.base import OperationInfo
from server.protocols.arcgis.spatial_reference import to_json

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Item information",
    hint="Title, description and extent.",
    capability="Metadata",
    is_resource=True,
)


def describe(question: Question) -> dict[str, Any]:
    """Return the item's description; the extent is in longitude and latitude where it has one."""
    summary = question.summary
    properties = summary.properties
    name = question.service.rpartition("/")[2]
    box = summary.extent_lonlat
    return {
        "culture": "en-us",
        "name": name,
        "guid": "",
        "catalogPath": "",
        "snippet": properties.description[:250],
        "thumbnail": "thumbnail/thumbnail.png",
        "description": properties.description,
        "summary": properties.description[:250],
        "title": properties.title or name,
        "tags": ["imagery"],
        "type": "Image Service",
        "typeKeywords": ["Data", "Service", "Image Service", "ArcGIS Server"],
        "url": question.url,
        "extent": [[box.xmin, box.ymin], [box.xmax, box.ymax]] if box else [],
        "minScale": 0,
        "maxScale": 0,
        "spatialReference": to_json(summary.crs, summary),
        "accessInformation": properties.copyright,
        "licenseInfo": "",
    }
