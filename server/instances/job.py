"""A question on its way to an instance, and its answer, as the front's handlers see them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from server.instances.frames import Task, encode_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.request import Request
    from server.site.service_registry import PublishedService

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
    client : str
        Who asks, for fair shares: a name or an address; "" = unknown. No part of the question.
    """

    service: PublishedService
    request: Request
    operation: str
    protocol: str = ""
    renderer: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    client: str = ""

    def encoded_request(self) -> bytes:
        """Return the request as msgpack: the same bytes for equal requests."""
        return _encoder.encode(self.request)

    def question(self) -> bytes:
        """Return the canonical bytes of what is asked, without the service's version."""
        if not self.renderer and not self.options:
            return self.encoded_request()
        return _encoder.encode((self.renderer, sorted(self.options.items()), self.request))

    def head(self) -> bytes:
        """Return what an instance is told: the question and whose version it is about."""
        service = self.service
        return encode_task(
            Task(
                service=service.name,
                version=service.version,
                path=str(service.path),
                renderer=self.renderer,
                options=dict(self.options),
                request=msgspec.Raw(self.encoded_request()),
            )
        )


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
    blocks_decoded, bytes_read : int
        What was read of files for it.
    made : float
        Monotonic time at which it came.
    """

    media_type: str
    body: bytes | bytearray
    headers: tuple[tuple[str, str], ...] = ()
    stages: Mapping[str, float] = field(default_factory=dict)
    truncated: bool = False
    cacheable: bool = True
    skipped: int = 0
    no_terrain_px: int = 0
    blocks_decoded: int = 0
    bytes_read: int = 0
    made: float = field(default_factory=time.monotonic)
