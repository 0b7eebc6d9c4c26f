"""Ways back after signing in: below this server's address, whatever is sent."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.local_path import local_path, path_of

BASE = "https://maps.example/imagery/"


@pytest.mark.parametrize(
    "path",
    ["map/a/b", "arcgis/rest/services", "a/ImageServer?f=html&rule={}".replace("{}", "%7B"), ""],
)
def test_own_pages_are_kept(path):
    assert local_path(path) == path
    assert local_path(f"/{path}") == path


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="/\\.%2fFeE5cC:@?#evil \t\r\n\0"),
        st.from_regex(r"(https?:)?[/\\]{1,3}evil\.example.*"),
    )
)
def test_nothing_leads_elsewhere(text):
    found = local_path(text)
    target = urlsplit(urljoin(BASE, BASE + found))
    assert (target.scheme, target.netloc) == ("https", "maps.example")
    assert target.path.startswith("/imagery/")
    assert found.isascii()
    assert found.isprintable()
    assert not found.startswith("/")
    assert "\\" not in found


def test_a_page_is_told_without_its_token():
    assert path_of("/map/a", b"x=1&token=secret&Token=other") == "map/a?x=1"
    assert path_of("/map/a", b"token=secret") == "map/a"
    assert path_of("/", b"") == ""
    assert path_of("//evil", b"") == "evil"
