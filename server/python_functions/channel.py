"""Messages with pixels behind them over a socket between an instance and a function's process.

length u32 · message (msgpack) · for each block its samples, then its validity
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.pixel_type import pixel_type_of_dtype
from engine.pixels import PixelBlock
from engine.python_functions.messages import BlockShape, Computed

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

_LENGTH = struct.Struct("<I")
_MOST_MESSAGE = 64 << 20
_MOST_BANDS = 4096
_encoder = msgspec.msgpack.Encoder()


class ChannelClosed(ConnectionError):
    """The other process has gone."""


def shape_of(block: PixelBlock) -> BlockShape:
    """Return what is said of a block before its bytes."""
    return BlockShape(
        dtype=block.data.dtype.name,
        bands=block.bands,
        rows=block.rows,
        cols=block.cols,
        valid_bands=int(block.valid.shape[0]),
    )


def send(sock: socket.socket, message: msgspec.Struct, blocks: Sequence[PixelBlock] = ()) -> None:
    """Send a message and the blocks that it tells of."""
    packed = _encoder.encode(message)
    sock.sendall(_LENGTH.pack(len(packed)) + packed)
    for block in blocks:
        for part in (block.data, block.valid):
            sock.sendall(np.ascontiguousarray(part).data.cast("B"))


def receive(sock: socket.socket) -> bytes:
    """Return the next message, still packed.

    Raises
    ------
    ChannelClosed
    ValueError
        What comes is no message.
    """
    (length,) = _LENGTH.unpack(_exactly(sock, _LENGTH.size))
    if length > _MOST_MESSAGE:
        raise ValueError(f"a message of {length} bytes")
    return bytes(_exactly(sock, length))


def receive_blocks(sock: socket.socket, shapes: Sequence[BlockShape]) -> list[PixelBlock]:
    """Return the blocks behind a message; their arrays may be written to."""
    return [_block(sock, shape) for shape in shapes]


def check_answer(answer: Computed, given: BlockShape) -> None:
    """Refuse pixels that no block so large as the one given can have; raises ValueError."""
    shape = answer.block
    fits = 0 < shape.rows <= given.rows and 0 < shape.cols <= given.cols
    if not fits or shape.valid_bands not in (1, shape.bands) or shape.bands > _MOST_BANDS:
        raise ValueError(f"{shape} for {given}")
    if pixel_type_of_dtype(shape.dtype) is None:
        raise ValueError(f"samples of {shape.dtype}")


def _block(sock: socket.socket, shape: BlockShape) -> PixelBlock:
    samples = _exactly(sock, shape.sample_bytes)
    valid = _exactly(sock, shape.valid_bytes)
    size: Any = (shape.rows, shape.cols)
    data = np.frombuffer(samples, shape.dtype).reshape((shape.bands, *size))
    usable = np.frombuffer(valid, np.uint8).astype(np.bool_)
    return PixelBlock(data, usable.reshape((shape.valid_bands, *size)))


def _exactly(sock: socket.socket, count: int) -> bytearray:
    found = bytearray(count)
    view, filled = memoryview(found), 0
    while filled < count:
        got = sock.recv_into(view[filled:])
        if not got:
            raise ChannelClosed("the other end is closed")
        filled += got
    return found
