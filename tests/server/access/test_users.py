"""Users of a site."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter
from server.access.passwords import WeakPassword
from server.access.sharing import Sharing
from server.access.site import Site
from server.access.users import Users
from tests.server.access.conftest import PASSWORD


def test_users_are_listed_with_role_and_groups(site):
    listed = [(user.name, user.role, user.groups) for user in Users(site).all()]
    assert listed == [
        ("anna", "administrator", ()),
        ("ben", "user", ("staff",)),
        ("cleo", "user", ()),
        ("paul", "publisher", ()),
    ]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "-a", "a/b", "key:x", "ä", "a" * 129, "a\nb", "<b>", "anna"]
)
def test_names_that_cannot_be_are_refused_with_what_can(site, name):
    with pytest.raises(InvalidParameter, match="user"):
        Users(site).add(name, PASSWORD)
    assert len(Users(site).all()) == 4


def test_other_mistakes_change_nothing(site):
    users = Users(site)
    with pytest.raises(InvalidParameter, match="administrator, publisher, user"):
        users.add("dora", PASSWORD, "root")
    with pytest.raises(InvalidParameter, match="group"):
        users.add("dora", PASSWORD, groups=["a b"])
    with pytest.raises(WeakPassword):
        users.add("dora", "dora")
    with pytest.raises(WeakPassword):
        users.set_password("ben", "short")
    for change in (
        lambda: users.remove("dora"),
        lambda: users.set_password("dora", PASSWORD),
        lambda: users.set_role("dora", "user"),
        lambda: users.set_groups("dora", []),
        lambda: users.sign_out("dora"),
    ):
        with pytest.raises(InvalidParameter, match="the name of a user"):
            change()


def test_who_is_removed_takes_everything_along(site):
    Sharing(site).share("secret", "named", users=["ben"])
    Users(site).remove("ben")
    Users(site).add("ben", PASSWORD)
    assert Sharing(site).all()["secret"].users == frozenset()
    assert next(user for user in Users(site).all() if user.name == "ben").groups == ()


def test_no_password_is_in_the_file(tmp_path):
    site = Site(tmp_path)
    Users(site).add("dora", "clay-Pigeon-4711")
    text = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"dora" in text
    assert b"Pigeon" not in text
