"""Finding products: by glob, in folders and below, sorted, without definitions and hidden files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import ConfigError
from raster_types import RASTER_TYPES
from raster_types.adding.crawl import find_products

if TYPE_CHECKING:
    from pathlib import Path

_TYPE = RASTER_TYPES["raster-dataset"]
_FILES = [
    "b.tif",
    "a.tif",
    "a.tif.ovr",
    "notes.txt",
    ".hidden.tif",
    "below/c.tif",
    "below/.git/d.tif",
    "old.isdef/e.tif",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in _FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def _found(folder: Path, *paths: Path, glob: str = "*", recursive: bool = False) -> list[str]:
    products = find_products(paths or (folder,), _TYPE, glob=glob, recursive=recursive)
    return [product[0].removeprefix(f"{folder}/") for product in products]


def test_a_folder_gives_its_own_rasters_sorted(folder: Path) -> None:
    assert _found(folder) == ["a.tif", "b.tif"]


def test_below_are_folders_but_neither_definitions_nor_hidden_ones(folder: Path) -> None:
    assert _found(folder, recursive=True) == ["a.tif", "b.tif", "below/c.tif"]


def test_a_glob_chooses_among_the_files_of_folders(folder: Path) -> None:
    assert _found(folder, glob="b*") == ["b.tif"]


def test_a_file_given_by_name_is_taken_whatever_it_is_called(folder: Path) -> None:
    assert _found(folder, folder / "notes.txt", glob="*.tif") == ["notes.txt"]


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "below" / "loop").symlink_to(folder, target_is_directory=True)
    assert _found(folder, recursive=True) == ["a.tif", "b.tif", "below/c.tif"]


def test_a_path_that_does_not_exist_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone: does not exist"):
        _found(folder, folder / "gone")


def test_a_file_given_by_name_comes_with_the_files_of_its_product(tmp_path: Path) -> None:
    for name in ("a.tif", "a_RPC.TXT", "b.tif"):
        (tmp_path / name).touch()
    both = (str(tmp_path / "a.tif"), str(tmp_path / "a_RPC.TXT"))
    kind = RASTER_TYPES["rpc"]
    for named in (tmp_path / "a.tif", tmp_path / "a_RPC.TXT"):
        assert list(find_products([named], kind, glob="*", recursive=False)) == [both]
    found = list(find_products([tmp_path], kind, glob="a*.tif", recursive=False))
    assert found == [both]
