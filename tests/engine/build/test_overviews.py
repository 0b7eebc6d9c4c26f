"""Service overviews: the mosaic of their primaries, made once, remade where something changed.

Covers engine.build.overview_members, engine.build.overview_render.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from config.definition import MosaicMethod, ServiceProperties
from engine.build import overview_members, overview_plan, overview_render
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions, BuildReport
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.build.overview_render import RenderJob, render_overview
from engine.build.raster_record import ItemStatus
from engine.build.workers import InProcess, J, R
from engine.errors import ConfigError, SourceError
from engine.extent import Extent
from engine.item import OVERVIEW
from engine.read_view import read_view
from engine.request_parts import MosaicRule, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.synthetic import place, ramp, slanted_valid, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

ALL = BuildOptions(overviews="all")


def _scene(path: Path, east: float, north: float, seed: int) -> Path:
    """Write a smooth scene with a collar: an average of it is close to its samples."""
    y, x = np.mgrid[0:300, 0:300]
    data = np.stack([60 + 20 * seed % 90 + (x + y) // 8 + 5 * band for band in range(3)])
    data = np.where(slanted_valid(300, 300, 0.08), data, 0).astype("uint8")
    return write_geotiff(path, data, place(east, north), nodata=0, overviews=(2, 4))


@pytest.fixture
def folder(tmp_path: Path) -> DefinitionFolder:
    for number in range(9):
        row, col = divmod(number, 3)
        _scene(tmp_path / f"s{number}.tif", col * 2000, -row * 2000, number)
    made = DefinitionFolder.create(tmp_path / "d.isdef")
    add_rasters(made, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="s*.tif"))
    return made


def _ranges(folder: DefinitionFolder) -> dict[int, set[tuple[object, object]]]:
    found: dict[int, set[tuple[object, object]]] = {}
    with folder.table() as table:
        for row in table.rows():
            pair = (row.attributes["MinPS"], row.attributes["MaxPS"])
            found.setdefault(row.category, set()).add(pair)
    return found


def _overview_files(folder: DefinitionFolder) -> list[Path]:
    return sorted(folder.overviews.glob("*.tif"))


def test_primaries_end_where_the_overview_begins(folder: DefinitionFolder) -> None:
    report = build_definition(folder, ALL)
    assert report.overviews == 1
    assert report.facts is not None
    assert report.facts.overview_sizes == (20.0,)
    assert _ranges(folder) == {1: {(0.0, 20.0)}, OVERVIEW: {(20.0, 0.0)}}


def test_an_overview_equals_the_mosaic_of_its_primaries(folder: DefinitionFolder) -> None:
    build_definition(folder, ALL)
    out = folder.path.with_suffix(".zmd")
    compile_definition(folder.path, out)
    service = open_service(str(out))
    extent = service.summary.extent
    view = View(extent=extent, width=round(extent.width / 40), height=round(extent.height / 40))
    overview = read_view(service, view)
    primaries = read_view(service, view, MosaicRule(where="OBJECTID < 1000"))
    one, two = overview.valid_any(), primaries.valid_any()
    assert (one != two).mean() < 0.02
    both = one & two
    difference = np.abs(overview.data.astype(int) - primaries.data)[:, both]
    assert np.percentile(difference, 95) <= 2
    service.close()


def test_a_second_build_makes_nothing(folder: DefinitionFolder) -> None:
    build_definition(folder, ALL)
    times = [path.stat().st_mtime_ns for path in _overview_files(folder)]
    report = build_definition(folder, ALL)
    assert (report.overviews, report.built) == (0, 0)
    assert [path.stat().st_mtime_ns for path in _overview_files(folder)] == times


def test_a_changed_primary_remakes_its_overview_under_the_same_objectid(
    folder: DefinitionFolder,
) -> None:
    build_definition(folder, ALL)
    with folder.table() as table:
        before = [row.id for row in table.rows(f"Category = {OVERVIEW}")]
    _scene(folder.path.parent / "s4.tif", 2000, -2000, 77)
    assert build_definition(folder, ALL).overviews == 1
    with folder.table() as table:
        rows = list(table.rows(f"Category = {OVERVIEW}"))
    assert [row.id for row in rows] == before
    assert rows[0].status is ItemStatus.READY


def test_a_definition_that_is_moved_keeps_its_overviews(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    build_definition(folder, ALL)
    moved = DefinitionFolder(folder.path.rename(tmp_path / "moved.isdef"))
    report = build_definition(moved, ALL)
    assert (report.built, report.overviews, report.missing) == (0, 0, [])
    compile_definition(moved.path, tmp_path / "moved.zmd")
    service = open_service(str(tmp_path / "moved.zmd"))
    extent = service.summary.extent
    view = View(extent=extent, width=round(extent.width / 40), height=round(extent.height / 40))
    assert read_view(service, view).valid_any().mean() > 0.4
    service.close()


def test_without_overviews_their_rows_and_files_go(folder: DefinitionFolder) -> None:
    build_definition(folder, ALL)
    report = build_definition(folder, BuildOptions(overviews="none"))
    assert report.facts is not None
    assert report.facts.overview_ps == 0
    assert _ranges(folder) == {1: {(0.0, 0.0)}}
    assert _overview_files(folder) == []


class _Interruption:
    """Interrupt as Ctrl-C would, once the first overview is made."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage == "making overviews" and done:
            raise KeyboardInterrupt


def test_an_interrupted_build_cannot_be_compiled_and_is_resumed(folder: DefinitionFolder) -> None:
    build_definition(folder, ALL)
    _scene(folder.path.parent / "s4.tif", 2000, -2000, 77)
    with pytest.raises(KeyboardInterrupt):
        build_definition(folder, ALL, progress=_Interruption())
    with pytest.raises(ConfigError, match="not built"):
        compile_definition(folder.path, folder.path.with_suffix(".zmd"))
    assert build_definition(folder, ALL).overviews == 0
    assert _ranges(folder) == {1: {(0.0, 20.0)}, OVERVIEW: {(20.0, 0.0)}}
    compile_definition(folder.path, folder.path.with_suffix(".zmd"))


def test_coarser_primaries_are_not_in_an_overview_and_show_beside_it(
    folder: DefinitionFolder,
) -> None:
    coarse = write_geotiff(
        folder.path.parent / "coarse.tif", ramp(64, 64, 3), place(-2000, 2000, pixel=300)
    )
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[coarse]))
    build_definition(folder, ALL)
    ranges = _ranges(folder)
    assert (0.0, 0.0) in ranges[1]
    assert (0.0, 20.0) in ranges[1]
    with rasterio.open(_overview_files(folder)[0]) as dataset:
        assert not (dataset.dataset_mask() != 0).all()


def test_generations_are_made_one_from_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview_plan, "FILE_PX", 256)
    monkeypatch.setattr(overview_plan, "GENERATION_STEP", 4.0)
    folder = DefinitionFolder.create(tmp_path / "d.isdef")
    for number in range(9):
        row, col = divmod(number, 3)
        _scene(tmp_path / f"s{number}.tif", col * 2500, -row * 2500, number)
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="s*.tif"))
    report: BuildReport = build_definition(folder, ALL)
    assert report.facts is not None
    assert report.facts.overview_sizes == (20.0, 80.0)
    names = [path.stem for path in _overview_files(folder)]
    assert "g2_all" in names
    assert len([name for name in names if name.startswith("g1_")]) >= 4
    assert _ranges(folder) == {1: {(0.0, 20.0)}, OVERVIEW: {(20.0, 80.0), (80.0, 0.0)}}
    with rasterio.open(folder.overviews / "g2_all.tif") as top:
        valid = top.dataset_mask() != 0
        assert valid.mean() > 0.4
        assert top.read()[:, valid].min() > 40


@pytest.fixture
def small_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_members, "CELL_PX", 64)
    monkeypatch.setattr(overview_render, "CELL_PX", 64)


class _Rendered:
    """Renders as a build does, and notes which cells."""

    def __init__(self) -> None:
        self.cells: list[tuple[int, ...]] = []

    def map(self, task: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | SourceError]]:
        for job, result in InProcess().map(task, jobs):
            if isinstance(job, RenderJob):
                self.cells.append(job.cells)
            yield job, result


def _pixels(folder: DefinitionFolder) -> dict[str, tuple[bytes, bytes]]:
    found = {}
    for path in _overview_files(folder):
        with rasterio.open(path) as dataset:
            found[path.name] = (dataset.read().tobytes(), dataset.dataset_mask().tobytes())
    return found


@pytest.mark.usefixtures("small_cells")
def test_one_more_scene_makes_only_the_cells_it_touches_as_a_full_build_would(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    build_definition(folder, ALL)
    _scene(tmp_path / "s9.tif", 3500, -500, 5)
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[tmp_path / "s9.tif"]))
    rendered = _Rendered()
    assert build_definition(folder, ALL, rendered).overviews == 1
    (cells,) = rendered.cells
    assert 0 < len(cells) < 16
    fresh = DefinitionFolder.create(tmp_path / "fresh.isdef")
    add_rasters(fresh, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="s*.tif"))
    build_definition(fresh, ALL)
    assert _pixels(folder) == _pixels(fresh)


@pytest.mark.usefixtures("small_cells")
def test_an_interrupted_change_of_cells_is_made_again_even_where_its_cause_is_gone(
    folder: DefinitionFolder, tmp_path: Path
) -> None:
    build_definition(folder, ALL)
    before = _pixels(folder)
    kept = (tmp_path / "s4.tif").read_bytes()
    time_ns = (tmp_path / "s4.tif").stat().st_mtime_ns
    _scene(tmp_path / "s4.tif", 2000, -2000, 77)
    rendered = _Rendered()
    rendered.map = _Dying(rendered.map)  # type: ignore[method-assign]  # -- it dies after rendering
    with pytest.raises(KeyboardInterrupt):
        build_definition(folder, ALL, rendered)
    assert _pixels(folder) != before
    (tmp_path / "s4.tif").write_bytes(kept)
    os.utime(tmp_path / "s4.tif", ns=(time_ns, time_ns))
    assert build_definition(folder, ALL).overviews == 1
    assert _pixels(folder) == before


class _Dying:
    """Interrupt when an overview's file is there, before the catalog knows."""

    def __init__(self, inner: Callable[..., Iterator[tuple[object, object]]]) -> None:
        self._inner = inner

    def __call__(self, task: object, jobs: object) -> Iterator[tuple[object, object]]:
        for job, result in self._inner(task, jobs):
            if isinstance(job, RenderJob):
                raise KeyboardInterrupt
            yield job, result


def test_what_changes_no_pixel_of_a_mosaic_remakes_no_overview(folder: DefinitionFolder) -> None:
    build_definition(folder, ALL)
    text = folder.toml.read_text(encoding="utf-8")
    stated = text.replace("[service]", '[service]\ntitle = "Another"', 1)
    folder.toml.write_text(stated.replace('\ntitle = ""', "", 1), encoding="utf-8")
    with folder.table() as table:
        table.ensure_field("Remark", "TEXT")
    assert folder.properties().title == "Another"
    assert build_definition(folder, ALL).overviews == 0


@pytest.mark.parametrize("method", [MosaicMethod.CENTER, MosaicMethod.NORTH_WEST])
def test_chunks_of_a_file_leave_no_seams(tmp_path: Path, method: MosaicMethod) -> None:
    for number in range(4):
        data = np.full((3, 400, 400), 50 + 40 * number, "uint8")
        write_geotiff(tmp_path / f"s{number}.tif", data, place(number * 1100, 0))
    properties = ServiceProperties(mosaic_method=method)
    folder = DefinitionFolder.create(tmp_path / "d.isdef", properties)
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=[tmp_path], glob="s*.tif"))
    build_definition(folder, BuildOptions(overviews="none"))
    compiled = tmp_path / "d.zmd"
    compile_definition(folder.path, compiled)
    extent = Extent(500000, 4996000, 507300, 5000000)
    job = RenderJob(
        path=str(tmp_path / "o.tif"),
        service=str(compiled),
        extent=extent,
        pixel_size=10,
        width=730,
        height=400,
        no_data=(None,) * 3,
        thematic=False,
        cells=(0, 1),
    )
    assert render_overview(job).has_pixels
    with rasterio.open(tmp_path / "o.tif") as dataset:
        band = dataset.read(1)
    # Scenes are one value each, so a row of the mosaic changes only where one scene ends.
    assert _changes(band[200]) <= 3
    assert (band == band[0]).mean() > 0.99


def _changes(row: NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(np.diff(row.astype(int))))
