"""Connections are found by name in a folder, and followed when it changes."""

from __future__ import annotations

import pytest

from engine.errors import SourceUnavailable
from engine.readers.remote import connections as module
from engine.readers.remote.connection import HttpConnection
from engine.readers.remote.connections import Connections, connections
from engine.readers.source_access import SourceAccess, use_source_access
from server.site.connection_store import ConnectionStore


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LOOK_AGAIN_S", 0.0)
    made = ConnectionStore(tmp_path)
    made.add(HttpConnection(name="a", root="https://one.example/"))
    return made


def test_client_stays_while_its_connection_does(store):
    found = Connections(store.folder)
    client = found.client("a")
    assert found.client("a") is client
    store.add(HttpConnection(name="a", root="https://two.example/"))
    assert found.client("a").connection.host == "two.example"


def test_removed_connection_is_an_error_that_says_how_to_register(store):
    found = Connections(store.folder)
    found.client("a")
    store.remove("a")
    with pytest.raises(SourceUnavailable, match="swath connection add"):
        found.client("a")


def test_damaged_file_is_an_error_of_the_source(store):
    (store.folder / "a.json").write_text("{")
    with pytest.raises(SourceUnavailable):
        Connections(store.folder).client("a")


def test_process_follows_what_it_may_read(store):
    use_source_access(SourceAccess(connections=str(store.folder)))
    assert connections().client("a").connection.host == "one.example"
    use_source_access(SourceAccess())
    with pytest.raises(SourceUnavailable):
        connections().client("a")
