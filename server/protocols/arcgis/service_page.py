"""The page of an image service: what it is, where to look at it, its resources and operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from server.pages.account import account_of
from server.protocols.arcgis.answer_form import AnswerForm
from server.protocols.arcgis.operation_page import trail, with_query
from server.protocols.arcgis.operations import OPERATIONS, ROOT, service_root
from server.protocols.arcgis.pages import page
from server.protocols.arcgis.readable import readable, spoken
from server.protocols.arcgis.readable_dates import with_dates
from server.protocols.arcgis.service_call import RASTER, has_rule
from server.protocols.arcgis.service_json import service_json

if TYPE_CHECKING:
    from starlette.responses import Response

    from server.protocols.arcgis.operations.base import Question
    from server.protocols.arcgis.service_call import ServiceCall

# Name, hint and address.
Link: TypeAlias = tuple[str, str, str]

# Shown elsewhere on the page, or said twice by the JSON.
_NOT_LISTED = frozenset(
    {"name", "description", "serviceDescription", "currentVersion", "initialExtent", "fullExtent"}
)


async def service_page(call: ServiceCall, question: Question) -> Response:
    """Return the page, under a rendering rule if one is asked for.

    Raises
    ------
    ImageServerError
        The rule is none, or cannot be described.
    """
    facts = await _facts(call, question)
    rows = [
        (spoken(name), readable(value))
        for name, value in with_dates(facts).items()
        if name not in _NOT_LISTED and value not in (None, "", [], {})
    ]
    resources, operations = _links(call)
    values = {
        "title": f"{call.service.name} (ImageServer)",
        "base": call.base,
        "trail": trail(call),
        "url": call.url,
        "json_url": with_query(call.url, question, "pjson"),
        "views": views(call),
        "has_wms": call.service.summary.properties.wms,
        "facts": facts,
        "rows": rows,
        "rule": question.parameters.text("renderingRule"),
        "fields": service_root.INFO.fields,
        "resources": resources,
        "operations": operations,
    }
    return page("service.html", values, account_of(call.state, call.request))


async def _facts(call: ServiceCall, question: Question) -> dict[str, Any]:
    if not has_rule(question):
        return service_json(call.service.name, call.service.summary)
    job = call.job(ROOT, service_root.parse(question), AnswerForm("json"))
    reply = await call.state.ask(job)
    facts: dict[str, Any] = msgspec.json.decode(bytes(reply.body))
    return facts


def views(call: ServiceCall) -> list[tuple[str, str]]:
    """Return where else a service can be looked at."""
    name = call.service.name
    found = [("Map", f"{call.base}/map/{name}"), ("TileJSON", f"{call.base}/tiles/{name}.json")]
    if call.service.summary.properties.wms:
        wms = f"{call.base}/arcgis/services/{name}/ImageServer/WMSServer"
        found.append(("WMS", f"{wms}?request=GetCapabilities&service=WMS"))
    return found


def _links(call: ServiceCall) -> tuple[list[Link], list[Link]]:
    """Return child resources and operations; no alias of another."""
    resources: list[Link] = []
    operations: list[Link] = []
    seen = set()
    for name, operation in OPERATIONS.items():
        if name == ROOT or name.startswith(RASTER) or not call.offers(operation):
            continue
        if id(operation) in seen:
            continue
        seen.add(id(operation))
        # The page of what needs arguments, or answers with pixels, is asked for by name.
        info = operation.INFO
        found = resources if info.is_resource else operations
        suffix = "?f=html" if info.returns_pixels or info.arguments else ""
        found.append((name, operation.INFO.hint, f"{call.url}/{name}{suffix}"))
    return resources, operations
