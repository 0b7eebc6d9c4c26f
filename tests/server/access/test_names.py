"""Names as people write them."""

from __future__ import annotations

import pytest

from engine.errors import InvalidParameter
from server.access.names import checked, checked_all, checked_role, checked_shared, folder_of


def test_names_are_kept_in_lower_case_and_once():
    assert checked("user", " Anna.Berg@Example.org ") == "anna.berg@example.org"
    assert checked_all("group", ["b", "A", "a"]) == ["a", "b"]
    assert checked_role("Publisher") == "publisher"


@pytest.mark.parametrize("role", ["", "root", "admin", "administrators"])
def test_a_role_is_one_of_three(role):
    with pytest.raises(InvalidParameter, match="administrator, publisher, user"):
        checked_role(role)


def test_folders_end_with_a_slash():
    assert [checked_shared(name) for name in ("a", "a/b", "a/", "/")] == ["a", "a/b", "a/", "/"]
    assert [folder_of(name) for name in ("a", "a/b", "a/")] == ["/", "a/", "a/"]
