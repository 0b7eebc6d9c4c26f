"""Cubes come in as an item for each slice of each variable, numbers as values; served they are the file's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import pytest
import zarr

from config.definition import VectorField
from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.errors import ConfigError, UnknownProduct
from engine.extent import Extent
from engine.pixel_type import PixelType
from engine.readers.cube_dataset import CubeDataset
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, RenderingRule, View
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


def test_each_slice_is_an_item_with_its_place(tmp_path: Path) -> None:
    items = _items(write_netcdf(tmp_path / "rain.nc"))
    assert [item.attributes["StdTime"] for item in items] == [
        "2024-02-01T00:00:00.000Z",
        "2024-02-02T00:00:00.000Z",
        "2024-03-03T12:00:00.000Z",
    ]
    assert [item.raster.sources[0].driver for item in items] == [
        "netCDF:rain/0",
        "netCDF:rain/1",
        "netCDF:rain/2",
    ]
    assert {item.attributes["Variable"] for item in items} == {"rain"}
    assert {item.attributes["Dimensions"] for item in items} == {"StdTime"}
    assert len({item.name for item in items}) == 3
    # What is kept of an item does not grow with the file.
    assert {len(item.headers[0].bands) for item in items} == {1}


def test_levels_without_numbers_are_counted(tmp_path: Path) -> None:
    write_zarr(tmp_path / "rain.zarr")
    items = _items(tmp_path / "rain.zarr" / ".zgroup")
    assert [item.attributes["time"] for item in items] == [0.0, 1.0, 2.0]
    assert {item.attributes["Dimensions"] for item in items} == {"time"}


def test_variables_are_rows_in_the_order_asked_for(shared_data: Path) -> None:
    path = shared_data / "07_formats" / "multidim" / "PLANET_SCOPE_3D.nc"
    assert [item.attributes["Variable"] for item in _items(path)] == ["blue"] * 2 + ["green"] * 2
    turned = _items(path, assets=("green", "blue"))
    assert [item.attributes["Variable"] for item in turned] == ["green"] * 2 + ["blue"] * 2
    with pytest.raises(UnknownProduct, match="no variable 'red'; it has blue, green"):
        _items(path, assets=("red",))


def test_stacked_variables_are_bands_of_an_item_a_time(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "07_formats" / "multidim" / "PLANET_SCOPE_3D.nc"
    items = _items(path, assets=("green", "blue"), stack_variables=True)
    assert [s.driver for s in items[0].raster.sources] == ["netCDF:green", "netCDF:blue"]
    assert [item.raster.sources[0].bands for item in items] == [(1,), (2,)]
    assert "Variable" not in items[0].attributes
    write_zarr(tmp_path / "rain.zarr")
    (item,) = _items(tmp_path / "rain.zarr" / ".zgroup", stack_variables=True)
    assert item.raster.sources[0].bands == (1, 2, 3)
    assert item.name == "rain"


def test_variables_that_count_bands_are_bands(shared_data: Path) -> None:
    (item,) = _items(shared_data / "01_landsat" / "rasterio" / "RGB.nc")
    drivers = [source.driver for source in item.raster.sources]
    assert drivers == ["netCDF:Band1", "netCDF:Band2", "netCDF:Band3"]


def test_coordinates_of_two_dimensions_are_no_variables(shared_data: Path) -> None:
    (item,) = _items(shared_data / "07_formats" / "multidim" / "orog_CRCM1.nc")
    assert item.attributes["Variable"] == "orog"
    assert item.attributes["Dimensions"] == ""


def test_a_cube_of_one_time_has_it_as_its_dimension(shared_data: Path) -> None:
    (item,) = _items(shared_data / "07_formats" / "multidim" / "tmmx_20190121.nc")
    assert item.attributes["StdTime"] == "2019-01-21T00:00:00.000Z"
    assert item.attributes["Units"] == "K"


def test_heights_and_times_are_dimensions(shared_data: Path) -> None:
    items = _items(shared_data / "07_formats" / "multidim" / "dataset_4d.nc")
    assert [item.attributes["Dimensions"] for item in items] == ["StdTime,StdZ"] * 2
    assert [item.attributes["StdZ"] for item in items] == [0.0, 0.0]


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


@pytest.mark.parametrize("assets", [("blue", "green"), ("blue",)])
def test_two_variables_may_be_vectors(
    tmp_path: Path, shared_data: Path, assets: tuple[str, ...]
) -> None:
    folder = DefinitionFolder.create(tmp_path / "wind.isdef")
    text = folder.toml.read_text().replace('vector_field = ""', 'vector_field = "uv"')
    folder.toml.write_text(text)
    path = shared_data / "07_formats" / "multidim" / "PLANET_SCOPE_3D.nc"
    options = ItemOptions(assets=assets, stack_variables=True)
    add_rasters(folder, AddRequest(raster_type="series", paths=[path], options=options))
    if len(assets) == 1:
        with pytest.raises(ConfigError, match="uv: vectors have 2 bands, the service 1"):
            build_definition(folder)
        return
    build_definition(folder)
    compile_definition(folder.path, tmp_path / "wind.zmd")
    summary = open_service(str(tmp_path / "wind.zmd")).summary
    assert summary.properties.vector_field is VectorField.UV
    assert [band.name for band in summary.bands] == ["blue", "green"]


def test_integers_of_64_bits_are_floats(shared_data: Path) -> None:
    """What xarray writes where nobody says otherwise; a store of version 3 with five dimensions."""
    path = shared_data / "07_formats" / "multidim" / "zarr_5d.zarr"
    items = _items(path / "zarr.json", crs="EPSG:4326")
    assert [item.attributes["Dimensions"] for item in items] == ["StdTime,universe,StdZ"] * 2
    array = zarr.open_array(str(path / "dataset"), mode="r")
    rows = np.asarray(zarr.open_array(str(path / "y"), mode="r")[:])
    for number, item in enumerate(items):
        (source,) = item.raster.sources
        assert item.headers[0].bands[0].pixel_type is PixelType.F64
        with CubeDataset(source.path, source.driver) as dataset:
            layer = np.asarray(array[number, 0, 0])
            np.testing.assert_array_equal(
                dataset.read(1), layer[::-1] if rows[1] > rows[0] else layer
            )


def test_an_array_of_a_store_is_not_the_store(shared_data: Path) -> None:
    store = shared_data / "07_formats" / "multidim" / "zarr_5d.zarr"
    for name in ("dataset", "time", "universe"):
        with pytest.raises(UnknownProduct, match="is no group of arrays"):
            _items(store / name / "zarr.json", crs="EPSG:4326")
