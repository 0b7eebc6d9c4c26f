"""Changes of the site file are seen, and nothing is read anew without one."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from server.access.permission import PRIVATE, PUBLIC
from server.access.sharing import Sharing
from server.access.site import Site
from server.access.site_follower import SiteFollower
from server.access.users import Users


def test_only_what_decides_on_access_is_read_anew(site):
    follower = SiteFollower(site, PUBLIC)
    assert follower.changed() is not None
    assert follower.changed() is None
    handle = site.connect()
    handle.execute("CREATE TABLE jobs (id INTEGER)")
    handle.close()
    assert follower.changed() is None
    Sharing(site).share("a", "signed-in")
    records = follower.changed()
    assert records is not None
    assert records.permissions["a"].level == "signed-in"
    Users(site).remove("ben")
    changed = follower.changed()
    assert changed is not None
    assert "ben" not in changed.accounts
    assert "ben" in records.accounts
    follower.close()


def test_another_default_is_followed(site):
    follower = SiteFollower(site, PUBLIC)
    Sharing(site).share("a", "signed-in")
    follower.changed()
    assert follower.follow(PUBLIC) is None
    records = follower.follow(PRIVATE)
    assert records is not None
    assert records.permissions["a"].level == "signed-in"
    assert records.permissions["b"] == PRIVATE
    assert follower.changed() is None
    moved = site.path.rename(site.path.with_name("elsewhere"))
    with pytest.raises(ConfigError):
        follower.follow(PUBLIC)
    moved.rename(site.path)
    # It was not taken up: the next time it is.
    changed = follower.follow(PUBLIC)
    assert changed is not None
    assert changed.permissions["b"].level == "public"
    follower.close()


def test_a_folder_without_a_file_has_another_default_too(tmp_path):
    follower = SiteFollower(Site(tmp_path), PUBLIC)
    assert follower.without_file().permissions["a"].level == "public"
    records = follower.follow(PRIVATE)
    assert records is not None
    assert records.permissions["a"] == PRIVATE


def test_a_folder_without_a_file_is_followed_until_there_is_one(tmp_path, site):
    moved = site.path.with_name("elsewhere")
    site.path.rename(moved)
    follower = SiteFollower(site, PUBLIC)
    assert follower.without_file().accounts == {}
    assert follower.changed() is None
    moved.rename(site.path)
    records = follower.changed()
    assert records is not None
    assert "anna" in records.accounts
    follower.close()
