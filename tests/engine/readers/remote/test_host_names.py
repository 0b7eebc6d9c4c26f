"""Host names are looked up once for all who wait, and nobody waits for a resolver that does not answer."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.errors import DeadlineExceeded, StorageTimeout
from engine.readers.remote import host_names
from engine.readers.remote.connection import HttpConnection
from engine.readers.remote.host_names import addresses_of
from engine.readers.remote.patience import Patience, reading_for
from engine.readers.remote.range_client import RangeClient


class _Gone:
    def check(self):
        raise DeadlineExceeded(1.0)

    def remaining_s(self):
        return 0.0


@pytest.fixture
def silent(monkeypatch):
    """A resolver that says nothing until it is let go; yields what it was asked."""
    asked, let_go = [], threading.Event()

    def wait(host, port, **_):
        asked.append(host)
        let_go.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(host_names.socket, "getaddrinfo", wait)
    yield asked
    let_go.set()
    ends = time.monotonic() + 10
    while host_names._under_way and time.monotonic() < ends:
        time.sleep(0.01)
    assert not host_names._under_way


def test_a_name_and_a_number_lead_to_addresses():
    for host in ("localhost", "127.0.0.1"):
        found = addresses_of(host, 80, Patience(5.0), 5.0)
        assert {each[4][0] for each in found} <= {"127.0.0.1", "::1"}
        assert all(each[4][1] == 80 for each in found)
    assert not host_names._under_way


def test_a_name_nobody_knows_is_an_error():
    with pytest.raises(OSError, match=r"."):
        addresses_of("nobody.invalid", 80, Patience(20.0), 20.0)


def test_nobody_waits_longer_than_allowed_and_all_for_one_lookup(silent):
    began = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        asked = [
            threads.submit(addresses_of, "slow.test", 80, Patience(9.0), 0.3) for _ in range(8)
        ]
        assert all(isinstance(each.exception(), TimeoutError) for each in asked)
    assert time.monotonic() - began < 5.0
    with pytest.raises(TimeoutError):
        addresses_of("slow.test", 80, Patience(0.05), 9.0)
    assert silent == ["slow.test"]


def test_who_left_does_not_wait(silent):
    with reading_for(_Gone()), pytest.raises(DeadlineExceeded):
        addresses_of("slow.test", 80, Patience(9.0), 9.0)


@pytest.mark.usefixtures("silent")
def test_storage_whose_name_is_not_told_is_silent():
    client = RangeClient(HttpConnection(name="s", root="http://slow.test/", timeout_s=0.3))
    with pytest.raises(StorageTimeout):
        client.fetch("a.tif", 0, 100, None)
