"""The front's end of the socket to one instance: frames out, replies in."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, cast

from server.instances.frames import ReplyReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.instances.frames import ReplyHead

_log = logging.getLogger("swath.pool")


class Link(asyncio.BufferedProtocol):
    """Feeds a `ReplyReader` and reports what it finds.

    Parameters
    ----------
    on_reply
        Called with (id, head, body).
    on_lost
        Called once when the instance's end is closed, for whatever reason.
    """

    def __init__(
        self,
        on_reply: Callable[[int, ReplyHead, bytes | bytearray], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._on_reply = on_reply
        self._on_lost = on_lost
        self._reader = ReplyReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes go."""
        del sizehint
        return self._reader.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Report the replies that are now whole."""
        try:
            for request_id, head, body in self._reader.received(nbytes):
                self._on_reply(request_id, head, body)
        except ValueError:
            _log.exception("an instance sent what is no frame; it is replaced")
            self.close()

    def eof_received(self) -> bool:
        """Close: an instance has no half-open state."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the loss."""
        del exc
        self._transport = None
        self._on_lost()

    def send(self, frame: bytes) -> None:
        """Send a frame; after the loss it goes nowhere, and `on_lost` has told so."""
        if self._transport is not None:
            self._transport.write(frame)

    def close(self) -> None:
        """Close this end, which ends the instance once it is idle."""
        if self._transport is not None:
            self._transport.abort()
