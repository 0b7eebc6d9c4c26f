"""Handles: a file that is not the catalogued one any more is never read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from engine.errors import SourceUnavailable
from engine.item import Source
from engine.readers import handles as handles_module
from engine.readers.handles import HandlePool
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path


def _source(path: Path) -> Source:
    status = path.stat()
    return Source(str(path), "GTiff", status.st_size, status.st_mtime_ns)


@pytest.fixture
def _looked_at_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check that runs once a second runs at every use."""
    monkeypatch.setattr(handles_module, "_RECHECK_S", 0.0)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return _source(write_raster(tmp_path / "a.tif", ramp(32, 32)))


def test_an_open_dataset_is_used_again(source: Source) -> None:
    pool = HandlePool()
    assert pool.get(source, -1) is pool.get(source, -1)
    pool.close()


def test_no_more_are_open_than_allowed(tmp_path: Path) -> None:
    pool = HandlePool(max_open=3)
    sources = [_source(write_raster(tmp_path / f"{i}.tif", ramp(8, 8))) for i in range(6)]
    opened = [pool.get(source, -1) for source in sources]
    assert [dataset.closed for dataset in opened] == [True] * 3 + [False] * 3
    pool.close()
    assert all(dataset.closed for dataset in opened)


@pytest.mark.usefixtures("_looked_at_always")
def test_a_deleted_file_is_noticed_and_closed(tmp_path: Path, source: Source) -> None:
    pool = HandlePool()
    dataset = pool.get(source, -1)
    (tmp_path / "a.tif").unlink()
    with pytest.raises(SourceUnavailable, match=r"a\.tif"):
        pool.get(source, -1)
    assert dataset.closed


@pytest.mark.usefixtures("_looked_at_always")
def test_a_replaced_file_is_not_read(tmp_path: Path, source: Source) -> None:
    pool = HandlePool()
    pool.get(source, -1)
    write_raster(tmp_path / "new.tif", ramp(64, 64, "uint16"))
    (tmp_path / "new.tif").replace(tmp_path / "a.tif")
    with pytest.raises(SourceUnavailable, match="changed"):
        pool.get(source, -1)
    # Catalogued anew it serves at once.
    assert pool.get(_source(tmp_path / "a.tif"), -1).shape == (64, 64)


@pytest.mark.usefixtures("_looked_at_always")
def test_a_file_of_equal_size_and_another_time_is_another_file(source: Source) -> None:
    pool = HandlePool()
    pool.get(source, -1)
    os.utime(source.path, ns=(1, source.mtime_ns + 1))
    with pytest.raises(SourceUnavailable, match="changed"):
        pool.get(source, -1)
