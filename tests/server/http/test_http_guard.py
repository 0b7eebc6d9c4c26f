"""Slow and greedy clients, with real sockets against a real server."""

import re
import resource
import socket
import time
from contextlib import ExitStack

import pytest

from server.instances.process import proportional_bytes
from server.site.publishing import Publisher

LIMIT_S = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory, compiled_picture, serve):
    data = tmp_path_factory.mktemp("guard") / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    limits = {
        "SWATH_TIMEOUTS_HEADER_S": str(LIMIT_S),
        "SWATH_TIMEOUTS_BODY_S": str(LIMIT_S),
        "SWATH_TIMEOUTS_STALL_S": "5",
        "SWATH_LIMITS_MAX_CONNECTIONS": "50",
        "SWATH_LIMITS_MAX_BODY_KB": "100",
        "SWATH_LIMITS_MAX_HEAD_KB": "16",
        "SWATH_MEMORY_RESPONSE_CACHE_MB": "0",
    }
    with serve(data, **limits) as server:
        yield server


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def everything(sock):
    """Return all that comes until the server closes."""
    received = b""
    try:
        while data := sock.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return received


def is_serving(server):
    with connect(server) as sock:
        sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return everything(sock).startswith(b"HTTP/1.1 200")


def test_a29_a_head_sent_byte_by_byte_is_cut_off(server):
    with connect(server) as sock:
        started = time.monotonic()
        head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"a" * 1000
        try:
            for place in range(len(head)):
                sock.sendall(head[place : place + 1])
                time.sleep(0.05)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert LIMIT_S / 2 < time.monotonic() - started < 10 * LIMIT_S
    assert is_serving(server)


def test_a29_a_silent_connection_is_closed_with_408(server):
    with connect(server) as sock:
        answer = everything(sock)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"\r\nx-request-id: " in answer


def test_idle_connections_do_not_keep_their_last_answers(server):
    side, count = 1300, 30
    path = "/arcgis/rest/services/test/picture/ImageServer/exportImage"
    before = proportional_bytes(server.process.pid)
    with ExitStack() as stack:
        total = 0
        for number in range(count):
            box = f"bbox=0,0,1,{number + 1}&size={side},{side}"
            query = f"{box}&format=tiff&compression=none&f=image"
            sock = stack.enter_context(connect(server))
            sock.sendall(f"GET {path}?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head, _, body = sock.recv(65536, socket.MSG_PEEK).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head + body
            left = len(head) + 4 + int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            total += left
            while left:
                left -= len(sock.recv(min(left, 1 << 20)))
        held = proportional_bytes(server.process.pid) - before
    # Some freed memory is kept for the next.
    assert total > 100e6
    assert held < total / 2


def test_what_is_no_http_is_refused_with_its_id(server):
    with connect(server) as sock:
        sock.sendall(b"nonsense\r\n\r\n")
        answer = everything(sock)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nx-request-id: " in head
    assert b"\r\ncontent-length: %d\r\n" % len(body) in head
    assert body == b"Invalid HTTP request received."


def test_blank_lines_do_not_keep_a_connection(server):
    with connect(server) as sock:
        sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        sock.sendall(b"\r\n")
        assert b"HTTP/1.1 408" in everything(sock)


def test_a_huge_head_is_refused(server):
    with connect(server) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        answer = b""
        try:
            for _ in range(200):
                sock.sendall(b"X-Big: " + b"a" * 1000 + b"\r\n")
            answer = everything(sock)
        except (BrokenPipeError, ConnectionResetError):
            answer = everything(sock)
        assert answer[:12] in (b"HTTP/1.1 431", b"")
    assert is_serving(server)


def test_a29_a_gigabyte_of_declared_body_is_refused_before_it_is_read(server):
    with connect(server) as sock:
        sock.sendall(
            b"POST /arcgis/rest/services/test/picture/ImageServer/exportImage HTTP/1.1\r\n"
            b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 1000000000\r\n\r\nf=json"
        )
        started = time.monotonic()
        assert sock.recv(65536).startswith(b"HTTP/1.1 413")
        assert time.monotonic() - started < LIMIT_S


def test_a_body_without_declared_length_is_refused_at_the_limit(server):
    with connect(server) as sock:
        sock.sendall(
            b"POST /arcgis/rest/services/test/picture/ImageServer/exportImage HTTP/1.1\r\n"
            b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        answer = b""
        try:
            for _ in range(200):
                sock.sendall(b"400\r\n" + b"a" * 1024 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = everything(sock)
        assert answer.startswith(b"HTTP/1.1 413")
    assert is_serving(server)


def test_a29_a_body_that_never_ends_is_cut_off(server):
    with connect(server) as sock:
        sock.sendall(
            b"POST /arcgis/rest/services/test/picture/ImageServer HTTP/1.1\r\n"
            b"Host: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: 1000\r\n\r\nf=json"
        )
        assert everything(sock) == b""


def _answer_beside(server, count):
    """Return what a connection hears while `count` others send the bodies of their requests."""
    begun = (
        b"POST /arcgis/rest/services/test/picture/ImageServer HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 10\r\n\r\nf"
    )
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(connect(server)).sendall(begun)
        time.sleep(LIMIT_S / 4)
        return everything(stack.enter_context(connect(server)))


def test_where_all_connections_are_at_work_the_next_is_told_to_come_again(server):
    # On a busy machine their time may be over before all are there.
    answers = (_answer_beside(server, 50) for _ in range(20))
    answer = next(found for found in answers if found.startswith(b"HTTP/1.1 503"))
    assert b"retry-after: 1\r\n" in answer
    time.sleep(LIMIT_S / 4)
    assert is_serving(server)


def test_a29_idle_connections_are_bounded_and_make_room(server):
    # Each takes a file here, too; ten thousand are tried where the system allows them.
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, allowed // 2)
    assert count > 2 * 50
    with ExitStack() as stack:
        idle = []
        for _ in range(count):
            sock = stack.enter_context(connect(server))
            sock.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.append(sock)
            # Whoever comes last is answered, however many wait.
            assert sock.recv(65536).startswith(b"HTTP/1.1 200")
        assert is_serving(server)
        # The first ones had to go; what they had not read yet may still be there.
        assert everything(idle[0]) in (b"", b'{"status":"live"}')


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01 not http\r\n\r\n", 400),
        (b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /tiles/%ff/1/0/0.png HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
)
def test_nonsense_gets_a_clear_status(server, request_bytes, status):
    with connect(server) as sock:
        sock.sendall(request_bytes)
        assert sock.recv(65536).startswith(b"HTTP/1.1 %d" % status)
    assert is_serving(server)
