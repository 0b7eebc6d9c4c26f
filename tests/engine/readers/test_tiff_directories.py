"""What the directories of TIFF files say is what GDAL says, in every form; the rest is left to GDAL.

Covers engine.readers.file_levels, which chooses between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.enums import Resampling
from rasterio.io import MemoryFile

from engine.readers import file_levels
from engine.readers.header import read_header
from engine.readers.tiff_directories import tiff_images

if TYPE_CHECKING:
    from pathlib import Path

FORMS = (
    {},
    {"BIGTIFF": "YES"},
    {"ENDIANNESS": "BIG"},
    {"ENDIANNESS": "BIG", "BIGTIFF": "YES"},
    {"INTERLEAVE": "BAND"},
    {"tiled": True, "blockxsize": 32, "blockysize": 16, "compress": "deflate"},
)


def write(path: Path, **form: object) -> str:
    data = np.random.default_rng(1).integers(0, 255, (3, 300, 200)).astype(np.uint16)
    profile = {"driver": "GTiff", "dtype": "uint16", "count": 3, "width": 200, "height": 300}
    with rasterio.open(path, "w", **profile, **form) as out:
        out.write(data)
    with rasterio.open(path, "r+") as out:
        out.build_overviews([2, 4, 8], Resampling.average)
    return str(path)


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_levels_by_directories_are_those_that_gdal_opens(
    tmp_path: Path, form: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif", **form)
    images = tiff_images(path)
    assert images is not None
    assert [(i.width, i.height, i.samples) for i in images] == [
        (200, 300, 3),
        (100, 150, 3),
        (50, 75, 3),
        (25, 38, 3),
    ]
    assert [image.is_reduced for image in images] == [False, True, True, True]
    found = read_header(path)
    monkeypatch.setattr(file_levels, "tiff_images", lambda _: None)
    assert read_header(path) == found
    assert len(found.levels) == 4


def test_a_mask_is_told_from_an_overview(tmp_path: Path) -> None:
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        path = write(tmp_path / "a.tif")
        with rasterio.open(path, "r+") as out:
            out.write_mask(np.ones((300, 200), np.uint8))
    images = tiff_images(path)
    assert images is not None
    assert sum(image.is_mask for image in images) >= 1
    assert sum(image.is_reduced and not image.is_mask for image in images) == 3


def test_what_is_no_tiff_is_not_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    assert tiff_images(str(path)) is None
    path.write_bytes(b"")
    assert tiff_images(str(path)) is None
    path.write_bytes(b"\x89PNG and more than sixteen bytes")
    assert tiff_images(str(path)) is None


def test_directories_that_point_at_each_other_end(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    data = bytearray((tmp_path / write(tmp_path / "b.tif")).read_bytes())
    at = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[at : at + 2], "little")
    data[at + 2 + 12 * count : at + 6 + 12 * count] = at.to_bytes(4, "little")
    path.write_bytes(bytes(data))
    assert tiff_images(str(path)) is None


def _small_tiff() -> bytes:
    with MemoryFile() as file:
        with file.open(driver="GTiff", dtype="uint8", count=1, width=4, height=4) as out:
            out.write(np.ones((1, 4, 4), np.uint8))
        return file.read()


@given(
    st.lists(st.tuples(st.integers(0, 260), st.integers(0, 255)), max_size=8), st.integers(0, 400)
)
def test_broken_files_never_raise(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(_small_tiff())
    for at, value in changes:
        data[at % len(data)] = value
    path = tmp_path_factory.mktemp("broken") / "a.tif"
    path.write_bytes(bytes(data[:length]))
    images = tiff_images(str(path))
    assert images is None or all(image.width and image.height for image in images)
