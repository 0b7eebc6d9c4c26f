"""What may be read at all, and what tells that it changed."""

from __future__ import annotations

import os

import pytest

from engine.errors import SourceUnavailable, UnknownProduct
from engine.readers.source_access import SourceAccess, use_source_access
from engine.readers.source_state import GONE, check_source, state_of_source


@pytest.fixture
def rooted(tmp_path):
    """Return a root with a file, and a file outside it."""
    inside, outside = tmp_path / "root" / "a.tif", tmp_path / "rootless" / "b.tif"
    for file in (inside, outside):
        file.parent.mkdir()
        file.write_bytes(b"II*\0")
    use_source_access(SourceAccess(roots=(str(tmp_path / "root"),)))
    yield inside, outside
    use_source_access(SourceAccess())


def test_state_is_size_and_time(tmp_path):
    file = tmp_path / "a.tif"
    file.write_bytes(b"12345")
    state = check_source(str(file))
    assert state == (5, file.stat().st_mtime_ns) == state_of_source(str(file))


def test_missing_file_is_gone(tmp_path):
    with pytest.raises(SourceUnavailable):
        check_source(str(tmp_path / "a.tif"))
    assert state_of_source(str(tmp_path / "a.tif")) == GONE


def test_object_of_an_unknown_connection_is_gone():
    assert state_of_source("connection://nobody/a.tif") == GONE


def test_file_under_a_root_is_read(rooted):
    inside, _ = rooted
    assert check_source(str(inside)).size == 4


def test_file_outside_the_roots_is_refused_however_it_is_named(rooted):
    inside, outside = rooted
    link = inside.with_name("link.tif")
    link.symlink_to(outside)
    folder = inside.with_name("folder")
    folder.symlink_to(outside.parent)
    ways = [outside, inside.parent / ".." / "rootless" / "b.tif", link, folder / "b.tif"]
    for path in ways:
        with pytest.raises(UnknownProduct, match="roots"):
            check_source(str(path))
    relative = os.path.relpath(outside)
    with pytest.raises(UnknownProduct, match="roots"):
        check_source(relative)


def test_link_within_the_roots_is_followed(rooted):
    inside, _ = rooted
    link = inside.with_name("link.tif")
    link.symlink_to(inside)
    assert check_source(str(link)).size == 4


@pytest.mark.parametrize(
    "path",
    ["/vsicurl/http://127.0.0.1/a", "WMS:http://h/", "MEM:::a", "<VRTDataset>", "vrt://a", "a\0b"],
)
def test_text_that_is_no_path_is_refused(path):
    with pytest.raises(UnknownProduct):
        check_source(path)
