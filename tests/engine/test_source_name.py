"""Names of remote sources: nothing that could lead out of a connection's root is one."""

from __future__ import annotations

import pytest

from engine.errors import UnknownProduct
from engine.source_name import canonical_name, is_remote, split_name


def test_name_is_split_into_connection_and_object():
    assert split_name("connection://store/a/b c.tif") == ("store", "a/b c.tif")


def test_slash_lost_on_the_way_through_a_path_is_put_back():
    assert canonical_name("connection:/store/a.tif") == "connection://store/a.tif"
    assert canonical_name("/data/a.tif") == "/data/a.tif"


def test_plain_paths_are_not_remote():
    assert not is_remote("/data/connection.tif")
    assert not is_remote("connections/a.tif")


@pytest.mark.parametrize(
    "path",
    [
        "connection://store",
        "connection://store/",
        "connection:///a.tif",
        "connection://a store/a.tif",
        "connection://../a.tif",
        "connection://store/../a.tif",
        "connection://store/a/../../b.tif",
        "connection://store/./a.tif",
        "connection://store//a.tif",
        "connection://store//etc/passwd",
        "connection://store/%2e%2e/a.tif",
        "connection://store/%252e%252e/a.tif",
        "connection://store/..\\a.tif",
        "connection://store/a.tif?x=1",
        "connection://store/a.tif#x",
        "connection://store/a\0.tif",
        "connection://store/a\r\nHost: b.tif",
        "connection://user@host/a.tif",
        "connection://store/" + "a" * 2000,
    ],
)
def test_name_that_could_lead_elsewhere_is_refused(path):
    with pytest.raises(UnknownProduct):
        split_name(path)
