"""What a permission says, and which one a service has."""

from __future__ import annotations

from server.access.caller import ANONYMOUS, Caller
from server.access.permission import PRIVATE, PUBLIC, SIGNED_IN, Permission, Permissions

BEN = Caller("ben", "user", groups=frozenset({"staff"}))
KEY = Caller("key:ben", "key")


def test_own_then_folder_then_default():
    given = {"a/own": PRIVATE, "a/": SIGNED_IN, "/": PRIVATE}
    found = Permissions(given, PUBLIC)
    expected = {"a/own": PRIVATE, "a/other": SIGNED_IN, "root": PRIVATE, "b/any": PUBLIC}
    for _ in range(2):
        assert {name: found[name] for name in expected} == expected


def test_a_service_may_be_open_in_a_folder_that_is_not():
    found = Permissions({"a/": PRIVATE, "a/open": PUBLIC}, PUBLIC)
    assert found["a/open"].admits(ANONYMOUS, "a/open")
    assert not found["a/other"].admits(ANONYMOUS, "a/other")


def test_folders_that_hold_hidden_services_are_known():
    found = Permissions(
        {"a/own": PRIVATE, "b/own": PUBLIC, "root": SIGNED_IN, "c/": PRIVATE}, PUBLIC
    )
    assert [folder for folder in ("a/", "b/", "/", "c/") if found.hides_some(folder)] == ["a/", "/"]


def test_hidden_folders_are_known():
    for given, is_one in (
        ({}, False),
        ({"a/own": PUBLIC, "/": PRIVATE, "root": PRIVATE}, False),
        ({"a/own": SIGNED_IN}, True),
        ({"a/": PRIVATE}, True),
    ):
        assert Permissions(given, PUBLIC).hides_folders is is_one


def test_a_key_is_no_user_of_its_name():
    permission = Permission("named", users=frozenset({"ben"}))
    assert permission.admits(BEN, "x")
    assert not permission.admits(KEY, "x")


def test_names_that_are_made_up_do_not_fill_the_memory():
    found = Permissions({}, PUBLIC)
    for number in range(25_000):
        assert found[f"made/up{number}"] is PUBLIC
    assert found["x" * 10_000] is PUBLIC
    assert len(found) == 20_000


def test_permissions_are_told_in_words():
    assert str(PUBLIC) == "public: everybody"
    assert str(PRIVATE) == "private: administrators and publishers"
    named = Permission("named", frozenset({"b", "a"}), frozenset({"staff"}))
    assert str(named) == "users a, b and groups staff"
    assert str(SIGNED_IN).startswith("signed-in")
