"""ArcGIS REST: one endpoint for the tree under `/arcgis/rest`.

    /arcgis/rest                                                 landing, info
    /arcgis/rest/services[/folder]                               directory
    /arcgis/rest/services/[folder/]name/ImageServer[/operation]  service_pages, OPERATIONS

GET and POST are alike, names of operations ignore case, trailing slashes are welcome. A further operation
is a module and a line in `operations`, nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from engine.errors import ImageServerError
from server.errors import headers_of, status_of
from server.http_caching import conditional
from server.protocols.arcgis.answer_form import AnswerForm, answer_form
from server.protocols.arcgis.directory import (
    InvalidUrl,
    checked_name,
    folder_catalog,
    root_catalog,
    server_info,
)
from server.protocols.arcgis.errors import Failure, failure_of
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.pages import page
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.request_reader import Pairs, read_pairs
from server.protocols.arcgis.service_handler import ServiceCall, handle_service

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.state import ServerState

ROOT = "/arcgis/rest"
_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True, slots=True)
class _Call:
    """One request being answered."""

    state: ServerState
    request: Request
    base: str
    segments: list[str]
    pairs: Pairs
    parameters: Parameters


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of this protocol."""

    async def endpoint(request: Request) -> Response:
        parameters = Parameters(())
        try:
            pairs = await read_pairs(request)
            parameters = Parameters(pairs)
            response = await _answer(_call(state, request, pairs, parameters))
        except ImageServerError as error:
            failure = failure_of(error, status_of)
            response = _failed(request, parameters, failure, dict(headers_of(error)))
        except Exception as error:
            response = _failed(request, parameters, failure_of(error, status_of), {})
        if not parameters.text("f"):
            # Then Accept decides between a page and JSON.
            response.headers.add_vary_header("Accept")
        return response

    return [
        Route(ROOT, endpoint, methods=_METHODS, name="arcgis_root"),
        Route(ROOT + "/{path:path}", endpoint, methods=_METHODS, name="arcgis"),
    ]


def _call(state: ServerState, request: Request, pairs: Pairs, parameters: Parameters) -> _Call:
    path: str = request.path_params.get("path", "")
    return _Call(
        state=state,
        request=request,
        base=state.public_base(request),
        segments=path.strip("/").split("/") if path.strip("/") else [],
        pairs=pairs,
        parameters=parameters,
    )


async def _answer(call: _Call) -> Response:
    segments = call.segments
    head = segments[0].casefold() if segments else ""
    if head == "services":
        return await _answer_services(call, segments[1:])
    if len(segments) > 1 or head not in ("", "info"):
        raise InvalidUrl("info, services or an image service")
    return _described(call, server_info(call.base), "Server information")


async def _answer_services(call: _Call, segments: list[str]) -> Response:
    folded = [segment.casefold() for segment in segments]
    if "imageserver" in folded:
        place = folded.index("imageserver")
        service = call.state.service(checked_name(segments[:place]))
        service_call = ServiceCall(
            state=call.state,
            request=call.request,
            service=service,
            base=call.base,
            pairs=call.pairs,
            parameters=call.parameters,
        )
        # Clients that add a slash too many find their operation; a name must be spelled right.
        return await handle_service(service_call, [part for part in segments[place + 1 :] if part])
    names = call.state.registry.names()
    if not segments:
        return _catalog_answer(call, root_catalog(names), "Services")
    if len(segments) == 1:
        return _catalog_answer(call, folder_catalog(segments[0], names), segments[0])
    raise InvalidUrl("info, services or an image service")


def _described(call: _Call, value: dict[str, Any], title: str) -> Response:
    form = _form(call)
    if form.f == "html":
        rows = [(key, text) for key, text in value.items() if isinstance(text, str | float)]
        values = {"title": title, "base": call.base, "trail": _trail(call), "rows": rows}
        return page("server.html", values)
    return _json(call, value, form)


def _catalog_answer(call: _Call, value: dict[str, Any], title: str) -> Response:
    form = _form(call)
    if form.f != "html":
        return _json(call, value, form)
    services = f"{call.base}{ROOT}/services"
    names = [service["name"] for service in value["services"]]
    values = {
        "title": title,
        "base": call.base,
        "trail": _trail(call),
        "url": services if title == "Services" else f"{services}/{title}",
        "folders": [(folder, f"{services}/{folder}") for folder in value["folders"]],
        "services": [(name, f"{services}/{name}/ImageServer") for name in names],
    }
    return page("folder.html", values)


def _form(call: _Call) -> AnswerForm:
    return answer_form(call.parameters, call.request.headers.get("accept", ""))


def _json(call: _Call, value: dict[str, Any], form: AnswerForm) -> Response:
    media_type, body = encode(value, form.options())
    return conditional(
        call.request, (body, media_type), lambda: Response(body, media_type=media_type)
    )


def _trail(call: _Call) -> list[tuple[str, str]]:
    return [("Services", f"{call.base}{ROOT}/services")]


def _failed(
    request: Request, parameters: Parameters, failure: Failure, headers: dict[str, str]
) -> Response:
    """Word an error as JSON, JSONP or a page, as far as the request let itself be read."""
    # What is counted and logged is what happened, not the 200 that clients of ArcGIS expect.
    request.scope["swath.status"] = failure.code
    try:
        form = answer_form(parameters, request.headers.get("accept", ""), ("image", "geojson"))
    except ImageServerError:
        form = AnswerForm()
    if form.f == "html" and failure.status == 200:
        values = {"title": f"Error {failure.code}", "base": "", "trail": []}
        return page(
            "error.html", {**values, "message": failure.message, "details": failure.details}
        )
    media_type, body = encode(failure.body(), form.options())
    headers["Cache-Control"] = "no-store"
    return Response(body, status_code=failure.status, media_type=media_type, headers=headers)
