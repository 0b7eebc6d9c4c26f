"""What a renderer knows beside the engine's result.

A renderer turns a result record of the engine into a protocol's bytes, inside the instance, so that
the front's event loop formats nothing. `Job.renderer` = "<protocol>:<operation>" names it:
`server.protocols.<protocol>.operations.OPERATIONS[<operation>].answer(result, context)` returns the
media type and the body. Modules with renderers are imported by the fork parent: no starlette in them.
"""

from __future__ import annotations

import msgspec

from engine.request import Request
from engine.summary import ServiceSummary


class AnswerContext(msgspec.Struct, frozen=True, kw_only=True):
    """The surroundings of one answer.

    Attributes
    ----------
    service : str
        Full name, "folder/name".
    options : dict of str to str
        What the protocol's front half put into `Job.options`.
    """

    service: str
    summary: ServiceSummary
    request: Request
    options: dict[str, str]
