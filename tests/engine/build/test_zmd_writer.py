"""Writing compiled definitions: the same bytes for the same rows, and nothing half-written.

Covers engine.build.packed_row.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from engine.build.zmd_writer import CompiledRow, ZmdExtras, ZmdWriter, write_zmd
from engine.catalog import Catalog
from engine.errors import ConfigError
from engine.extent import Extent
from engine.summary import FieldInfo
from tests.engine.catalogs import FIELDS, make_item, make_row, make_summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _rows(count: int) -> Iterator[CompiledRow]:
    for key in range(1, count + 1):
        box = Extent(key, -key, key + 10, key)
        yield make_row(make_item(key, box), {"Cloud": key / 3, "Sensor": f"s{key}"})


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "a.zmd", tmp_path / "b.zmd"]
    for file, operations in zip(files, ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}), strict=True):
        write_zmd(file, make_summary(), _rows(500), ZmdExtras(operations=operations))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_other_rows_give_other_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "a.zmd", tmp_path / "b.zmd"]
    for file, count in zip(files, (50, 51), strict=True):
        write_zmd(file, make_summary(), _rows(count), ZmdExtras())
    assert files[0].read_bytes() != files[1].read_bytes()


def test_nothing_is_left_of_a_run_that_fails(tmp_path: Path) -> None:
    def failing() -> Iterator[CompiledRow]:
        yield from _rows(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_zmd(tmp_path / "a.zmd", make_summary(), failing(), ZmdExtras())
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "a.zmd"
    write_zmd(out, make_summary(), _rows(3), ZmdExtras())
    before = out.read_bytes()
    twice = [*_rows(2), *_rows(2)]
    with pytest.raises(ConfigError, match="OBJECTID 1: is there twice"):
        write_zmd(out, make_summary(), twice, ZmdExtras())
    assert out.read_bytes() == before
    assert list(tmp_path.iterdir()) == [out]


def test_a_new_file_replaces_an_old_one(tmp_path: Path) -> None:
    out = tmp_path / "a.zmd"
    write_zmd(out, make_summary(), _rows(3), ZmdExtras())
    assert write_zmd(out, make_summary(), _rows(5), ZmdExtras()) == 5
    catalog = Catalog.open(out)
    assert catalog.summary.item_count == 5
    catalog.close()


@pytest.mark.parametrize("name", ["name", "OBJECTID", ""])
def test_fields_with_one_name_or_none_are_refused(tmp_path: Path, name: str) -> None:
    fields = (*FIELDS, FieldInfo(name=name, type="double"))
    with pytest.raises(ConfigError, match="field"):
        ZmdWriter(tmp_path / "a.zmd", fields)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        ZmdWriter(tmp_path / "none" / "a.zmd", FIELDS)


def test_field_names_of_any_kind_are_columns(tmp_path: Path) -> None:
    names = ['a"b', "select", "x y", "ä;--"]
    fields = tuple(FieldInfo(name=name, type="string") for name in names)
    row = make_row(make_item(1), {name: f"<{name}>" for name in names})
    write_zmd(tmp_path / "a.zmd", make_summary(fields=fields), [row], ZmdExtras())
    catalog = Catalog.open(tmp_path / "a.zmd")
    found = catalog.attributes_of([1])[1]
    assert {name: found[name] for name in names} == {name: f"<{name}>" for name in names}
    assert catalog.select('"a""b" = \'<a"b>\' AND "select" LIKE \'<%\'') is not None
    catalog.close()


def test_sqlite_finds_nothing_wrong_with_the_file(tmp_path: Path) -> None:
    out = tmp_path / "a.zmd"
    write_zmd(out, make_summary(), _rows(300), ZmdExtras())
    db = sqlite3.connect(out)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert db.execute("SELECT rtreecheck('boxes')").fetchall() == [("ok",)]
    db.close()
