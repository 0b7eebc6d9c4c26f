"""An object behind a connection reads like a file, in few requests."""

from __future__ import annotations

import pytest

from engine.errors import SourceCorrupt, SourceUnavailable, StorageError, UnknownProduct
from engine.readers.remote.connections import pages
from engine.readers.remote.page_cache import PAGE_BYTES
from engine.readers.remote.remote_file import MAX_READ_BYTES, RemoteFile, object_state

A = "connection://store/a.tif"


def test_reads_like_a_file(remote):
    _, folder = remote
    with (folder / "a.tif").open("rb") as local:
        file = RemoteFile(A, object_state(A))
        for at, size in [(0, 2), (2, 300), (70_000, 1), (32_000, 2000), (5, 400_000), (0, -1)]:
            assert file.seek(at) == local.seek(at)
            assert file.read(size) == local.read(size)
            assert file.tell() == local.tell()
        assert file.seek(-7, 2) == local.seek(-7, 2)
        assert file.read(100) == local.read(100)
        assert file.read(100) == b""


def test_crumbs_of_a_header_are_one_request(remote):
    server, _ = remote
    state = object_state(A)
    file = RemoteFile(A, state)
    for at in range(0, 60_000, 97):
        file.seek(at)
        file.read(8)
    assert len(server.asked()) == 1


def test_neighbouring_pages_are_one_request(remote):
    server, _ = remote
    file = RemoteFile(A, object_state(A))
    server.fail()
    file.seek(10 * PAGE_BYTES)
    file.read(12 * PAGE_BYTES)
    assert len(server.asked()) == 1


def test_pages_are_bounded(remote):
    pages().max_bytes = 10 * PAGE_BYTES
    file = RemoteFile(A, object_state(A))
    file.read(-1)
    assert pages().nbytes <= 10 * PAGE_BYTES


def test_failure_is_kept_and_no_bytes_come(remote):
    server, _ = remote
    file = RemoteFile(A, object_state(A))
    server.fail("reset")
    file.seek(20 * PAGE_BYTES)
    assert file.read(10) == b""
    assert isinstance(file.failure, StorageError)


def test_bytes_of_another_object_are_never_taken(remote):
    server, _ = remote
    file = RemoteFile(A, object_state(A))
    server.fail("etag")
    file.seek(20 * PAGE_BYTES)
    assert file.read(10) == b""
    assert isinstance(file.failure, SourceUnavailable)


def test_read_beyond_all_measure_is_refused_before_it_is_made(remote):
    server, _ = remote
    file = RemoteFile(A, (MAX_READ_BYTES * 4, object_state(A)[1]))
    server.fail()
    assert file.read(MAX_READ_BYTES + 1) == b""
    assert isinstance(file.failure, SourceCorrupt)
    assert server.asked() == []


def test_object_outside_the_root_cannot_be_named(remote):
    server, _ = remote
    server.fail()
    for name in ("../secret.tif", "%2e%2e/secret.tif", "x/../../secret.tif"):
        with pytest.raises(UnknownProduct):
            object_state(f"connection://store/{name}")
    assert server.asked() == []


def test_connection_that_nobody_registered_is_not_found(remote):
    with pytest.raises(SourceUnavailable, match="swath connection add"):
        object_state("connection://other/a.tif")
