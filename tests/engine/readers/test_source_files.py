"""Files that are handed out: those of the item's record as they were catalogued, and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import ItemNotFound
from engine.item import Source
from engine.item_rasters import pack_rasters
from engine.readers.source_files import (
    KINDS,
    FileGone,
    SourceFile,
    files_there,
    item_record,
    open_file,
    sidecars,
    source_files,
)
from tests.engine.catalogs import make_catalog, make_item, make_row

if TYPE_CHECKING:
    from pathlib import Path

    from engine.item import Item


def _source(path: Path) -> Source:
    found = path.stat()
    return Source(str(path), "GTiff", found.st_size, found.st_mtime_ns)


def _item(*paths: Path) -> Item:
    return make_item(1, sources=tuple(map(_source, paths)))


def _raster(folder: Path, name: str = "a.tif", text: bytes = b"pixels") -> Path:
    path = folder / name
    path.write_bytes(text)
    return path


def _bytes(file: SourceFile) -> bytes:
    opened = open_file(file)
    with opened.stream as stream:
        return stream.read()


def test_a_file_is_handed_out_as_it_was_catalogued(tmp_path: Path) -> None:
    path = _raster(tmp_path)
    (file,) = source_files(_item(path))
    assert _bytes(file) == b"pixels"
    opened = open_file(file)
    opened.stream.close()
    assert (opened.name, opened.size) == ("a.tif", 6)


def test_what_lies_beside_a_raster_belongs_to_it(tmp_path: Path) -> None:
    path = _raster(tmp_path)
    for name in ("a.tif.ovr", "a.tif.aux.xml", "a.tfw", "a.wld", "a.txt", "b.tif"):
        _raster(tmp_path, name, name.encode())
    found = dict(files_there(_item(path)))
    names = {file.path.rpartition("/")[2] for file in found}
    assert names == {"a.tif", "a.tif.ovr", "a.tif.aux.xml", "a.tfw", "a.wld"}
    assert {_bytes(file) for file in found if file.kind} == {
        name.encode() for name in names - {"a.tif"}
    }
    assert sum(found.values()) == sum((tmp_path / name).stat().st_size for name in names)


def test_kinds_are_numbers_that_stay(tmp_path: Path) -> None:
    (file,) = source_files(_item(_raster(tmp_path)))
    kinds = [sidecar.kind for sidecar in sidecars(file)]
    assert kinds == list(range(1, KINDS))
    assert next(sidecars(file)).path.endswith("a.tif.ovr")


def test_a_name_without_an_ending_has_no_sidecars(tmp_path: Path) -> None:
    (file,) = source_files(_item(_raster(tmp_path, "raster")))
    assert list(sidecars(file)) == []


def test_all_rasters_of_an_item_have_their_files_each_once(tmp_path: Path) -> None:
    first, second = _raster(tmp_path, "1.tif"), _raster(tmp_path, "2.tif", b"other")
    rasters = pack_rasters([_item(first, second), _item(second)])
    item = make_item(1, sources=(_source(first),), rasters=rasters)
    files = source_files(item)
    assert [(file.number, file.path) for file in files] == [(0, str(first)), (1, str(second))]


def test_a_file_that_changed_is_gone(tmp_path: Path) -> None:
    path = _raster(tmp_path)
    item = _item(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileGone):
        open_file(source_files(item)[0])
    assert dict(files_there(item)) == {}


def test_a_link_in_place_of_a_file_gives_nothing_out(tmp_path: Path) -> None:
    secret = _raster(tmp_path, "secret", b"secret")
    path = _raster(tmp_path, "a.tif", b"pixels")
    os.utime(secret, ns=(5, 5))
    os.utime(path, ns=(5, 5))
    item = _item(path)
    path.unlink()
    path.symlink_to(secret)
    # Size and time are those of the record: only the link tells.
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (6, 5)
    with pytest.raises(FileGone):
        open_file(source_files(item)[0])


def test_a_folder_that_became_a_link_gives_nothing_out(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    item = _item(_raster(inside))
    inside.rename(tmp_path / "outside")
    inside.symlink_to(tmp_path / "outside")
    with pytest.raises(FileGone):
        open_file(source_files(item)[0])


def test_a_linked_sidecar_is_none(tmp_path: Path) -> None:
    secret = _raster(tmp_path, "secret", b"secret")
    path = _raster(tmp_path)
    (tmp_path / "a.tif.ovr").symlink_to(secret)
    assert [file.kind for file, _ in files_there(_item(path))] == [0]


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.tif")
    file = SourceFile(1, 0, 0, str(tmp_path / "a.tif"))
    with pytest.raises(FileGone):
        open_file(file)
    with pytest.raises(FileGone):
        open_file(SourceFile(1, 0, 0, str(tmp_path)))


def test_a_record_is_found_without_opening_the_service(tmp_path: Path) -> None:
    item = _item(_raster(tmp_path))
    make_catalog(tmp_path / "c.zmd", [make_row(item)]).close()
    assert item_record(str(tmp_path / "c.zmd"), 1) == item
    for missing in (2, 10**18, 2**70):
        with pytest.raises(ItemNotFound):
            item_record(str(tmp_path / "c.zmd"), missing)
