"""What a definition remembers of the commands that changed it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from engine.build import history as history_module
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history, note_history

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.build.service_table import ServiceTable


@pytest.fixture
def table(tmp_path: Path) -> Iterator[ServiceTable]:
    with DefinitionFolder.create(tmp_path / "d.isdef").table() as table:
        yield table


def test_lines_are_numbered_and_dated_in_order(table: ServiceTable) -> None:
    note_history(table, "add", "Added 3 items.")
    with table.batch():
        note_history(table, "build", "Built 3 items.")
    first, second = history(table)
    assert (first.line, first.command, first.text) == (1, "add", "Added 3 items.")
    assert (second.line, second.command) == (2, "build")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.moment)
    assert first.moment <= second.moment
    assert [each.line for each in history(table, limit=1)] == [2]


def test_a_change_that_is_rolled_back_leaves_no_line(table: ServiceTable) -> None:
    note_history(table, "add", "Added 1 item.")

    def stop_in_the_middle() -> None:
        with table.batch():
            note_history(table, "remove", "Removed it.")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_in_the_middle()
    assert [each.command for each in history(table)] == ["add"]


def test_the_oldest_lines_go_and_long_texts_are_cut(
    table: ServiceTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "_MAX_LINES", 3)
    for number in range(5):
        note_history(table, "sync", f"{number}" * 5000)
    kept = list(history(table))
    assert [each.line for each in kept] == [3, 4, 5]
    assert {len(each.text) for each in kept} == {2000}


def test_a_catalog_made_before_there_was_history_has_none(table: ServiceTable) -> None:
    table.execute("DROP TABLE IF EXISTS swath_history")
    assert list(history(table)) == []
