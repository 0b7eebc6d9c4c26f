"""What travels between the front and an instance, and how it is cut from a stream of bytes.

    request   head length u32 · slot u32 · id u64 · name length u32 · small u32 · head (msgpack Task) ·
              name; its deadline stands in the slot
    reply     head length u32 · 0 u32 · id u64 · body length u64 · head (msgpack ReplyHead) · body

Rule 1: no sockets here but the two blocking functions that instances use.
Rule 2: a body that has not arrived whole with its head is received into its final buffer.
Reply id 0 is an instance's greeting: it is ready.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from engine.errors import ImageServerError, from_record, to_record

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence

REQUEST_PREFIX = struct.Struct("<IIQII")
REPLY_PREFIX = struct.Struct("<IIQQ")
GREETING = 0

# A head holds a few names, numbers and at most one error message; this also bounds small replies.
_BUFFER_BYTES = 256 * 1024


class RequestFrame(NamedTuple):
    """One request to an instance.

    Attributes
    ----------
    head : bytes
        msgpack of a Task.
    slot : int
        Of the control page.
    name : bytes
        What logs call the request.
    is_small : bool
        It is expected to take no longer than a few tiles.
    """

    head: bytes
    slot: int
    id: int
    name: bytes = b""
    is_small: bool = True


class Task(msgspec.Struct, frozen=True, array_like=True):
    """One question to an instance.

    Attributes
    ----------
    path, version : str
        The compiled definition and its content hash.
    request : Raw
        msgpack of an `engine.request.Request`.
    """

    service: str
    version: str
    path: str
    renderer: str
    options: dict[str, str]
    request: msgspec.Raw


class ReplyHead(msgspec.Struct, array_like=True):
    """All of an answer but its body; `error` is "" or the class name of an ImageServerError.

    `worked_ms` is the instance's time from reading the request to sending the reply.
    """

    error: str = ""
    error_fields: list[Any] = []
    media_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    stages: dict[str, float] = {}
    truncated: bool = False
    cacheable: bool = True
    skipped: int = 0
    no_terrain_px: int = 0
    worked_ms: float = 0.0
    blocks_decoded: int = 0
    bytes_read: int = 0

    def as_error(self) -> ImageServerError | None:
        """Return the error that this answer carries, if any."""
        return from_record(self.error, self.error_fields) if self.error else None


def head_of_error(error: ImageServerError) -> ReplyHead:
    """Return the head that carries `error` to the front."""
    name, fields = to_record(error)
    return ReplyHead(error=name, error_fields=fields)


# Fields of errors are shown, not computed with: what msgpack cannot hold crosses as its text.
_encoder = msgspec.msgpack.Encoder(enc_hook=str)
_task_decoder = msgspec.msgpack.Decoder(Task)
_head_decoder = msgspec.msgpack.Decoder(ReplyHead)


def encode_task(task: Task) -> bytes:
    """Return the head of a request frame."""
    return _encoder.encode(task)


def decode_task(head: bytes | bytearray) -> Task:
    """Return the task of a request frame's head."""
    return _task_decoder.decode(head)


def request_frame(frame: RequestFrame) -> bytes:
    """Return the bytes of a request frame."""
    head, slot, number, name, is_small = frame
    return REQUEST_PREFIX.pack(len(head), slot, number, len(name), is_small) + head + name


def reply_frame(head: ReplyHead, request_id: int, body_length: int) -> bytes:
    """Return a reply frame without its body, which is sent right behind."""
    packed = _encoder.encode(head)
    return REPLY_PREFIX.pack(len(packed), 0, request_id, body_length) + packed


class RequestReader:
    """Cuts request frames from a blocking socket: one receive for whatever has arrived."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._received = b""

    def next(self) -> RequestFrame | None:
        """Return the next request, or None at the end of the stream."""
        while (frame := self._cut()) is None:
            data = self._sock.recv(_BUFFER_BYTES)
            if not data:
                return None
            self._received += data
        return frame

    def _cut(self) -> RequestFrame | None:
        received = self._received
        if len(received) < REQUEST_PREFIX.size:
            return None
        length, slot, number, name_length, is_small = REQUEST_PREFIX.unpack_from(received)
        name_at = REQUEST_PREFIX.size + length
        end = name_at + name_length
        if len(received) < end:
            return None
        self._received = received[end:]
        head, name = received[REQUEST_PREFIX.size : name_at], received[name_at:end]
        return RequestFrame(head, slot, number, name, bool(is_small))


def send_all(sock: socket.socket, parts: Sequence[bytes | bytearray | memoryview]) -> None:
    """Send all parts over a blocking socket without joining them first."""
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    while views:
        sent = sock.sendmsg(views)
        while views and sent >= len(views[0]):
            sent -= len(views.pop(0))
        if views and sent:
            views[0] = views[0][sent:]


class ReplyReader:
    """Cut replies from the bytes of one instance; knows no socket.

    Usage: write into `buffer()`, then tell `received(count)` and take what it yields.
    """

    def __init__(self) -> None:
        self._small = bytearray(_BUFFER_BYTES)
        self._filled = 0
        self._body = bytearray()
        self._body_filled = 0
        self._pending: tuple[int, ReplyHead] | None = None

    def buffer(self) -> memoryview:
        """Return where the next bytes go; never empty."""
        if self._pending is not None:
            return memoryview(self._body)[self._body_filled :]
        return memoryview(self._small)[self._filled :]

    def received(self, count: int) -> Iterator[tuple[int, ReplyHead, bytes | bytearray]]:
        """Take note of `count` new bytes and yield (id, head, body) of each whole reply.

        Raises
        ------
        ValueError
            The bytes are no frame: the instance is not to be trusted any more.
        """
        if self._pending is None:
            self._filled += count
            yield from self._whole_replies()
            return
        self._body_filled += count
        if self._body_filled == len(self._body):
            request_id, head = self._pending
            body, self._pending, self._body = self._body, None, bytearray()
            yield request_id, head, body

    def _whole_replies(self) -> Iterator[tuple[int, ReplyHead, bytes | bytearray]]:
        start = 0
        view = memoryview(self._small)
        while self._pending is None and self._filled - start >= REPLY_PREFIX.size:
            head_length, _, request_id, body_length = REPLY_PREFIX.unpack_from(self._small, start)
            head_at = start + REPLY_PREFIX.size
            body_at = head_at + head_length
            if head_length + REPLY_PREFIX.size > _BUFFER_BYTES:
                raise ValueError(f"a reply's head of {head_length} bytes")
            if self._filled < body_at:
                break
            head = _head_decoder.decode(view[head_at:body_at])
            end = body_at + body_length
            if self._filled >= end:
                yield request_id, head, bytes(view[body_at:end])
                start = end
                continue
            self._body = bytearray(body_length)
            self._body_filled = self._filled - body_at
            self._body[: self._body_filled] = view[body_at : self._filled]
            self._pending = (request_id, head)
            start = self._filled
        rest = self._filled - start
        if start and rest:
            self._small[:rest] = self._small[start : self._filled]
        self._filled = rest
