"""A site with some users, for the tests of access."""

from __future__ import annotations

import pytest

from config.settings import AccessSettings
from server.access.access import Access
from server.access.site import Site
from server.access.users import Users

PASSWORD = "clay-pigeon-42"
PUBLISHED = {"open", "land/forest", "land/hidden", "land/staff", "sea/depth"}


@pytest.fixture
def site(tmp_path):
    """A site with anna (administrator), paul (publisher), ben (in staff) and cleo."""
    site = Site(tmp_path / "data")
    users = Users(site)
    users.add("Anna", PASSWORD, "administrator")
    users.add("paul", PASSWORD, "publisher")
    users.add("ben", PASSWORD, groups=["staff"])
    users.add("cleo", PASSWORD)
    return site


@pytest.fixture
def make_access(site):
    """Return what opens the site as a server does."""
    opened = []

    def make(**settings):
        access = Access(site.path.parent, AccessSettings(**settings), PUBLISHED.__contains__)
        access.open()
        opened.append(access)
        return access

    yield make
    for access in opened:
        access.close()


@pytest.fixture
def access(make_access):
    return make_access()
