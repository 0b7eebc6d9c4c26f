"""Who services are shared with."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter
from server.access.permission import PUBLIC, SIGNED_IN, Permission
from server.access.sharing import Sharing


def test_the_last_word_counts(site):
    sharing = Sharing(site)
    sharing.share("a/b", "named", users=["ben", "Cleo"], groups=["staff"])
    sharing.share("a/b", "named", groups=["guests"])
    assert sharing.all() == {"a/b": Permission("named", groups=frozenset({"guests"}))}
    sharing.share("a/b", "public")
    assert sharing.all() == {"a/b": PUBLIC}
    sharing.inherit("a/b")
    assert sharing.all() == {}


def test_what_was_said_and_where(site):
    sharing = Sharing(site)
    sharing.share("a/", "signed-in")
    sharing.share("/", "public")
    assert sharing.of("a/b") == (SIGNED_IN, "a/")
    assert sharing.of("a/") == (SIGNED_IN, "a/")
    assert sharing.of("b") == (PUBLIC, "/")
    assert sharing.of("c/b") == (None, "")
    assert sharing.of("c/") == (None, "")


@pytest.mark.parametrize("name", ["", "a/b/", "a/b/c", "../a", "//", ".a", "a b", "a\n"])
def test_what_is_no_service_and_no_folder_is_refused(site, name):
    with pytest.raises(InvalidParameter, match="name"):
        Sharing(site).share(name, "public")


def test_a_user_that_is_not_there_is_refused(site):
    with pytest.raises(InvalidParameter, match="user list"):
        Sharing(site).share("a", "named", users=["ben", "nobody"])
    assert Sharing(site).all() == {}


def test_a_new_name_keeps_what_was_said(site):
    sharing = Sharing(site)
    sharing.share("a/", "signed-in")
    sharing.share("own", "named", groups=["staff"])
    sharing.carry("own", "b/own")
    sharing.carry("a/x", "x")
    sharing.carry("a/y", "a/z")
    sharing.carry("free", "free2")
    staff = Permission("named", groups=frozenset({"staff"}))
    assert sharing.all() == {"a/": SIGNED_IN, "own": staff, "b/own": staff, "x": SIGNED_IN}
