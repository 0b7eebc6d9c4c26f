"""Connections are kept where only the server's user reads them, replaced as a whole."""

from __future__ import annotations

import os

import pytest

from engine.errors import ConfigError
from engine.readers.remote.connection import HttpConnection
from server.site.connection_store import ConnectionStore


def _made(name="a", **more):
    return HttpConnection(name=name, root="https://host.example/", **more)


def test_added_connection_is_found_again_and_secret(tmp_path):
    store = ConnectionStore(tmp_path)
    secret = _made(headers={"Authorization": "Bearer secret"}, private=True, timeout_s=5.0)
    before = os.umask(0)
    try:
        assert store.add(secret) is False
    finally:
        os.umask(before)
    assert store.get("a") == secret
    assert (store.folder / "a.json").stat().st_mode & 0o777 == 0o600
    assert store.folder.stat().st_mode & 0o777 == 0o700


def test_added_again_takes_the_place_of_the_first(tmp_path):
    store = ConnectionStore(tmp_path)
    store.add(_made())
    assert store.add(_made(private=True)) is True
    assert store.get("a").private
    assert store.names() == ["a"]
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "a.json"]


def test_removed_connection_is_gone(tmp_path):
    store = ConnectionStore(tmp_path)
    store.add(_made())
    store.remove("a")
    assert store.names() == []
    with pytest.raises(ConfigError, match="known: none"):
        store.get("a")
    with pytest.raises(ConfigError):
        store.remove("a")


def test_wrong_connection_changes_nothing(tmp_path):
    store = ConnectionStore(tmp_path)
    for wrong in (_made(name="../a"), _made(headers={"Host": "b"}), _made(timeout_s=0.0)):
        with pytest.raises(ConfigError):
            store.add(wrong)
    assert store.names() == []
