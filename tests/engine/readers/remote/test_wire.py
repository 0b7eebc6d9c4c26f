"""Which addresses a connection may reach, and that encrypted ones are verified and bounded in time."""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import contextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from engine.errors import StorageError, StorageTimeout
from engine.readers.remote import wire
from engine.readers.remote.connection import HttpConnection
from engine.readers.remote.range_client import RangeClient
from engine.readers.remote.wire import is_allowed

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "192.168.0.1",
    "172.16.0.1",
    "::1",
    "fd00::1",
    "::ffff:10.0.0.1",
]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "::ffff:169.254.169.254",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_needs_registration(address):
    assert not is_allowed(address, private=False)
    assert is_allowed(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_address_of_the_link_is_never_reached(address):
    assert not is_allowed(address, private=True)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111"])
def test_public_address_is_reached(address):
    assert is_allowed(address, private=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Return a file with a certificate of this machine's address and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    file.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *form))
    return file


class _Ranges(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.send_response(206)
        for name, value in (
            ("Content-Range", "bytes 0-99/1000"),
            ("Content-Length", "100"),
            ("ETag", '"a"'),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(bytes(range(100)))


@contextmanager
def _served(certificate):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Ranges)
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _client(port):
    root = f"https://127.0.0.1:{port}/"
    client = RangeClient(HttpConnection(name="s", root=root, private=True, timeout_s=1.0))
    try:
        yield client
    finally:
        client.close()


def test_encrypted_connection_is_read_and_kept(certificate, monkeypatch):
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(wire, "_tls", lambda: trusting)
    with _served(certificate) as port, _client(port) as client:
        for _ in range(3):
            assert client.fetch("a.tif", 0, 100, None).data == bytes(range(100))
        assert client._idle[0].answered == 3


def test_certificate_that_nobody_vouches_for_is_refused(certificate):
    with _served(certificate) as port, _client(port) as client, pytest.raises(StorageError):
        client.fetch("a.tif", 0, 100, None)


def test_host_that_drags_out_its_greeting_is_given_up(monkeypatch):
    monkeypatch.setattr(wire, "_CONNECT_S", 0.5)
    ended = threading.Event()

    def drip(listening):
        try:
            accepted, _ = listening.accept()
            with accepted:
                # A record of 16 kB, which never comes to its end.
                for byte in b"\x16\x03\x03\x40\x00" + bytes(1000):
                    accepted.sendall(bytes((byte,)))
                    if ended.wait(0.05):
                        return
        except OSError:
            return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        began = time.monotonic()
        with _client(listening.getsockname()[1]) as client, pytest.raises(StorageTimeout):
            client.fetch("a.tif", 0, 100, None)
        assert time.monotonic() - began < 10.0
        ended.set()
    thread.join(10)
