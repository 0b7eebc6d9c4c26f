"""The page of an operation: its form, filled in, and below it what the answer says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from engine.errors import ImageServerError
from engine.readers.source_files import OpenedFile
from server.errors import status_of
from server.http.responses import note_error
from server.pages.account import account_of
from server.protocols.arcgis.answer_form import AnswerForm
from server.protocols.arcgis.errors import failure_of
from server.protocols.arcgis.form_starts import form_fields, form_values, is_sent
from server.protocols.arcgis.operations import OPERATIONS
from server.protocols.arcgis.operations.base import (
    RenderedFile,
    is_asked,
    is_described,
    is_looking,
)
from server.protocols.arcgis.output_links import with_href
from server.protocols.arcgis.pages import page
from server.protocols.arcgis.readable import Part, Words, readable_answer
from server.protocols.arcgis.readable_dates import DATE_KEYS
from server.protocols.arcgis.service_call import RASTER, describes, read_question
from server.protocols.arcgis.spatial_reference import as_typed

if TYPE_CHECKING:
    from starlette.responses import Response

    from server.protocols.arcgis.operations import Operation
    from server.protocols.arcgis.operations.base import Question
    from server.protocols.arcgis.service_call import ServiceCall

# What steers the answer or is secret; no link of a page repeats it.
STEERING = frozenset({"f", "token", "callback", "pretty", "_ts"})
_SHOWN_CHARACTERS = 100_000
# Endings of links that browsers show; others are to be downloaded.
_PICTURES = ("png", "jpg", "gif", "bmp", "webp")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the page shows below the form; at most one of them but the error."""

    part: Part | None = None
    text: str = ""
    picture: str = ""
    download: str = ""
    error: dict[str, Any] | None = None


async def operation_page(
    call: ServiceCall, name: str, operation: Operation, question: Question
) -> Response:
    """Return the page; the answer is on it once the form was sent, of resources at once."""
    info = operation.INFO
    answer = _Answer()
    if info.is_resource or is_sent(info, question) or not form_fields(info):
        try:
            answer = await _answer(call, name, operation, question)
        except ImageServerError as error:
            typed = as_typed(error, question.query)
            failure = failure_of(typed, status_of)
            answer = _Answer(error=failure.body()["error"])
            note_error(call.request, typed, failure.code)
    path = name.replace(RASTER, question.parameters.text("rasterId"))
    values = {
        "title": info.title,
        "base": call.base,
        "trail": trail(call, path),
        "info": info,
        "name": path,
        "fields": [field for field in form_fields(info) if f"{{{field.name}}}" not in name],
        "forms": ("html", *info.formats, *(() if info.returns_pixels else ("json", "pjson"))),
        "action": f"{call.url}/{path}",
        "values": form_values(info, question),
        "json_url": ""
        if info.returns_pixels
        else with_query(f"{call.url}/{path}", question, "pjson"),
        "thumbnail": f"{call.url}/{path}/thumbnail" if name == RASTER else "",
        "children": _children(call, name, question),
        "answer": answer,
    }
    # In a thread: a table of many rows takes longer than other requests should wait.
    account = account_of(call.state, call.request)
    return await asyncio.to_thread(page, "operation.html", values, account)


async def _answer(
    call: ServiceCall, name: str, operation: Operation, question: Question
) -> _Answer:
    empty = operation.INFO.empty
    if is_looking(operation):
        found = await asyncio.to_thread(operation.look, question)
        if isinstance(found, OpenedFile):
            found.stream.close()
        if isinstance(found, OpenedFile | RenderedFile):
            return _Answer(download=with_query(f"{call.url}/{name}", question, "json"))
        return _shown(msgspec.json.encode(found), "json", question, empty)
    if operation.INFO.returns_pixels:
        assert is_asked(operation)
        await read_question(operation.parse, question)
        address = f"{call.url}/{name.replace(RASTER, question.parameters.text('rasterId'))}"
        if operation.INFO.formats:
            return _Answer(download=with_query(address, question, operation.INFO.formats[0]))
        return _Answer(picture=with_query(address, question, "image"))
    if await read_question(partial(describes, operation), question):
        assert is_described(operation)
        value = await read_question(operation.describe, question)
        return _shown(msgspec.json.encode(value), "json", question, empty)
    assert is_asked(operation)
    job = call.job(name, await read_question(operation.parse, question), AnswerForm("json"))
    reply = await call.state.ask(await with_href(call.state, call.base, job))
    return await asyncio.to_thread(_shown, bytes(reply.body), reply.media_type, question, empty)


def _shown(body: bytes, media_type: str, question: Question, empty: str) -> _Answer:
    if "json" not in media_type:
        text = body[: 4 * _SHOWN_CHARACTERS].decode("utf-8", "replace")
        return _Answer(text=text[:_SHOWN_CHARACTERS])
    value = msgspec.json.decode(body)
    if empty and _is_empty(value):
        return _Answer(part=Words(empty))
    href = value.get("href") if isinstance(value, dict) else None
    dates = {field.name for field in question.summary.fields if field.type == "date"}
    part = readable_answer(value, question.url, DATE_KEYS | dates)
    if not isinstance(href, str):
        return _Answer(part=part)
    if href.rpartition(".")[2] in _PICTURES:
        return _Answer(part=part, picture=href)
    return _Answer(part=part, download=href)


def _is_empty(value: Any) -> bool:
    """Tell whether an answer has nothing in it; of features their fields do not count."""
    if isinstance(value, dict):
        return all(map(_is_empty, [value["features"]] if "features" in value else value.values()))
    return value in (None, "", [])


def with_query(address: str, question: Question, f: str) -> str:
    """Return a link to the same answer in another form."""
    pairs = [
        (name, value)
        for name, value in question.query
        if value.strip() and name.strip().casefold() not in STEERING
    ]
    return f"{address}?{urlencode([*pairs, ('f', f)])}"


def _children(call: ServiceCall, name: str, question: Question) -> list[tuple[str, str, str]]:
    """Return name, hint and address of the resources below a raster of the catalog."""
    if name != RASTER:
        return []
    raster = quote(question.parameters.text("rasterId"))
    return [
        (
            key.removeprefix(f"{RASTER}/"),
            operation.INFO.hint,
            f"{call.url}/{key}".replace(RASTER, raster),
        )
        for key, operation in OPERATIONS.items()
        if key.startswith(f"{RASTER}/") and call.offers(operation)
    ]


def trail(call: ServiceCall, path: str = "") -> list[tuple[str, str]]:
    """Return the steps from the list of services to what lies above a page."""
    services = f"{call.base}/arcgis/rest/services"
    steps = [("Home", f"{call.base}/arcgis/rest"), ("services", services)]
    folder, separator, _ = call.service.name.partition("/")
    if separator:
        steps.append((folder, f"{services}/{folder}"))
    if path:
        steps.append((f"{call.service.name.rpartition('/')[2]} (ImageServer)", call.url))
        above = path.partition("/")[0]
        if (above != path and above in OPERATIONS) or (above.isdigit() and above != path):
            steps.append((above, f"{call.url}/{above}"))
    return steps
