"""Strike out tokens, keys and passwords in whatever is written down (rule 9 of the robustness list).

It works by names (`token=…`, `"password": "…"`, X-API-Key) and by shape (Bearer …, JWT, our own keys, passwords in
URLs), so it holds for texts that nobody foresaw: a traceback with a URL in it, headers as bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

HIDDEN = "***"

_NAMES = (
    r"[\w-]*(?:token|password|passwd|pwd|passphrase|secret|api[_-]?key|signature|credential)"
    r"|sig|swath_session"
)
_NAME = re.compile(_NAMES, re.IGNORECASE)
_NAMED = re.compile(
    rf"(?P<name>(?<![\w-])(?:{_NAMES})"
    # As query, as JSON (also within JSON), as a header, as a pair of texts or bytes, all perhaps percent-encoded.
    r"(?:\\?[\"'],?\s*|\s*)(?:[=:]\s*|%3D|%3A|(?<=[,\s])(?=b?[\"']))b?(?:\\?[\"']|%22)?)"
    r"(?:(?!%26|%22)[^\s\"'&;,<>\\}\])])+",
    re.IGNORECASE,
)
_SHAPED = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)(?:\s+|%20|\+))[\w.~+/=-]{6,}"
    r"|(?P<user>://[^/\s:@\"']*:)[^/\s@\"']+(?=@)"
    r"|\beyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)?"
    r"|\bswath_[A-Za-z0-9]{16,}",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """Return a text without the secrets in it."""
    return _NAMED.sub(_keep_name, _SHAPED.sub(_keep_beginning, text))


def masked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a structured record without the secrets in them."""
    return {name: _masked_value(name, value) for name, value in fields.items()}


def _masked_value(name: str, value: Any) -> Any:
    if value is not None and _NAME.fullmatch(name):
        return HIDDEN
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return masked_fields({str(key): inner for key, inner in value.items()})
    if isinstance(value, bool | int | float | None):
        return value
    return masked(str(value))


def _keep_name(found: re.Match[str]) -> str:
    return found["name"] + HIDDEN


def _keep_beginning(found: re.Match[str]) -> str:
    return (found["scheme"] or found["user"] or "") + HIDDEN
