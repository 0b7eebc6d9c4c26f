"""Messages with pixels behind them, and what is no message."""

from __future__ import annotations

import socket
import struct

import msgspec
import numpy as np
import pytest

from engine.pixels import PixelBlock
from engine.python_functions.messages import BlockShape, Computed
from server.python_functions.channel import (
    ChannelClosed,
    check_answer,
    receive,
    receive_blocks,
    send,
    shape_of,
)

SHAPE = BlockShape(dtype="uint16", bands=2, rows=3, cols=4, valid_bands=1)


@pytest.fixture
def pair():
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "float32", "float64"])
@pytest.mark.parametrize("valid_bands", [1, 2])
def test_blocks_arrive_as_they_were(pair, dtype, valid_bands):
    data = np.arange(24).reshape(2, 3, 4).astype(dtype)
    valid = np.random.default_rng(1).random((valid_bands, 3, 4)) > 0.5
    # One that is no whole array of its own, too.
    sent = [PixelBlock(data, valid), PixelBlock(data[:, 1:], valid[:, 1:])]
    send(pair[0], Computed(block=shape_of(sent[0])), sent)
    assert msgspec.msgpack.decode(receive(pair[1]), type=Computed).block == shape_of(sent[0])
    for block, want in zip(receive_blocks(pair[1], [shape_of(b) for b in sent]), sent, strict=True):
        assert block.data.dtype == want.data.dtype
        np.testing.assert_array_equal(block.data, want.data)
        np.testing.assert_array_equal(block.valid, want.valid)


def test_an_end_that_closes_is_told(pair):
    pair[0].sendall(b"\x10\0\0\0half")
    pair[0].close()
    with pytest.raises(ChannelClosed):
        receive(pair[1])


def test_a_length_beyond_reason_is_refused(pair):
    pair[0].sendall(struct.pack("<I", 2**31))
    with pytest.raises(ValueError, match="2147483648 bytes"):
        receive(pair[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 4},
        {"cols": 0},
        {"bands": 10**9, "valid_bands": 1},
        {"valid_bands": 3},
        {"dtype": "complex64"},
        {"dtype": "object"},
    ],
)
def test_pixels_that_nobody_can_have_asked_for_are_refused(changes):
    check_answer(Computed(block=SHAPE), SHAPE)
    with pytest.raises(ValueError, match=r"for|samples"):
        check_answer(Computed(block=msgspec.structs.replace(SHAPE, **changes)), SHAPE)
