"""What a server says when it does not do what it was asked: ArcGIS errors, WMS exceptions, pages."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.errors import SourceUnavailable, shorten

if TYPE_CHECKING:
    from server.comparison.fetcher import Answer

_MOST_CHARS = 220
_MOST_READ = 100_000
_NOT_TEXT = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def refusal(answer: Answer, wanted: str) -> SourceUnavailable:
    """Return the error of an answer that is not what was wanted, with the server's own words."""
    error = _json_error(answer.body[:_MOST_READ])
    if error:
        return SourceUnavailable(answer.url, f"answered {shorten(error, _MOST_CHARS)}")
    kind = answer.media_type or "no media type"
    said = shorten(_words(answer.body[:_MOST_READ]), _MOST_CHARS) or "nothing more"
    return SourceUnavailable(
        answer.url, f"answered {answer.status} ({kind}) instead of {wanted}: {said}"
    )


def arcgis_error(value: object) -> str:
    """Return the words of an ArcGIS error, which comes with status 200; "" where it is none."""
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return ""
    details = error.get("details") or []
    listed = details if isinstance(details, list) else [details]
    words = [str(error.get("message") or ""), *(str(detail) for detail in listed)]
    text = " ".join(word.strip() for word in words if word.strip())
    return f"error {error.get('code', '')}: {text}"


def _json_error(body: bytes) -> str:
    try:
        return _plain(arcgis_error(json.loads(body.decode("utf-8", "replace"))))
    except (ValueError, RecursionError):
        return ""


def _words(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    return text if text.startswith("{") else _exception_words(body) or _plain(text)


def _exception_words(body: bytes) -> str:
    """Return what stands in ServiceException (or ExceptionText) elements, with their codes."""
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=False)
    except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError):
        return ""
    found = []
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        if name in ("ServiceException", "ExceptionText"):
            code = element.get("code") or element.get("exceptionCode") or ""
            words = " ".join((element.text or "").split())
            found.append(f"{code}: {words}" if code else words)
    return "; ".join(found)


def _plain(text: str) -> str:
    """Return the text of a page; control characters, which could steer a terminal, are left out."""
    plain = " ".join(_NOT_TEXT.sub(" ", text).split())
    return "".join(c for c in plain if c.isprintable())
