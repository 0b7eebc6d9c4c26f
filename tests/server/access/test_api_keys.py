"""API keys: told once, found by scanners, kept as a digest."""

from __future__ import annotations

import re

import pytest

from engine.errors import InvalidParameter
from server.access.api_keys import ApiKeys


def test_a_key_is_told_once_and_kept_as_a_digest(site):
    keys = ApiKeys(site)
    key = keys.create("Harvester", "publisher", groups=["Staff"], services=["b/", "a/x"], days=2)
    assert re.fullmatch(r"swath_[A-Za-z0-9]{43}", key)
    (listed,) = keys.all()
    assert (listed.name, listed.role) == ("harvester", "publisher")
    assert (listed.groups, listed.services) == (("staff",), ("a/x", "b/"))
    assert listed.ends_at == listed.made_at + 2 * 86_400
    text = b"".join(path.read_bytes() for path in site.path.parent.iterdir())
    assert key.removeprefix("swath_").encode() not in text


def test_no_two_keys_are_alike(site):
    keys = ApiKeys(site)
    assert len({keys.create(f"k{n}") for n in range(20)}) == 20


def test_mistakes_are_named(site):
    keys = ApiKeys(site)
    keys.create("a")
    for make, accepted in [
        (lambda: keys.create("A"), "no key has yet"),
        (lambda: keys.create("b c"), "letters, digits"),
        (lambda: keys.create("b", role="root"), "administrator"),
        (lambda: keys.create("b", services=["x/y/z"]), "NAME"),
        (lambda: keys.create("b", services=["../x"]), "NAME"),
        (lambda: keys.create("b", groups=[""]), "letters, digits"),
        (lambda: keys.revoke("b"), "name of a key"),
    ]:
        with pytest.raises(InvalidParameter, match=accepted):
            make()
    keys.revoke("a")
    assert keys.all() == []
