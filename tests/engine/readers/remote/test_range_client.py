"""A range is the bytes asked for of the object that is known, or an error: never anything else."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc

import pytest

from engine.errors import (
    Cancelled,
    DeadlineExceeded,
    SourceUnavailable,
    StorageDown,
    StorageError,
    StorageTimeout,
)
from engine.readers.remote import retries
from engine.readers.remote.connection import HttpConnection
from engine.readers.remote.connections import connections
from engine.readers.remote.patience import reading_for
from engine.readers.remote.range_client import RangeClient, received_bytes
from engine.readers.remote.remote_file import object_state
from engine.readers.remote.retries import ATTEMPTS

A = "connection://store/a.tif"


@pytest.fixture
def client(remote):
    return connections().client("store")


@pytest.fixture
def known(client):
    return object_state(A)


def test_range_is_the_bytes_asked_for(remote, client, known):
    _, folder = remote
    data = (folder / "a.tif").read_bytes()
    before = received_bytes()
    assert client.fetch("a.tif", 1000, 5000, known).data == data[1000:5000]
    assert received_bytes() - before == 4000
    assert client.fetch("a.tif", len(data) - 10, len(data) + 1000, known).data == data[-10:]
    assert known[0] == len(data)


def test_connection_to_the_host_is_kept(remote, client, known):
    for start in range(5):
        client.fetch("a.tif", start, start + 100, known)
    assert len(client._idle) == 1
    assert client._idle[0].answered == 6


def test_a23_overload_of_two_seconds_is_waited_for_within_a_bounded_count(
    remote, client, known, monkeypatch
):
    server, _ = remote
    monkeypatch.setattr(retries, "_FIRST_PAUSE_S", 0.2)
    server.fail("busy", for_s=2.0)
    assert len(client.fetch("a.tif", 0, 100, known).data) == 100
    assert 2 <= len(server.asked()) <= ATTEMPTS


def test_a23_lasting_overload_says_when_to_try_again(remote, client, known):
    server, _ = remote
    server.fail("busy")
    with pytest.raises(StorageDown) as told:
        client.fetch("a.tif", 0, 100, known)
    assert told.value.fields[-1] >= 1.0
    assert len(server.asked()) <= ATTEMPTS


@pytest.mark.parametrize("kind", ["silent", "slow", "drip"])
def test_a24_storage_that_is_too_slow_is_an_error_at_the_limit(remote, kind, tmp_path):
    server, _ = remote
    root = f"{server.url}prefix/"
    hasty = RangeClient(HttpConnection(name="h", root=root, private=True, timeout_s=1.0))
    known = object_state(A)
    server.fail(kind)
    began = time.monotonic()
    with pytest.raises(StorageTimeout):
        hasty.fetch("a.tif", 0, 1000, known)
    assert time.monotonic() - began < 10.0


@pytest.mark.parametrize(
    "kind", ["whole", "short", "cut", "shifted", "lying", "reset", "garbage", "endless"]
)
def test_a25_wrong_answer_is_an_error_after_a_few_attempts(remote, client, known, kind):
    server, _ = remote
    server.fail(kind)
    with pytest.raises(StorageError):
        client.fetch("a.tif", 0, 100_000, known)
    assert 2 <= len(server.asked()) <= ATTEMPTS


@pytest.mark.parametrize("kind", ["whole", "short", "cut", "shifted", "lying", "reset", "garbage"])
def test_one_wrong_answer_is_asked_for_again(remote, client, known, kind):
    server, folder = remote
    server.fail(kind, for_s=0.05)
    data = client.fetch("a.tif", 0, 100_000, known).data
    assert data == (folder / "a.tif").read_bytes()[:100_000]


@pytest.mark.parametrize("kind", ["etag", "untagged", "redirect", "missing"])
def test_a25_object_that_is_not_the_known_one_is_an_error_of_the_source(
    remote, client, known, kind
):
    server, _ = remote
    server.fail(kind, place=f"{server.url}secret.tif")
    with pytest.raises(SourceUnavailable):
        client.fetch("a.tif", 0, 1000, known)
    assert len(server.asked()) == 1


def test_a25_answer_without_end_takes_no_memory(remote, client, known):
    server, _ = remote
    server.fail("endless")
    tracemalloc.start()
    with pytest.raises(StorageError):
        client.fetch("a.tif", 0, 1000, known)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


class _Gone:
    def __init__(self, error):
        self._error = error
        self.until = time.monotonic() + 0.3

    def check(self):
        if time.monotonic() > self.until:
            raise self._error

    def remaining_s(self):
        return max(0.0, self.until - time.monotonic())


@pytest.mark.parametrize("error", [DeadlineExceeded(1.0), Cancelled()])
def test_request_that_is_over_ends_the_wait_and_is_no_fault_of_storage(
    remote, client, known, error
):
    server, _ = remote
    server.fail("silent")
    for _ in range(6):
        with reading_for(_Gone(error)), pytest.raises(type(error)):
            client.fetch("a.tif", 0, 1000, known)
    assert not client.breaker.is_open


def test_storage_that_stays_down_is_not_asked_any_more_and_found_again(remote, client, known):
    server, _ = remote
    server.fail("reset")
    for _ in range(8):
        with pytest.raises(StorageError):
            client.fetch("a.tif", 0, 1000, known)
    assert client.breaker.is_open
    server.fail()
    with pytest.raises(StorageDown):
        client.fetch("a.tif", 0, 1000, known)
    assert server.asked() == []
    client.breaker._clock = lambda: time.monotonic() + 60.0
    assert len(client.fetch("a.tif", 0, 1000, known).data) == 1000
    assert not client.breaker.is_open


def test_retries_stay_few_beside_requests(remote, client, known):
    server, _ = remote
    server.fail("reset", for_s=30)
    client.breaker.fail = lambda: None
    for _ in range(12):
        with pytest.raises(StorageError):
            client.fetch("a.tif", 0, 1000, known)
    assert len(server.asked()) <= 12 + 10 + 12 * 0.2


def test_private_host_needs_registration(remote):
    server, _ = remote
    public = RangeClient(HttpConnection(name="p", root=server.url, timeout_s=1.0))
    server.fail()
    with pytest.raises(SourceUnavailable, match="may not reach"):
        public.fetch("secret.tif", 0, 10, None)
    assert server.asked() == []


def test_host_that_refuses_is_an_error_of_storage():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    root = f"http://127.0.0.1:{port}/"
    client = RangeClient(HttpConnection(name="p", root=root, private=True, timeout_s=0.5))
    with pytest.raises(StorageError):
        client.fetch("a.tif", 0, 10, None)


def test_threads_share_a_client(remote, client, known):
    _, folder = remote
    data = (folder / "a.tif").read_bytes()
    wrong = []

    def work(first):
        wrong.extend(
            start
            for start in range(first, first + 20_000, 1000)
            if client.fetch("a.tif", start, start + 700, known).data != data[start : start + 700]
        )

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 100, 50_000, 99_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(client._idle) <= 4
