"""Frames between front and instance."""

import socket
import threading

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidParameter, RequestTooLarge
from server.instances.frames import (
    REQUEST_PREFIX,
    ReplyHead,
    ReplyReader,
    RequestFrame,
    RequestReader,
    Task,
    decode_task,
    encode_task,
    head_of_error,
    reply_frame,
    request_frame,
    send_all,
)

bodies = st.lists(st.integers(0, 600_000), max_size=6)


def feed(reader, stream, steps):
    """Give `stream` to the reader in pieces and return what it finds."""
    found = []
    place = 0
    turn = 0
    while place < len(stream):
        room = reader.buffer()
        assert len(room) > 0
        count = min(len(room), steps[turn % len(steps)], len(stream) - place)
        room[:count] = stream[place : place + count]
        place += count
        turn += 1
        found += [(number, head, bytes(body)) for number, head, body in reader.received(count)]
    return found


@settings(max_examples=60)
@given(bodies, st.lists(st.integers(1, 300_000), min_size=1, max_size=5))
def test_replies_are_found_however_the_stream_is_cut(sizes, steps):
    replies = [
        (number, ReplyHead(media_type=f"a/{number}"), bytes([number % 251]) * size)
        for number, size in enumerate(sizes, 1)
    ]
    stream = b"".join(reply_frame(head, n, len(body)) + body for n, head, body in replies)
    assert feed(ReplyReader(), stream, steps) == replies


def test_a_large_body_is_received_into_its_final_buffer():
    reader = ReplyReader()
    frame = reply_frame(ReplyHead(), 1, 1_000_000)
    reader.buffer()[: len(frame)] = frame
    assert list(reader.received(len(frame))) == []
    room = reader.buffer()
    assert len(room) == 1_000_000
    ((_, _, body),) = reader.received(1_000_000)
    assert isinstance(body, bytearray)
    assert body is room.obj


def test_what_is_no_frame_is_refused():
    reader = ReplyReader()
    reader.buffer()[:100] = b"\xff" * 100
    with pytest.raises(ValueError, match="head of 4294967295 bytes"):
        list(reader.received(100))


def test_a_task_survives_the_way():
    request = msgspec.Raw(msgspec.msgpack.encode({"a": 1}))
    task = Task("f/n", "v", "/p", "arcgis:query", {"f": "json"}, request)
    frame = request_frame(RequestFrame(encode_task(task), 7, 2**40, is_small=False))
    length, slot, number, name_length, is_small = REQUEST_PREFIX.unpack_from(frame)
    assert (slot, number) == (7, 2**40)
    assert (name_length, is_small) == (0, 0)
    found = decode_task(frame[REQUEST_PREFIX.size :][:length])
    assert (found.service, found.options, bytes(found.request)) == (
        "f/n",
        {"f": "json"},
        bytes(request),
    )


def test_errors_become_themselves_again():
    error = head_of_error(RequestTooLarge("width", 5, 4)).as_error()
    assert isinstance(error, RequestTooLarge)
    assert str(error) == "The requested width (5) exceeds the limit of 4."
    assert ReplyHead().as_error() is None


def test_a_field_that_msgpack_cannot_hold_crosses_as_text():
    error = InvalidParameter("x", "1", "2")
    error.fields = ("x", {1: 2}.keys(), "2")
    frame = reply_frame(head_of_error(error), 1, 0)
    ((_, head, _),) = feed_one(frame)
    assert head.error_fields[1] == "dict_keys([1])"


def feed_one(frame):
    return [(n, head, body) for n, head, body in feed(ReplyReader(), frame, [len(frame)])]


def test_blocking_sockets_carry_more_than_their_buffers():
    left, right = socket.socketpair()
    with left, right:
        parts = [b"a" * 3_000_000, b"", bytearray(b"b" * 5), memoryview(b"c" * 2_000_000)]
        sender = threading.Thread(target=send_all, args=(left, parts))
        sender.start()
        received = right.recv(5_000_005, socket.MSG_WAITALL)
        sender.join()
    assert received == b"".join(parts)


def frames_of(heads):
    return [RequestFrame(head, 3, n, b"id", n % 2 == 0) for n, head in enumerate(heads)]


@pytest.mark.parametrize("piece", [1, 7, 40, 10_000_000])
def test_requests_are_cut_from_whatever_pieces_arrive(piece):
    heads = [b"first", b"", b"x" * 600_000, b"last"]
    stream = b"".join(request_frame(frame) for frame in frames_of(heads))
    if piece < 40:
        heads = [b"first", b"", b"last"]
        stream = b"".join(request_frame(frame) for frame in frames_of(heads))
    left, right = socket.socketpair()

    def send():
        for start in range(0, len(stream), piece):
            left.sendall(stream[start : start + piece])
        left.close()

    sender = threading.Thread(target=send)
    sender.start()
    with right:
        reader = RequestReader(right)
        assert [reader.next() for _ in heads] == frames_of(heads)
        assert reader.next() is None
    sender.join()


def test_half_a_request_at_the_end_is_the_end():
    left, right = socket.socketpair()
    with right:
        left.sendall(request_frame(RequestFrame(b"whole", 1, 2)) + b"abc")
        left.close()
        reader = RequestReader(right)
        assert reader.next() == RequestFrame(b"whole", 1, 2)
        assert reader.next() is None
