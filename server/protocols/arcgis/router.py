"""ArcGIS REST: one endpoint for the tree under `/arcgis/rest`, and what clients ask beside it.

    /arcgis/rest                                                 landing, info, generateToken
    /arcgis/rest/services[/folder]                               directory
    /arcgis/rest/services/[folder/]name/ImageServer[/operation]  service_pages, OPERATIONS
    /arcgis/rest/directories/arcgisoutput/…                      links of exports

    /arcgis/tokens, /arcgis/admin/generateToken                  the token service
    /arcgis/info, /arcgis/sharing/…, /sharing/…                  no portal

GET and POST are alike, names of operations ignore case, trailing slashes are welcome. A further operation
is a module and a line in `operations`, nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from engine.errors import ImageServerError, InternalError
from server.errors import headers_of, status_of
from server.http.http_caching import conditional
from server.http.local_path import path_of
from server.pages.account import account_of, sign_in_first
from server.protocols.arcgis.answer_form import AnswerForm, answer_form
from server.protocols.arcgis.directory import (
    InvalidUrl,
    NoPortal,
    checked_name,
    folder_catalog,
    root_catalog,
    server_info,
)
from server.protocols.arcgis.errors import Failure, failure_of
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.output_links import DIRECTORIES, output_picture
from server.protocols.arcgis.pages import page
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.readable import readable
from server.protocols.arcgis.request_reader import Pairs, read_pairs
from server.protocols.arcgis.service_call import ServiceCall
from server.protocols.arcgis.service_handler import handle_service
from server.protocols.arcgis.spatial_reference import as_typed
from server.protocols.arcgis.token_service import (
    Line,
    TokenRefused,
    TokenService,
    asks_nothing,
)
from server.visitor import visitor_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

    from server.state import ServerState
    from server.visitor import Visitor

ROOT = "/arcgis/rest"
_METHODS = ["GET", "HEAD", "POST"]
# Real servers have the token service at all of these; `/arcgis/rest/generateToken` is in the tree below.
_TOKEN_PATHS = (
    "/arcgis/tokens",
    "/arcgis/tokens/",
    "/arcgis/tokens/generateToken",
    "/arcgis/admin/generateToken",
)
# Clients look for a portal before they believe that a server stands alone.
_PORTAL_PATHS = (
    "/arcgis/info",
    "/arcgis/sharing",
    "/arcgis/sharing/{path:path}",
    "/sharing",
    "/sharing/{path:path}",
)
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_TOP = ("", "info", "generatetoken")
_TOKEN_REQUIRED = 499


@dataclass(frozen=True, slots=True)
class _Call:
    """One request being answered; `segments` are what its path has behind the route's own."""

    state: ServerState
    request: Request
    base: str
    segments: list[str]
    pairs: Pairs
    parameters: Parameters
    visitor: Visitor


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of this protocol."""

    def guarded(answer: Callable[[_Call], Awaitable[Response]]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return await _guarded(state, request, answer)

        return endpoint

    table = {
        ROOT: _answer,
        ROOT + "/{path:path}": _answer,
        **dict.fromkeys(_TOKEN_PATHS, _give_token),
        **dict.fromkeys(_PORTAL_PATHS, _deny_portal),
    }
    return [Route(path, guarded(answer), methods=_METHODS) for path, answer in table.items()]


async def _guarded(
    state: ServerState,
    request: Request,
    answer: Callable[[_Call], Awaitable[Response]],
) -> Response:
    """Answer, or word what went wrong."""
    parameters = Parameters(())
    pairs: Pairs = ()
    base = state.public_base(request)
    try:
        pairs = await read_pairs(request)
        parameters = Parameters(pairs)
        path: str = request.path_params.get("path", "")
        segments = path.strip("/").split("/") if path.strip("/") else []
        # A script may be asked for by a page of another site: it is not told what a cookie opens.
        visitor = visitor_of(
            state,
            request.scope,
            parameters.text("token"),
            takes_cookies=not parameters.text("callback"),
        )
        call = _Call(state, request, base, segments, pairs, parameters, visitor)
        response = await answer(call)
    except ImageServerError as error:
        typed = as_typed(error, pairs)
        request.scope["swath.error"] = typed
        failure = failure_of(typed, status_of)
        response = _failed(state, request, parameters, failure, headers_of(error))
    except Exception as error:
        request.scope["swath.error"] = InternalError("")
        response = _failed(state, request, parameters, failure_of(error, status_of))
    if not parameters.text("f"):
        # Then Accept decides between a page and JSON.
        response.headers.add_vary_header("Accept")
    return response


async def _answer(call: _Call) -> Response:
    segments = call.segments
    head = segments[0].casefold() if segments else ""
    if head == "services":
        return await _answer_services(call, segments[1:])
    if head == DIRECTORIES:
        return await output_picture(call.state, call.request, segments[1:])
    if len(segments) > 1 or head not in _TOP:
        raise InvalidUrl("info, services or an image service")
    if head == "generatetoken":
        return await _give_token(call)
    state = call.state
    minutes = state.settings.access.token_minutes
    info = server_info(call.base, has_users=state.access.has_accounts, token_minutes=minutes)
    return _described(call, info, "Server information")


async def _give_token(call: _Call) -> Response:
    scope = call.request.scope
    state, address = call.state, call.state.address
    tokens = TokenService(state.access, needs_https=state.settings.access.require_https)
    line = Line(
        query=Parameters.from_query(scope["query_string"]),
        address=address.client(scope),
        is_private=address.is_private(scope),
    )
    form = _form(call)
    if form.f == "html" and asks_nothing(call.parameters):
        return _token_page(call, {})
    try:
        given = await tokens.token(call.pairs, call.parameters, line)
    except TokenRefused as refused:
        if form.f == "html":
            response = _token_page(call, refused.failure.body()["error"])
            response.status_code = refused.failure.status
            response.headers.update(refused.headers)
            return response
        return _failed(state, call.request, call.parameters, refused.failure, refused.headers)
    if form.f == "html":
        return _token_page(call, given)
    media_type, body = encode(given, form.options())
    # Proxies and browsers keep no token.
    return Response(body, media_type=media_type, headers={"Cache-Control": "no-store"})


def _token_page(call: _Call, found: Mapping[str, Any]) -> Response:
    """Return the form of the token service, with the token or what is wrong."""
    ends = datetime.fromtimestamp(found.get("expires", 0) / 1000, UTC)
    values = {
        "title": "Generate token",
        "base": call.base,
        "trail": [("Home", f"{call.base}{ROOT}")],
        "action": f"{call.base}/arcgis/tokens/generateToken",
        "message": found.get("message", ""),
        "details": found.get("details", ()),
        "token": found.get("token", ""),
        "ends": f"{ends:%Y-%m-%d %H:%M}",
    }
    response = page("token.html", values, account_of(call.state, call.request))
    response.headers["Cache-Control"] = "no-store"
    return response


async def _deny_portal(call: _Call) -> Response:
    failure = replace(failure_of(NoPortal(), status_of), status=HTTPStatus.NOT_FOUND)
    return _failed(call.state, call.request, call.parameters, failure)


async def _answer_services(call: _Call, segments: list[str]) -> Response:
    folded = [segment.casefold() for segment in segments]
    if "imageserver" in folded:
        place = folded.index("imageserver")
        service = call.visitor.service(checked_name(segments[:place]))
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
    if not segments:
        return _catalog_answer(call, root_catalog(call.visitor.names()), "Services")
    if len(segments) == 1:
        (folder,) = segments
        names = call.visitor.folder(folder)
        return _catalog_answer(call, folder_catalog(folder, names), folder)
    raise InvalidUrl("info, services or an image service")


def _described(call: _Call, value: dict[str, Any], title: str) -> Response:
    form = _form(call)
    if form.f == "html":
        values = {
            "title": title,
            "base": call.base,
            "trail": _trail(call.base),
            "part": readable(value),
            "json_url": f"{call.base}{ROOT}/info?f=pjson",
        }
        return page("server.html", values, account_of(call.state, call.request))
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
        "trail": _trail(call.base),
        "url": services if title == "Services" else f"{services}/{title}",
        "folders": [(folder, f"{services}/{folder}") for folder in value["folders"]],
        "services": [(name, f"{services}/{name}/ImageServer") for name in names],
    }
    return page("folder.html", values, account_of(call.state, call.request))


def _form(call: _Call) -> AnswerForm:
    return answer_form(call.parameters, call.request.headers.get("accept", ""))


def _json(call: _Call, value: dict[str, Any], form: AnswerForm) -> Response:
    media_type, body = encode(value, form.options())
    return conditional(
        call.request, (body, media_type), lambda: Response(body, media_type=media_type)
    )


def _trail(base: str) -> list[tuple[str, str]]:
    return [("Home", f"{base}{ROOT}"), ("services", f"{base}{ROOT}/services")]


def _failed(
    state: ServerState,
    request: Request,
    parameters: Parameters,
    failure: Failure,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Response:
    """Word an error as JSON, JSONP or a page, as far as the request let itself be read."""
    # What is counted and logged is what happened, not the 200 that clients of ArcGIS expect.
    request.scope["swath.status"] = failure.code
    try:
        form = answer_form(parameters, request.headers.get("accept", ""), ("image", "geojson"))
    except ImageServerError:
        form = AnswerForm()
    base = state.public_base(request)
    if form.f == "html" and failure.status == 200:
        if failure.code == _TOKEN_REQUIRED and request.method != "POST":
            scope = request.scope
            return sign_in_first(f"{base}/", path_of(scope["path"], scope["query_string"]))
        values = {"title": f"Error {failure.code}", "base": base, "trail": _trail(base)}
        told = {"message": failure.message, "details": failure.details}
        return page("error.html", {**values, **told}, account_of(state, request))
    media_type, body = encode(failure.body(), form.options())
    headers = {**headers, "Cache-Control": "no-store"}
    return Response(body, status_code=failure.status, media_type=media_type, headers=headers)
