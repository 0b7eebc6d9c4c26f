"""SOAP, as ArcGIS Pro and ArcMap may send it: there is none here, and the fault says where to ask instead.

Rule: what was sent is not read, so no entity in it is ever expanded; the version of SOAP is that of its
Content-Type.

References
----------
SOAP 1.1 section 4.4 (fault) and 6.2 (status 500); SOAP 1.2 part 1 section 5.4, part 2 section 7.4.2
(media type application/soap+xml, a sender's fault is status 400).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import Response
from starlette.routing import Route

from server.visitor import visitor_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from server.state import ServerState

PATHS = (
    "/arcgis/services",
    "/arcgis/services/",
    "/arcgis/services/{name:path}/ImageServer",
    "/arcgis/services/{name:path}/ImageServer/",
)
_TEXT = "This server has no SOAP interface. Ask its REST interface: {}"
_FAULT_11 = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>\
<faultcode>soap:Client</faultcode><faultstring>{}</faultstring>\
</soap:Fault></soap:Body></soap:Envelope>
"""
_FAULT_12 = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body><soap:Fault>\
<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>\
<soap:Reason><soap:Text xml:lang="en">{}</soap:Text></soap:Reason>\
</soap:Fault></soap:Body></soap:Envelope>
"""


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the addresses at which real servers speak SOAP; WMSServer below them is not one."""

    async def endpoint(request: Request) -> Response:
        """Say that there is no SOAP, in a SOAP fault."""
        request.scope["swath.labels"] = ("", "soap", "fault")
        # A client's mistake, whatever status SOAP 1.1 wants for it.
        request.scope["swath.status"] = 400
        name = request.path_params.get("name", "")
        address = f"{state.public_base(request)}/arcgis/rest/services"
        if visitor_of(state, request.scope).find(name) is not None:
            address += f"/{name}/ImageServer"
        return fault(request.headers.get("content-type", ""), address)

    return [Route(path, endpoint, methods=["GET", "HEAD", "POST"]) for path in PATHS]


def fault(content_type: str, rest: str) -> Response:
    """Return the fault in the version of SOAP that was spoken.

    Parameters
    ----------
    rest : str
        Where to ask instead.
    """
    text = escape(_TEXT.format(rest))
    if content_type.partition(";")[0].strip().lower() == "application/soap+xml":
        body, status, media_type = _FAULT_12, 400, "application/soap+xml; charset=utf-8"
    else:
        body, status, media_type = _FAULT_11, 500, "text/xml; charset=utf-8"
    headers = {"Cache-Control": "no-store", "Content-Type": media_type}
    return Response(body.format(text), status_code=status, headers=headers)
