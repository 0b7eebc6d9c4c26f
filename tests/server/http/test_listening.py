"""Addresses that cannot be listened on are told of before anything is started."""

import errno
import socket

import pytest

from engine.errors import ConfigError
from server.http.listening import check_address


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_free_port_is_good_and_a_taken_one_is_named(host):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port: {port} on {host} is in use by another"):
            check_address(host, port)
    check_address(host, port)
    check_address(host, 0)


@pytest.mark.parametrize("host", ["203.0.113.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_named(host):
    with pytest.raises(ConfigError, match=f"host: '{host}' is no address of this machine"):
        check_address(host, 0)


def test_a_port_of_root_alone_is_named(monkeypatch):
    def refuse(tried, address):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", refuse)
    with pytest.raises(ConfigError, match=r"port: 80 on 127\.0\.0\.1 may not be used by this user"):
        check_address("127.0.0.1", 80)
