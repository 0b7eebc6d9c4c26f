"""Metadata as XML, in the element names of ArcGIS metadata: what it is, where, in which CRS, of which bands.

References
----------
ISO 19115:2003 for what the elements mean; the short names (dataIdInfo, idAbs, GeoBndBox) are those of
ISO 19139's predecessors, which the ArcGIS metadata format 1.0 has kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.xml_text import add, add_known, document, root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.extent import Extent
    from engine.summary import ServiceSummary

XML_TYPE = "text/xml; charset=utf-8"


def metadata_xml(
    title: str,
    summary: ServiceSummary,
    extent: Extent | None,
    properties: Mapping[str, Any],
) -> bytes:
    """Return the document.

    Parameters
    ----------
    extent : Extent or None
        In degrees.
    properties
        Further facts by name.
    """
    own = summary.properties
    whole = root("metadata", {"xml:lang": "en"})
    add(add(whole, "Esri"), "ArcGISFormat", "1.0")
    identity = add(whole, "dataIdInfo")
    add_known(add(identity, "idCitation"), "resTitle", title)
    add_known(identity, "idAbs", own.description)
    add_known(identity, "idPurp", own.description[:250])
    add_known(identity, "idCredit", own.copyright)
    add(add(identity, "searchKeys"), "keyword", "imagery")
    if extent is not None:
        place = add(add(identity, "dataExt"), "geoEle")
        box = add(place, "GeoBndBox", attributes={"esriExtentType": "search"})
        edges = {
            "westBL": extent.xmin,
            "eastBL": extent.xmax,
            "southBL": extent.ymin,
            "northBL": extent.ymax,
        }
        for name, value in edges.items():
            add(box, name, repr(value))
    system = add(add(whole, "refSysInfo"), "RefSystem")
    code = summary.latest_wkid or summary.wkid
    code_text = str(code) if code else summary.crs
    add(add(system, "refSysID"), "identCode", attributes={"code": code_text})
    content = add(add(whole, "contInfo"), "ImgDesc")
    for band in summary.bands:
        add_known(add(add(content, "covDim"), "Band"), "dimDescrp", band.name)
    for name, value in properties.items():
        if value is not None:
            add(content, "attribute", str(value), {"name": str(name)})
    return document(whole)
