"""What a registered connection may say."""

from __future__ import annotations

import msgspec
import pytest

from engine.errors import ConfigError
from engine.readers.remote.connection import (
    HttpConnection,
    checked_connection,
    read_connection,
)


def _made(root="https://host.example/prefix/", **more):
    return HttpConnection(name="store", root=root, **more)


def test_object_is_asked_for_below_the_root_and_quoted():
    made = checked_connection(_made())
    assert made.target("a b/ü[1].tif") == "/prefix/a%20b/%C3%BC%5B1%5D.tif"
    assert (made.host, made.port, made.is_tls) == ("host.example", 443, True)


@pytest.mark.parametrize(
    "root",
    [
        "ftp://host/",
        "file:///etc/",
        "https://user:secret@host/",
        "https://host/a/../b/",
        "https://host/a/?x=1",
        "https://host/a/#x",
        "https://host/%2e%2e/",
        "https:///a/",
        "https://ho st/a/",
        "https://host:port/a/",
        "https://host:99999/a/",
        "https://host/a",
        "https://host/a\r\n/",
        "",
        "/data/",
    ],
)
def test_root_that_is_no_folder_of_a_web_server_is_refused(root):
    with pytest.raises(ConfigError):
        checked_connection(_made(root))


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "other"},
        {"range": "bytes=0-1"},
        {"Accept-Encoding": "gzip"},
        {"X\r\nY": "a"},
        {"X": "a\r\nY: b"},
        {"X": "a\nb"},
        {"": "a"},
        {"X": "ü"},
    ],
)
def test_header_that_would_change_the_request_is_refused(headers):
    with pytest.raises(ConfigError) as told:
        checked_connection(_made(headers=headers))
    assert all(value not in str(told.value) for value in headers.values() if len(value) > 1)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, 1e9, float("nan")])
def test_timeout_out_of_range_is_refused(timeout_s):
    with pytest.raises(ConfigError):
        checked_connection(_made(timeout_s=timeout_s))


@pytest.mark.parametrize("name", ["", "a b", "../a", "-a", "a" * 65, "a.b"])
def test_name_that_could_be_a_path_is_refused(name):
    with pytest.raises(ConfigError):
        checked_connection(msgspec.structs.replace(_made(), name=name))


def test_stored_connection_is_checked_again_when_read(tmp_path):
    (tmp_path / "store.json").write_text('{"kind":"http","name":"store","root":"file:///etc/"}')
    with pytest.raises(ConfigError):
        read_connection(tmp_path, "store")
    (tmp_path / "store.json").write_text('{"kind":"http","name":"other","root":"http://h/"}')
    with pytest.raises(ConfigError):
        read_connection(tmp_path, "store")
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(ConfigError):
        read_connection(tmp_path, "store")


def test_name_that_is_none_is_not_looked_for(tmp_path):
    (tmp_path / "x.json").write_text('{"kind":"http","name":"x","root":"http://h/"}')
    assert read_connection(tmp_path / "inner", "../x") is None
    assert read_connection(tmp_path, "y") is None
