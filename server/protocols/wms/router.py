"""WMS over HTTP: one endpoint for each service, at the address of ArcGIS and at a short one.

    /arcgis/services/[folder/]name/ImageServer/WMSServer
    /wms/[folder/]name
    /wms                                                 services that offer it

GET and POST of forms are alike; XML that is posted is not read. What fails is an exception of WMS with the
status that it stands for, unless the client asked for a picture in its place.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from starlette.responses import Response
from starlette.routing import Route

from engine.errors import ImageServerError, InvalidParameter
from server.errors import headers_of, hidden_reference, message_of, status_of
from server.http.edge import internal_error
from server.http.http_caching import conditional
from server.http.responses import note_error, respond
from server.instances.job import Job
from server.pages.account import account_of
from server.protocols.arcgis.directory import checked_name
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.request_reader import read_pairs
from server.protocols.wms.coordinate_systems import is_known
from server.protocols.wms.exception_picture import canvas_of, picture
from server.protocols.wms.exceptions import (
    ServiceException,
    exception_form,
    json_exception,
    xml_exception,
)
from server.protocols.wms.operations import OPERATIONS
from server.protocols.wms.operations.base import AskedOperation, DescribedOperation, Question
from server.protocols.wms.refusal import WmsNotOffered, WmsRefusal, code_of
from server.protocols.wms.service_list import list_services
from server.protocols.wms.versions import version_in, version_of
from server.visitor import visitor_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from server.protocols.wms.exceptions import Form
    from server.site.service_registry import PublishedService
    from server.state import ServerState

T = TypeVar("T")

PROTOCOL = "wms"
ESRI = "/arcgis/services/{name:path}/ImageServer/WMSServer"
SHORT = "/wms/{name:path}"
LISTS = ("/wms", "/wms/")
_METHODS = ["GET", "HEAD", "POST"]
# As WMS 1.0.0 called them.
_OLD_NAMES = {
    "capabilities": "GetCapabilities",
    "map": "GetMap",
    "feature_info": "GetFeatureInfo",
}
_INTERNAL = 500


@dataclass(frozen=True, slots=True)
class _Call:
    """One request, and the thread for what takes its time."""

    request: Request
    state: ServerState
    helper: ThreadPoolExecutor

    async def aside(self, work: Callable[[], T]) -> T:
        """Return what is worked out beside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.helper, work)


def routes(state: ServerState) -> list[BaseRoute]:
    """Return the routes of this protocol."""
    # PROJ is slow with what is new to it, and other requests must not wait: a thread of its own.
    aside = ThreadPoolExecutor(1, thread_name_prefix="wms")

    async def endpoint(request: Request) -> Response:
        """Answer one request of WMS."""
        parameters = Parameters(())
        try:
            parameters = Parameters(await read_pairs(request))
            return await _answer(_Call(request, state, aside), parameters)
        except ImageServerError as error:
            return await _failed(request, parameters, error)
        except Exception:
            return await _failed(request, parameters, internal_error("WMS request"))

    return [Route(path, endpoint, methods=_METHODS) for path in (ESRI, *LISTS, SHORT)]


async def _answer(call: _Call, parameters: Parameters) -> Response:
    request, state = call.request, call.state
    visitor = visitor_of(state, request.scope, parameters.text("token"))
    path: str = request.path_params.get("name", "")
    if not path.strip("/"):
        request.scope["swath.labels"] = ("", PROTOCOL, "list")
        accept = request.headers.get("accept", "")
        account = account_of(state, request)
        return list_services(visitor, state.public_base(request), accept, account)
    service = visitor.service(checked_name(path.strip("/").split("/")))
    request.scope["swath.labels"] = (service.name, PROTOCOL, "other")
    if not service.summary.properties.wms:
        raise WmsNotOffered(service.name)
    name = _request_name(parameters)
    request.scope["swath.labels"] = (service.name, PROTOCOL, name)
    exception_form(parameters)
    question = Question(
        version=version_of(parameters),
        service=service.name,
        sequence=service.version,
        url=_public_address(request, state, service),
        summary=service.summary,
        parameters=parameters,
        token=visitor.carried(service.name),
    )
    operation = OPERATIONS[name]
    if isinstance(operation, AskedOperation):
        if not question.has_images:
            accepted = "GetCapabilities: this service has no capability Image"
            raise WmsRefusal("OperationNotSupported", "REQUEST", name, accepted)
        client = state.client_of(request.scope)
        make_job = partial(_job, service, name, question, client)
        job = make_job() if _is_quick(question) else await call.aside(make_job)
        return await respond(request, state, job)
    assert isinstance(operation, DescribedOperation)
    media_type, body = await call.aside(partial(operation.describe, question))
    key = (service.version, name, body)
    return conditional(request, key, lambda: Response(body, media_type=media_type))


def _is_quick(question: Question) -> bool:
    """Tell whether the parameters are read in less than a millisecond."""
    parameters = question.parameters
    return is_known(parameters, question.version) and not parameters.text("SLD_BODY")


def _public_address(request: Request, state: ServerState, service: PublishedService) -> str:
    """Return the address that the client came by, with the service's own name in it."""
    is_short = request.scope["route"].path == SHORT
    path = f"/wms/{service.name}"
    if not is_short:
        path = f"/arcgis/services/{service.name}/ImageServer/WMSServer"
    return state.public_base(request) + path


def _request_name(parameters: Parameters) -> str:
    service = parameters.text("SERVICE")
    if service.casefold() not in ("", "wms"):
        raise InvalidParameter("SERVICE", service, "WMS")
    name = parameters.text("REQUEST")
    if not name and not parameters.text("LAYERS"):
        # People paste the address of a service into a browser, to see what is there.
        return "GetCapabilities"
    name = _OLD_NAMES.get(name.casefold(), name)
    if name not in OPERATIONS:
        accepted = "one of " + ", ".join(OPERATIONS)
        raise WmsRefusal("OperationNotSupported", "REQUEST", name, accepted)
    return OPERATIONS.own_name(name)


def _job(service: PublishedService, name: str, question: Question, client: str) -> Job:
    operation = OPERATIONS[name]
    assert isinstance(operation, AskedOperation)
    asked = operation.parse(question)
    return Job(
        service=service,
        request=asked.request,
        operation=name,
        protocol=PROTOCOL,
        renderer="" if asked.is_final else f"{PROTOCOL}:{name}",
        options=asked.options,
        client=client,
    )


async def _failed(request: Request, parameters: Parameters, error: ImageServerError) -> Response:
    """Word an error in the form asked for, as far as the request let itself be read."""
    version, status = version_in(parameters), status_of(error)
    # A client that asks for a picture in place of an exception shows it only if all seems well.
    note_error(request, error, status)
    headers = {"Cache-Control": "no-store", **headers_of(error)}
    found = hidden_reference(error)
    text = f"{message_of(error)} Reference {found}." if found else message_of(error)
    said = ServiceException(code_of(error, version), text)
    form = _form(parameters)
    canvas = canvas_of(parameters) if form in ("inimage", "blank") else None
    if canvas is not None:
        text = said.text if form == "inimage" else ""
        media_type, body = await asyncio.to_thread(picture, canvas, text)
        shown = status if status >= _INTERNAL else 200
        return Response(body, shown, headers, media_type)
    write = json_exception if form == "json" else xml_exception
    media_type, body = write(said, version)
    return Response(body, status, headers, media_type)


def _form(parameters: Parameters) -> Form:
    try:
        form = exception_form(parameters)
    except ImageServerError:
        return "xml"
    if form in ("inimage", "blank") and parameters.text("REQUEST").casefold() not in (
        "getmap",
        "map",
    ):
        # Only a map has a picture to stand in for.
        return "xml"
    return form
