"""Exceptions in the forms of WMS: XML, JSON, a picture that says it, a picture of nothing.

References
----------
OGC 06-042 (WMS 1.3.0), 6.11 and 7.3.3.11; OGC 01-068r3 (WMS 1.1.1), 6.7 and 7.2.3.11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from server.protocols.wms.refusal import WmsRefusal
from server.protocols.xml_text import add, document, root

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.wms.versions import Version

Form = Literal["xml", "json", "inimage", "blank"]
_FORMS: dict[str, Form] = {
    "": "xml",
    "xml": "xml",
    "text/xml": "xml",
    "application/vnd.ogc.se_xml": "xml",
    "se_xml": "xml",
    "json": "json",
    "application/json": "json",
    "inimage": "inimage",
    "application/vnd.ogc.se_inimage": "inimage",
    "se_inimage": "inimage",
    "blank": "blank",
    "application/vnd.ogc.se_blank": "blank",
    "se_blank": "blank",
}
_DOCTYPE_1_1_1 = '<!DOCTYPE ServiceExceptionReport SYSTEM "http://schemas.opengis.net/wms/1.1.1/exception_1_1_1.dtd">'
_NAMESPACES_1_3_0 = {
    "xmlns": "http://www.opengis.net/ogc",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": (
        "http://www.opengis.net/ogc http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd"
    ),
}


@dataclass(frozen=True, slots=True)
class ServiceException:
    """What a client is told."""

    code: str
    text: str


def exception_form(parameters: Parameters) -> Form:
    """Read EXCEPTIONS.

    Raises
    ------
    WmsRefusal
    """
    text = parameters.text("EXCEPTIONS")
    found = _FORMS.get(text.casefold())
    if found is None:
        raise WmsRefusal("InvalidFormat", "EXCEPTIONS", text, "XML, INIMAGE, BLANK or JSON")
    return found


def xml_exception(said: ServiceException, version: Version) -> tuple[str, bytes]:
    """Return media type and body."""
    is_new = version == "1.3.0"
    head = root(
        "ServiceExceptionReport", {"version": version} | (_NAMESPACES_1_3_0 if is_new else {})
    )
    add(head, "ServiceException", said.text, {"code": said.code} if said.code else {})
    media_type = "text/xml" if is_new else "application/vnd.ogc.se_xml"
    return f"{media_type}; charset=UTF-8", document(head, "" if is_new else _DOCTYPE_1_1_1)


def json_exception(said: ServiceException, version: Version) -> tuple[str, bytes]:
    """Return media type and body."""
    told = {"code": said.code or "noApplicableCode", "locator": "", "text": said.text}
    return "application/json", msgspec.json.encode({"version": version, "exceptions": [told]})
