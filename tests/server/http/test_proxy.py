"""Links behind proxies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from server.http.proxy import PublicAddress

PROXY = "10.1.2.3"


def scope(client=PROXY, **headers):
    raw = [
        (key.replace("_", "-").encode(), value.encode("latin-1")) for key, value in headers.items()
    ]
    return {"scheme": "http", "client": (client, 1), "server": ("127.0.0.1", 8080), "headers": raw}


def base(settings=None, **kwargs):
    given_settings = settings or Settings(trusted_proxies=("10.0.0.0/8",))
    return PublicAddress(given_settings).base(scope(**kwargs))


FORWARDED = {
    "host": "inner:8080",
    "x_forwarded_proto": "https",
    "x_forwarded_host": "maps.example.org",
    "x_forwarded_prefix": "/imagery/",
}


def test_a_trusted_proxy_says_where_the_server_is_seen():
    assert base(**FORWARDED) == "https://maps.example.org/imagery"


def test_nobody_else_does():
    assert base(client="192.0.2.1", **FORWARDED) == "http://inner:8080"
    assert base(Settings(), **FORWARDED) == "http://inner:8080"


def test_the_last_of_several_hosts_counts():
    headers = {**FORWARDED, "x_forwarded_host": "evil.example, maps.example.org"}
    assert base(**headers) == "https://maps.example.org/imagery"


def test_a_configured_url_wins():
    settings = Settings(public_url="https://fixed.example/x/", trusted_proxies=("10.0.0.0/8",))
    assert base(settings, **FORWARDED) == "https://fixed.example/x"


def test_an_own_prefix_stands_behind_the_proxys():
    settings = Settings(prefix="/own", trusted_proxies=("10.0.0.0/8",))
    assert base(settings, **FORWARDED) == "https://maps.example.org/imagery/own"
    assert base(settings, client="192.0.2.1", host="h") == "http://h/own"


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "<script>",
        "a/b",
        "a@b",
        "evil.example#",
        "x" * 300,
        'a"b',
        "a:b",
        "[::1",
        "a:123456",
    ],
)
def test_a_host_that_is_none_is_replaced_by_our_own(host):
    assert base(host=host) == "http://127.0.0.1:8080"


@pytest.mark.parametrize("host", ["a", "a.b-c.example", "127.0.0.1:80", "[::1]:8080", "a_b"])
def test_real_hosts_are_kept(host):
    assert base(host=host) == f"http://{host}"


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_markup_ever_survives(text):
    for name in ("host", "x_forwarded_host", "x_forwarded_prefix", "x_forwarded_proto"):
        found = base(**{**FORWARDED, name: text})
        assert not set(found) & set("<>\"' \\\r\n;&?#")
        assert found.startswith(("http://", "https://"))


def test_the_client_behind_a_trusted_proxy_is_known():
    address = PublicAddress(Settings(trusted_proxies=("10.0.0.0/8",)))
    assert address.client(scope(x_forwarded_for="198.51.100.7")) == "198.51.100.7"
    assert address.client(scope(x_forwarded_for="nonsense")) == PROXY
    assert address.client(scope(client="192.0.2.1", x_forwarded_for="198.51.100.7")) == "192.0.2.1"


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("198.51.100.7:50312", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7:50312", "198.51.100.7"),
        ("[2001:db8::7]:50312", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("198.51.100.7:", PROXY),
        ("198.51.100.7:503120", PROXY),
        ("[2001:db8::7]x", PROXY),
        ("[unknown]:1", PROXY),
        ("1.2.3:80", PROXY),
        ("", PROXY),
    ],
)
def test_a_port_behind_the_clients_address_is_left_out(told, client):
    address = PublicAddress(Settings(trusted_proxies=("10.0.0.0/8",)))
    assert address.client(scope(x_forwarded_for=told)) == client


@pytest.mark.parametrize(
    ("client", "headers", "is_private"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.9.9.9", {}, False),
        ("10.9.9.9", {"x_forwarded_proto": "https"}, False),
        (PROXY, {"x_forwarded_proto": "https"}, True),
        (PROXY, {"x_forwarded_proto": "http"}, False),
        (PROXY, {"x_forwarded_proto": "HTTPS"}, True),
        (PROXY, {"x_forwarded_proto": "wss"}, False),
        (PROXY, {}, False),
    ],
)
def test_who_could_read_along(client, headers, is_private):
    address = PublicAddress(Settings(trusted_proxies=(PROXY,)))
    assert address.is_private(scope(client, **headers)) is is_private
    for public, is_https in (("https://a.example", True), ("http://a.example", False)):
        named = PublicAddress(Settings(trusted_proxies=(PROXY,), public_url=public))
        expected = is_https if client == PROXY and not headers else is_private
        assert named.is_private(scope(client, **headers)) is expected
    assert address.is_private({**scope("10.9.9.9"), "scheme": "https"})
