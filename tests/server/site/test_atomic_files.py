"""Small files replaced as a whole, and one change of a folder at a time."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from server.site.atomic_files import change_of, read_line, sync_folder, write_line


def test_a_line_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    write_line(tmp_path / "current", "one")
    write_line(tmp_path / "current", "two")
    sync_folder(tmp_path)
    assert read_line(tmp_path / "current") == "two"
    assert read_line(tmp_path / "nothing") == ""
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_where_nothing_can_be_written_the_path_is_named(tmp_path):
    (tmp_path / "current").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_line(tmp_path / "current", "one")
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_where_nothing_can_be_removed_either_the_path_is_named_too(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: Not a directory"):
        write_line(tmp_path / "file" / "current", "one")


def test_a_second_change_waits_and_then_says_why(tmp_path):
    with (
        change_of(tmp_path, 0.1),
        pytest.raises(ConfigError, match="another change"),
        change_of(tmp_path, 0.1),
    ):
        pytest.fail("two changes at once")
    with change_of(tmp_path, 0.1):
        pass


def test_what_the_system_refuses_inside_is_an_error_for_the_operator(tmp_path):
    with pytest.raises(ConfigError, match="cannot be changed"), change_of(tmp_path, 0.1):
        (tmp_path / "none" / "file").write_text("x", "ascii")
