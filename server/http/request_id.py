"""The name of a request: in its answer, in every log line about it, in what an instance says of it.

It travels in a context variable, so nobody hands it on. A trusted proxy's own id is taken over; any other
request gets one of ours. Imported by instances, too: no starlette here.
"""

from __future__ import annotations

import itertools
import re
import secrets
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST_ID: ContextVar[str] = ContextVar("swath_request_id", default="")

HEADER = b"x-request-id"
_FORM = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_RANDOM_BYTES = 4

# Random once a process, then counted: as unique as a random one, at a tenth of the price.
_prefix = secrets.token_hex(_RANDOM_BYTES).encode()
_numbers = itertools.count(1)


def new_request_id() -> bytes:
    """Return an id that no other request has."""
    return b"%b%08x" % (_prefix, next(_numbers))


def sent_request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the id that a proxy has sent, b"" where there is none that may be shown and logged."""
    for name, value in headers:
        if name == HEADER:
            return value if _FORM.fullmatch(value) else b""
    return b""


def reference() -> str:
    """Return what finds the request under way in the log."""
    return REQUEST_ID.get() or secrets.token_hex(_RANDOM_BYTES)
