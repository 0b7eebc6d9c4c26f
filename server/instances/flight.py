"""One render on its way: what it may cost, who asked, and how it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from server.instances.job import Reply

if TYPE_CHECKING:
    import asyncio

    from engine.errors import ImageServerError
    from server.answers.response_cache import Key
    from server.instances.frames import ReplyHead
    from server.instances.pool import Pool
    from server.instances.price import Price


@dataclass(slots=True, eq=False)
class Flight:
    """One render under way or waiting.

    Attributes
    ----------
    begun, sent, deadline, wait_until : float
        Monotonic time: asked for, sent to an instance, and when patience ends.
    cell : int or None
        Place of the view; None = any instance is as good.
    service, client : str
        Whose turn it takes.
    is_begun : bool
        A part of an answer that is being sent: it is refused no more.
    overtaken : int
        How often another was taken from the queue before it.
    attempts : int
        How often it was sent to an instance that died.
    name : bytes
        What logs call the first request that asks so.
    key : Key
        What the front calls the question by.
    pool : Pool or None
        Where it flies; a flight never changes its pool.
    """

    id: int
    head: bytes
    future: asyncio.Future[Reply]
    cell: int | None
    price: Price
    limit_s: float
    deadline: float
    wait_until: float
    service: str = ""
    client: str = ""
    is_begun: bool = False
    begun: float = 0.0
    sent: float = 0.0
    waiters: int = 0
    overtaken: int = 0
    attempts: int = 0
    slot: int = -1
    name: bytes = b""
    key: Key = ("", "", b"")
    pool: Pool | None = None

    @property
    def is_light(self) -> bool:
        """Whether it may stand behind another light one at an instance."""
        return self.price.is_light

    @property
    def is_small(self) -> bool:
        """Whether it is worth waiting behind for the blocks it shares."""
        return self.price.is_small

    @property
    def price_s(self) -> float:
        """Seconds of an instance that it is expected to cost."""
        return self.price.seconds

    def isolate(self) -> None:
        """Let no other share its instance from now on."""
        self.price = replace(self.price, is_light=False, is_small=False)

    def fail(self, error: ImageServerError) -> None:
        """Let all who wait see an error, unless they have an outcome."""
        if not self.future.done():
            self.future.set_exception(error)

    def settle(self, head: ReplyHead, body: bytes | bytearray) -> None:
        """Let all who wait see what an instance answered."""
        if self.future.done():
            return
        error = head.as_error()
        if error is not None:
            self.future.set_exception(error)
            return
        stages = head.stages
        stages["queue"] = (self.sent - self.begun) * 1e3
        now = time.monotonic()
        # The way there and back, and the wait behind the request that the instance had in work.
        stages["dispatch"] = max(0.0, (now - self.sent) * 1e3 - head.worked_ms)
        stages["total"] = (now - self.begun) * 1e3
        self.future.set_result(
            Reply(
                media_type=head.media_type,
                body=body,
                headers=head.headers,
                stages=stages,
                truncated=head.truncated,
                cacheable=head.cacheable,
                skipped=head.skipped,
                no_terrain_px=head.no_terrain_px,
                blocks_decoded=head.blocks_decoded,
                bytes_read=head.bytes_read,
            )
        )
