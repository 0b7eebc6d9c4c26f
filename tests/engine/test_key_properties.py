"""Key properties of services and of single items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.errors import ItemNotFound
from engine.key_properties import key_properties
from engine.render_work import Work
from engine.request import KeyPropertiesRequest
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService


def _service(folder: Path, values: list[tuple[str, float | None]]) -> ImageService:
    definition = DefinitionFolder.create(folder / "d.isdef")
    paths = [write_raster(folder / f"{n}.tif", ramp(16, 16)) for n in range(len(values))]
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=paths))
    build_definition(definition, BuildOptions(overviews="none"))
    table = definition.table()
    columns = table.fields()
    with table.batch():
        for name, kind in (("SensorName", "TEXT"), ("CloudCover", "REAL")):
            if name not in columns:
                table.execute(f'ALTER TABLE footprints ADD COLUMN "{name}" {kind}')
        for fid, row in enumerate(values, 1):
            table.execute(
                'UPDATE footprints SET "SensorName" = ?, "CloudCover" = ? WHERE "OBJECTID" = ?',
                (*row, fid),
            )
    table.close()
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _told(service: ImageService, item: int | None = None) -> dict[str, object]:
    found = key_properties(KeyPropertiesRequest(item=item), Work(service, UNLIMITED))
    return dict(found.properties)


def test_a_service_has_what_its_items_agree_on(tmp_path: Path) -> None:
    service = _service(tmp_path, [("MSI", 1.5), ("MSI", 80.0)])
    assert _told(service) == _told(service) == {"SensorName": "MSI"}
    assert _told(service, 2) == {"SensorName": "MSI", "CloudCover": 80.0}
    with pytest.raises(ItemNotFound):
        _told(service, 9)


def test_what_some_items_do_not_say_is_not_told_of_all(tmp_path: Path) -> None:
    service = _service(tmp_path, [("MSI", None), ("MSI", 80.0)])
    assert _told(service) == {"SensorName": "MSI"}
    assert _told(service, 1) == {"SensorName": "MSI"}
