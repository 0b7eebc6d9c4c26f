"""What a process may read is set once, and told to other processes."""

from __future__ import annotations

from engine.readers.source_access import (
    SourceAccess,
    is_under_roots,
    source_access,
    use_source_access,
)


def test_without_roots_every_path_is_under_them():
    assert is_under_roots("/anything")


def test_root_is_a_folder_and_not_a_beginning_of_names(tmp_path):
    access = SourceAccess(roots=(f"{tmp_path}/data/",), connections="/c")
    use_source_access(access)
    try:
        assert source_access() == access
        assert is_under_roots(f"{tmp_path}/data/a.tif")
        assert not is_under_roots(f"{tmp_path}/data2/a.tif")
        assert not is_under_roots(f"{tmp_path}/data/../a.tif")
    finally:
        use_source_access(SourceAccess())


def test_root_that_is_a_link_means_what_it_points_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    use_source_access(SourceAccess(roots=(str(tmp_path / "link"),)))
    try:
        assert is_under_roots(f"{tmp_path}/real/a.tif")
        assert is_under_roots(f"{tmp_path}/link/a.tif")
    finally:
        use_source_access(SourceAccess())
