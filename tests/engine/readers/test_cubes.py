"""Variables of netCDF files and Zarr stores are read as they stand, north up, placed by their coordinates.

Covers engine.readers.cube_arrays, engine.readers.cube_dataset, engine.readers.cube_header,
engine.readers.cube_pool and engine.readers.cube_times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import pytest
import zarr
from rasterio.enums import Resampling
from rasterio.errors import RasterioIOError
from rasterio.windows import Window

from engine.errors import SourceCorrupt, SourceUnavailable, UnknownProduct
from engine.pixel_type import PixelType
from engine.readers.cube_arrays import open_file
from engine.readers.cube_dataset import CubeDataset
from engine.readers.cube_pool import borrow, give_back
from engine.readers.cube_times import times_of
from engine.readers.drivers import open_raster
from engine.readers.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

LON, LAT = 10.0 + 0.5 * np.arange(8), 50.0 + 0.25 * np.arange(6)
DATA = np.arange(3 * 6 * 8, dtype=np.int16).reshape(3, 6, 8)


def write_netcdf(path: Path, data: np.ndarray = DATA, *, lat: np.ndarray = LAT) -> Path:
    """A cube of three days whose rows run north, as most do."""
    with netCDF4.Dataset(path, "w") as file:
        for name, count in (("time", 3), ("lat", 6), ("lon", 8)):
            file.createDimension(name, count)
        for name, values, units in (
            ("time", [0.0, 1.0, 31.5], "days since 2024-02-01"),
            ("lat", lat, "degrees_north"),
            ("lon", LON, "degrees_east"),
        ):
            variable = file.createVariable(name, "f8", (name,))
            variable[:] = values
            variable.units = units
        variable = file.createVariable("rain", "i2", ("time", "lat", "lon"), fill_value=27)
        variable.set_auto_maskandscale(False)
        variable.scale_factor, variable.add_offset = 0.5, 10.0
        variable[:] = data
    return path


def write_zarr(folder: Path, version: int = 2) -> Path:
    """The same as a store; return the array's metadata file."""
    group = zarr.open_group(str(folder), mode="w", zarr_format=version)
    for name, values, dims in (
        ("lat", LAT, ["lat"]),
        ("lon", LON, ["lon"]),
        ("rain", DATA, ["time", "lat", "lon"]),
    ):
        names = {"dimension_names": dims} if version == 3 else {}
        array = group.create_array(
            name, shape=values.shape, dtype=values.dtype, chunks=values.shape, **names
        )
        array[:] = values
        if version == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = dims
    group["lon"].attrs["units"] = "degrees_east"
    return folder / "rain" / (".zarray" if version == 2 else "zarr.json")


@pytest.fixture(params=["netCDF", "zarr 2", "zarr 3"])
def cube(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Path and driver of the variable rain."""
    if request.param == "netCDF":
        return str(write_netcdf(tmp_path / "rain.nc")), "netCDF:rain"
    return str(write_zarr(tmp_path / "rain.zarr", int(request.param[-1]))), "Zarr:rain"


def test_a_header_tells_size_layers_type_and_place(cube: tuple[str, str]) -> None:
    header = read_header(*cube)
    assert (header.path, header.driver) == cube
    assert (header.width, header.height, len(header.bands)) == (8, 6, 3)
    assert header.bands[0].pixel_type is PixelType.S16
    assert header.geotransform == (9.75, 0.5, 0.0, 51.375, 0.0, -0.25)
    assert header.crs == "EPSG:4326"
    assert len(header.levels) == 1


def test_what_is_no_data_and_how_numbers_become_values_is_told(tmp_path: Path) -> None:
    header = read_header(str(write_netcdf(tmp_path / "rain.nc")), "netCDF:rain")
    assert [(band.no_data, band.scale, band.offset) for band in header.bands] == [
        (27.0, 0.5, 10)
    ] * 3


def test_windows_of_layers_are_the_samples_north_up(cube: tuple[str, str]) -> None:
    up = DATA[:, ::-1]
    with open_raster(*cube) as dataset:
        assert (dataset.read() == up).all()
        assert (dataset.read(2) == up[1]).all()
        part = dataset.read([3, 1], window=Window(2, 1, 5, 4))
        assert (part == up[[2, 0], 1:5, 2:7]).all()
        assert part.dtype == np.int16
        assert (dataset.read_masks(1, window=Window(0, 0, 3, 2)) == np.full((2, 3), 255)).all()


def test_reduced_windows_are_means_or_nearest(cube: tuple[str, str]) -> None:
    up = DATA[:, ::-1]
    with CubeDataset(*cube) as dataset:
        mean = dataset.read([1], out_shape=(1, 3, 4), resampling=Resampling.average)
        want = np.rint(up[0].reshape(3, 2, 4, 2).mean(axis=(1, 3)))
        assert (mean[0] == want).all()
        nearest = dataset.read(1, out_shape=(2, 2))
        assert (nearest == up[0][np.ix_([1, 4], [2, 6])]).all()


def test_what_lies_beside_the_raster_is_refused(cube: tuple[str, str]) -> None:
    with CubeDataset(*cube) as dataset:
        with pytest.raises(RasterioIOError, match="beside"):
            dataset.read(1, window=Window(4, 0, 5, 2))
        with pytest.raises(RasterioIOError, match="band 4 of 3"):
            dataset.read(4)


def test_rows_that_run_south_stay_as_they_are(tmp_path: Path) -> None:
    path = write_netcdf(tmp_path / "rain.nc", lat=LAT[::-1])
    with CubeDataset(str(path), "netCDF:rain") as dataset:
        assert (dataset.read() == DATA).all()
        assert dataset.geotransform == (9.75, 0.5, 0.0, 51.375, 0.0, -0.25)


def test_coordinates_that_are_not_even_give_no_place(tmp_path: Path) -> None:
    path = write_netcdf(tmp_path / "rain.nc", lat=LAT**5)
    assert read_header(str(path), "netCDF:rain").geotransform is None


def test_times_are_told_by_their_calendar(tmp_path: Path) -> None:
    with open_file(str(write_netcdf(tmp_path / "rain.nc")), "netCDF") as file:
        times = times_of(file.arrays()["time"], file)
    assert times[0] == "2024-02-01T00:00:00.000Z"
    assert times[2] == "2024-03-03T12:00:00.000Z"


def test_a_grid_mapping_names_the_crs(shared_data: Path) -> None:
    folder = shared_data / "07_formats" / "multidim"
    assert read_header(str(folder / "PLANET_SCOPE_3D.nc"), "netCDF:blue").crs == "EPSG:32722"
    polar = read_header(str(folder / "orog_CRCM1.nc"), "netCDF:orog")
    assert "Polar Stereographic" in polar.crs


@pytest.mark.parametrize("name", ["lat", "nothing"])
def test_a_variable_that_is_no_raster_is_refused(name: str, tmp_path: Path) -> None:
    path = write_netcdf(tmp_path / "rain.nc")
    with pytest.raises(UnknownProduct, match=name):
        read_header(str(path), f"netCDF:{name}")


@pytest.mark.parametrize("text", [b"", b"CDF\x01 not really", b"\x89HDF\r\n\x1a\n" + bytes(400)])
def test_a_damaged_file_is_a_sentence(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.nc"
    path.write_bytes(text)
    with pytest.raises(SourceCorrupt, match="cannot be read"):
        read_header(str(path), "netCDF:rain")


def test_a_damaged_store_is_a_sentence(tmp_path: Path) -> None:
    mark = write_zarr(tmp_path / "rain.zarr")
    mark.write_text('{"zarr_format": 2, "shape": "many"}')
    with pytest.raises((SourceCorrupt, UnknownProduct)):
        read_header(str(mark), "Zarr:rain")


@pytest.mark.parametrize("path", ["http://localhost/x.nc", "https://localhost/x.nc#mode=bytes"])
def test_an_address_is_never_opened(path: str) -> None:
    with pytest.raises((UnknownProduct, SourceUnavailable)):
        read_header(path, "netCDF:rain")


def test_a_layer_is_a_raster_of_its_own(cube: tuple[str, str]) -> None:
    path, driver = cube
    for layer in range(3):
        with CubeDataset(path, f"{driver}/{layer}") as dataset:
            assert dataset.count == 1
            np.testing.assert_array_equal(dataset.read(1), DATA[layer, ::-1])
            with pytest.raises(RasterioIOError, match="band 2 of 1"):
                dataset.read(2)
    assert len(read_header(path, f"{driver}/2").bands) == 1


@pytest.mark.parametrize("layer", ["3", "-1", "x", "1/2", "99999999999"])
def test_a_layer_that_is_not_there_is_told(cube: tuple[str, str], layer: str) -> None:
    path, driver = cube
    with pytest.raises(UnknownProduct, match=f"has no layer '{layer}' of 3"):
        CubeDataset(path, f"{driver}/{layer}")


def test_slices_of_one_file_share_it(cube: tuple[str, str]) -> None:
    path, driver = cube
    kind = driver.partition(":")[0]
    one, two = CubeDataset(path, f"{driver}/0"), CubeDataset(path, f"{driver}/1")
    key, shared = borrow(path, kind)
    assert shared.users == 3
    give_back(key)
    one.close()
    one.close()
    assert shared.users == 1
    np.testing.assert_array_equal(two.read(1), DATA[1, ::-1])
    two.close()


def test_a_few_files_stay_open_and_a_file_in_use_is_not_closed(tmp_path: Path) -> None:
    paths = [str(write_netcdf(tmp_path / f"{number}.nc")) for number in range(7)]
    used_key, used = borrow(paths[0], "netCDF")
    for path in paths[1:]:
        give_back(borrow(path, "netCDF")[0])
    again_key, again = borrow(paths[-1], "netCDF")
    give_back(again_key)
    assert again.file.arrays()
    assert used.file.arrays()
    key, oldest = borrow(paths[1], "netCDF")
    assert oldest.users == 1
    give_back(key)
    give_back(used_key)


def test_a_file_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    path = write_netcdf(tmp_path / "rain.nc")
    with CubeDataset(str(path), "netCDF:rain/0"):
        write_netcdf(tmp_path / "new.nc", DATA + np.int16(1)).replace(path)
        with CubeDataset(str(path), "netCDF:rain/0") as dataset:
            np.testing.assert_array_equal(dataset.read(1), DATA[0, ::-1] + 1)
