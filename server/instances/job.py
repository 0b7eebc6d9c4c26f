"""A question on its way to an instance, and its answer, as the front's handlers see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.request import Request
    from server.service_registry import PublishedService

_encoder = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request to one version of one service.

    Attributes
    ----------
    operation, protocol : str
        Labels for metrics, from a fixed set; never text of the client's.
    renderer : str
        "" = the engine's bytes are the answer; "<protocol>:<operation>" = see `answer_context`.
    options : mapping of str to str
        What the renderer needs; part of the answer's identity.
    """

    service: PublishedService
    request: Request
    operation: str
    protocol: str = ""
    renderer: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def encoded_request(self) -> bytes:
        """Return the request as msgpack: the same bytes for equal requests."""
        return _encoder.encode(self.request)

    def question(self) -> bytes:
        """Return the canonical bytes of what is asked, without the service's version."""
        if not self.renderer and not self.options:
            return self.encoded_request()
        return _encoder.encode((self.renderer, sorted(self.options.items()), self.request))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of an instance.

    Attributes
    ----------
    body : bytes-like
        Large bodies are the very buffer they were received into.
    stages : dict of str to float
        Milliseconds of each stage.
    cacheable : bool
        False where the same question may have another answer later (a source was skipped).
    skipped : int
        Rasters left out because they, or their terrain, cannot be read.
    no_terrain_px : int
        Pixels that are empty because terrain is missing.
    """

    media_type: str
    body: bytes | bytearray
    headers: tuple[tuple[str, str], ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)
    truncated: bool = False
    cacheable: bool = True
    skipped: int = 0
    no_terrain_px: int = 0
