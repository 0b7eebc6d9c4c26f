"""Cubes come in as an item for each time, variables as bands, numbers as values; served they are the file's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import pytest

from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.errors import UnknownProduct
from engine.extent import Extent
from engine.request import Encoding, ImageRequest, MosaicRule, RenderingRule, View
from engine.service import open_service
from raster_types import RASTER_TYPES
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions, Product
from tests.engine.rasters import samples
from tests.engine.readers.test_cubes import DATA, write_netcdf, write_zarr

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem


def _items(path: Path, **options: object) -> list[NewItem]:
    def never(path: str) -> None:
        raise AssertionError(path)

    product = Product((str(path),), never)  # type: ignore[arg-type]  # -- the type reads variables
    return list(RASTER_TYPES["series"].items(product, ItemOptions(**options)))  # type: ignore[arg-type]  # -- as given


def test_each_time_is_an_item_with_its_date(tmp_path: Path) -> None:
    items = _items(write_netcdf(tmp_path / "rain.nc"))
    assert [item.attributes["AcqDate"] for item in items] == [
        "2024-02-01T00:00:00.000Z",
        "2024-02-02T00:00:00.000Z",
        "2024-03-03T12:00:00.000Z",
    ]
    assert [item.raster.sources[0].bands for item in items] == [(1,), (2,), (3,)]
    assert len({item.name for item in items}) == 3


def test_a_store_without_times_is_one_item_of_layers(tmp_path: Path) -> None:
    write_zarr(tmp_path / "rain.zarr")
    (item,) = _items(tmp_path / "rain.zarr" / ".zgroup")
    assert item.raster.sources[0].bands == (1, 2, 3)
    assert item.name == "rain"


def test_variables_on_one_grid_are_bands_in_the_order_asked_for(shared_data: Path) -> None:
    path = shared_data / "07_formats" / "multidim" / "PLANET_SCOPE_3D.nc"
    items = _items(path)
    assert [s.driver for s in items[0].raster.sources] == ["netCDF:blue", "netCDF:green"]
    assert len(items) == 2
    turned = _items(path, assets=("green", "blue"))
    assert [s.driver for s in turned[0].raster.sources] == ["netCDF:green", "netCDF:blue"]
    with pytest.raises(UnknownProduct, match="no variable 'red'; it has blue, green"):
        _items(path, assets=("red",))


def test_a_file_without_rasters_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "empty.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 3)
        file.createVariable("n", "f8", ("n",))[:] = [1, 2, 3]
    with pytest.raises(UnknownProduct, match="no variable is a raster"):
        _items(path)


def test_a_cube_is_served_as_its_values_and_known_again(tmp_path: Path) -> None:
    write_netcdf(tmp_path / "rain.nc")
    folder = DefinitionFolder.create(tmp_path / "rain.isdef")
    request = AddRequest(raster_type="series", paths=[tmp_path / "rain.nc"])
    assert add_rasters(folder, request).added == 3
    assert add_rasters(folder, request).unchanged == 3
    build_definition(folder)
    compile_definition(folder.path, tmp_path / "rain.zmd")
    service = open_service(str(tmp_path / "rain.zmd"))
    view = View(extent=Extent(9.75, 49.875, 13.75, 51.375), width=8, height=6)
    for fid, layer in enumerate(DATA, 1):
        answer = samples(
            service,
            ImageRequest(
                view=view,
                mosaic=MosaicRule(fids=(fid,)),
                rendering=RenderingRule(),
                encoding=Encoding(format="tiff"),
            ),
        )
        up = layer[::-1]
        valid = np.broadcast_to(answer.valid, answer.data.shape)[0]
        assert (valid == (up != 27)).all()
        assert np.abs(answer.data[0][valid] - (up[valid] * 0.5 + 10.0)).max() < 1e-5
    # A file that changed keeps its OBJECTIDs.
    write_netcdf(tmp_path / "new.nc", DATA + np.int16(1)).replace(tmp_path / "rain.nc")
    report = add_rasters(folder, request)
    assert (report.added, report.changed) == (0, 3)
    with folder.table() as table:
        assert [row.id for row in table.rows()] == [1, 2, 3]
        assert len({row.name for row in table.rows()}) == 3
