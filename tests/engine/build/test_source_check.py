"""Checking the files of a definition: missing, changed, corrupt.

Covers engine.build.block_check and engine.build.deflate_check.
"""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.build.block_check import check_jobs
from engine.build.build import build_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.source_check import CheckOptions, check_sources
from engine.build.workers import InProcess
from engine.item import Level
from raster_types.adding.add import add_rasters
from raster_types.adding.add_request import AddRequest
from raster_types.adding.added import side_files
from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from engine.build.workers import J, R
    from engine.errors import SourceError

DEEP = CheckOptions(is_deep=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four files with levels, deflated, so that a hole in them is noticed."""
    (tmp_path / "data").mkdir()
    rng = np.random.default_rng(1)
    for number in range(4):
        pixels = rng.integers(1, 255, (1, 600, 600)).astype("uint8")
        write_geotiff(
            tmp_path / "data" / f"{number}.tif",
            pixels,
            place(number * 4000.0, 0),
            overviews=(2, 4),
            compress="deflate",
        )
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path, data: Path) -> DefinitionFolder:
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[data]))
    return made


def _damage(path: Path, share: float) -> None:
    """Overwrite some bytes, and keep size and time."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    begin = int(len(content) * share)
    content[begin : begin + 2000] = b"\0" * 2000
    path.write_bytes(content)

    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_files_as_they_were_have_no_faults(folder: DefinitionFolder) -> None:
    quick, deep = check_sources(folder), check_sources(folder, DEEP)
    assert (quick.items, quick.files, quick.read, quick.faults) == (4, 4, 0, ())
    assert (deep.read, deep.faults) == (4, ())


def test_missing_and_changed_files_are_told_apart(folder: DefinitionFolder, data: Path) -> None:
    (data / "0.tif").unlink()
    with (data / "1.tif").open("ab") as file:
        file.write(b"more")
    (data / "2.tif").touch()
    faults = check_sources(folder).faults
    assert [(fault.fid, fault.kind) for fault in faults] == [
        (1, "missing"),
        (2, "changed"),
        (3, "changed"),
    ]
    assert "bytes, had" in faults[1].why
    assert "Was written since" in faults[2].why
    only = check_sources(folder, CheckOptions(where="Name = '1'"))
    assert (only.items, [fault.fid for fault in only.faults]) == (1, [2])


def test_only_a_deep_check_finds_blocks_that_cannot_be_read(
    folder: DefinitionFolder, data: Path
) -> None:
    _damage(data / "1.tif", 0.5)
    assert check_sources(folder).faults == ()
    (fault,) = check_sources(folder, DEEP).faults
    assert (fault.fid, fault.kind) == (2, "corrupt")
    assert fault.why.startswith("Cannot be read at level 0, row ")
    assert str(data) not in fault.why


def test_damage_in_a_level_is_found(folder: DefinitionFolder, data: Path) -> None:
    _damage(data / "3.tif", 0.85)
    (fault,) = check_sources(folder, DEEP).faults
    assert "level 1" in fault.why


class _StopsAfter(InProcess):
    """Workers that are interrupted after some jobs; counts what they did."""

    def __init__(self, count: int) -> None:
        self.count, self.done = count, 0

    def map(self, task: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | SourceError]]:
        for pair in super().map(task, jobs):
            if self.done == self.count:
                raise KeyboardInterrupt
            self.done += 1
            yield pair


def test_an_interrupted_deep_check_goes_on_where_it_stopped(
    folder: DefinitionFolder, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.build.source_check._BATCH", 1)
    _damage(data / "0.tif", 0.5)
    whole = _StopsAfter(10_000)
    wanted = check_sources(folder, DEEP, None, whole).faults
    per_file = whole.done // 4
    with pytest.raises(KeyboardInterrupt):
        check_sources(folder, DEEP, None, _StopsAfter(2 * per_file + 1))
    rest = _StopsAfter(10_000)
    assert check_sources(folder, DEEP, None, rest).faults == wanted
    assert rest.done == 2 * per_file
    anew = _StopsAfter(10_000)
    check_sources(folder, DEEP, None, anew)
    assert anew.done == 4 * per_file


def test_items_that_failed_are_told_with_their_sentence(tmp_path: Path, data: Path) -> None:
    (data / "broken.tif").write_bytes(b"II*\0")
    write_geotiff(data / "nowhere.tif", np.ones((1, 8, 8), "uint8"), crs=None)
    folder = DefinitionFolder.create(tmp_path / "d2.isdef")
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[data]))
    build_definition(folder)
    found = {fault.name: fault for fault in check_sources(folder).faults}
    assert found["broken"].kind == "corrupt"
    assert found["nowhere"].kind == "failed"
    assert "--srs" in found["nowhere"].why


def test_files_beside_images_count(tmp_path: Path, folder: DefinitionFolder, data: Path) -> None:
    beside = tmp_path / "orientation.txt"
    beside.write_text("1 2 3")
    known = {1: {str(beside): (5, 0), str(tmp_path / "never.txt"): (-1, 0)}}
    (fault,) = check_sources(folder, None, known).faults
    assert (fault.fid, fault.kind, fault.path) == (1, "changed", str(beside))
    with folder.table() as table:
        assert side_files(table) == {}


def test_large_files_are_read_in_parts_that_meet() -> None:
    levels = (Level(200_000, 100_000, 512, 512), Level(100_000, 50_000, 512, 512))
    jobs = list(check_jobs("x.tif", "GTiff", levels, 3))
    assert len(jobs) > 100
    assert [job.is_last for job in jobs].count(True) == 1
    assert jobs[-1].is_last
    for level in (0, 1):
        own: list[Any] = [job for job in jobs if job.level == level]
        assert own[0].first == 0
        assert own[-1].end >= levels[level].height
        assert all(a.end == b.first for a, b in itertools.pairwise(own))
        assert all(job.first % 512 == 0 for job in own)
