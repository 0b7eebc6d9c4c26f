"""The demo's services are made once, and anew when they are not what this version makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import ServiceProperties
from engine.budget import UNLIMITED
from engine.build.workers import InProcess
from engine.explain import explain
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from server.demo.demo_services import DEMO_SERVICES, DemoService, prepare
from server.demo.demo_templates import TERRAIN_PRODUCTS
from server.site.publishing import Publisher
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.progress import Progress


class _Maker:
    """Make two small scenes in place of a minute's work, and count how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, folder: Path, progress: Progress) -> list[Path]:
        self.calls += 1
        folder.mkdir(parents=True, exist_ok=True)
        data = np.arange(1, 3 * 64 * 64 + 1, dtype=np.uint16).reshape(3, 64, 64)
        paths = [write_raster(folder / f"S_{day}.tif", data, nodata=0) for day in (1, 2)]
        lines = ["Name,AcqDate", "S_1,2024-01-01", "S_2,2024-02-01"]
        (folder / "scenes.csv").write_text("\n".join(lines), encoding="utf-8")
        progress("making", 1, 1)
        return paths


@pytest.fixture
def small() -> tuple[DemoService, _Maker]:
    maker = _Maker()
    properties = ServiceProperties(title="Small", time_field="AcqDate")
    return DemoService(name="demo/small", make_scenes=maker, properties=properties), maker


def test_service_is_published_with_its_dates(
    small: tuple[DemoService, _Maker], tmp_path: Path
) -> None:
    stages: list[str] = []
    prepare(small[0], tmp_path, InProcess(), lambda stage, _done, _total: stages.append(stage))
    entry = Publisher(tmp_path).service("demo/small")
    assert entry.path.is_file()
    assert stages[0] == "making"
    assert "compile" in stages


def test_second_run_makes_nothing(small: tuple[DemoService, _Maker], tmp_path: Path) -> None:
    service, maker = small
    stages: list[str] = []
    prepare(service, tmp_path, InProcess(), lambda *_: None)
    prepare(service, tmp_path, InProcess(), lambda stage, _done, _total: stages.append(stage))
    assert maker.calls == 1
    assert stages == []


def test_deleted_service_is_made_again_from_the_same_scenes(
    small: tuple[DemoService, _Maker], tmp_path: Path
) -> None:
    service, maker = small
    prepare(service, tmp_path, InProcess(), lambda *_: None)
    Publisher(tmp_path).delete("demo/small")
    prepare(service, tmp_path, InProcess(), lambda *_: None)
    assert maker.calls == 1
    assert Publisher(tmp_path).service("demo/small").path.is_file()


def test_services_have_names_titles_and_dates() -> None:
    valley = ["demo/valley_ortho", "demo/valley_without_terrain", "demo/valley_heights"]
    names = [service.name for service in DEMO_SERVICES]
    assert names == ["demo/blue_marble", *valley, "demo/island"]
    for service in DEMO_SERVICES:
        assert service.properties.title
        assert service.properties.copyright
        assert service.properties.time_field == ("" if service.name in valley else "AcqDate")


def test_raw_images_with_and_without_terrain_are_the_same_files(tmp_path: Path) -> None:
    with_terrain, without, heights = (s for s in DEMO_SERVICES if "valley" in s.name)
    for service in (with_terrain, without, heights):
        prepare(service, tmp_path, InProcess(), lambda *_: None)
    paths, operations = [], []
    for service in (with_terrain, without):
        opened = open_service(str(Publisher(tmp_path).service(service.name).path))
        items = list(opened.catalog.items_by_id((1, 2)))
        paths.append([item.sources[0].path for item in items])
        view = View(extent=items[0].extent, width=64, height=64)
        request = ImageRequest(view=view, encoding=Encoding(format="png"))
        explained = explain(request, Work(opened, UNLIMITED))
        operations.append({raster.operation.split(" → ")[1] for raster in explained.rasters})
    assert paths[0] == paths[1]
    opened = open_service(str(Publisher(tmp_path).service(heights.name).path))
    published = opened.summary.templates
    assert [each.name for each in published] == sorted(TERRAIN_PRODUCTS)
    assert all(each.statistics for each in published)
    assert operations == [{"terrain (ellipsoid)"}, {"terrain (ellipsoid), 500 m everywhere"}]
