"""A small sea: salt along time and depth, temperature along time, as netCDF file or Zarr store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import zarr

from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.dates import parse_date_ms
from engine.extent import Extent
from raster_types.adding.add import AddRequest, add_rasters

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LON, LAT = 10.25 + 0.5 * np.arange(8), 50.25 + 0.5 * np.arange(6)
DAYS = (0.0, 31.0, 59.0, 90.0)
DEPTHS = (-50.0, -10.0, 0.0)
# The first of four months.
TIMES = tuple(
    parse_date_ms(text) or 0 for text in ("2023-01-01", "2023-02-01", "2023-03-01", "2023-04-01")
)
EXTENT = Extent(10.0, 50.0, 14.0, 53.0)
_DIMS = {"salt": ("time", "depth", "lat", "lon"), "temp": ("time", "lat", "lon")}
_AXES = {
    "time": (DAYS, "days since 2023-01-01"),
    "depth": (DEPTHS, "m"),
    "lat": (LAT, "degrees_north"),
    "lon": (LON, "degrees_east"),
}
_UNITS = {"salt": "1e-3", "temp": "degC"}


def sea_data() -> dict[str, NDArray[np.float32]]:
    """Arrays as they are in the file: rows run north; one pixel of temperature is missing."""
    random = np.random.default_rng(7)
    salt = random.uniform(30, 40, (4, 3, 6, 8)).astype(np.float32)
    temp = random.uniform(-5, 30, (4, 6, 8)).astype(np.float32)
    temp[1, 2, 3] = np.nan
    return {"salt": salt, "temp": temp}


def write_sea(path: Path) -> dict[str, NDArray[np.float32]]:
    """Write the netCDF file and return its arrays."""
    data = sea_data()
    with netCDF4.Dataset(path, "w") as file:
        for name, (values, units) in _AXES.items():
            file.createDimension(name, len(values))
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = values
            axis.units = units
        file["depth"].positive = "up"
        for name, values in data.items():
            variable = file.createVariable(name, "f4", _DIMS[name], fill_value=np.nan)
            variable[:] = values
            variable.units, variable.long_name = _UNITS[name], f"{name} of the sea"
    return data


def write_zarr_sea(folder: Path, version: int) -> Path:
    """Write the same as a store; return the file that names it."""
    group = zarr.open_group(str(folder), mode="w", zarr_format=version)
    arrays = {name: (np.asarray(values), (name,)) for name, (values, _) in _AXES.items()}
    arrays |= {name: (values, _DIMS[name]) for name, values in sea_data().items()}
    for name, (values, dims) in arrays.items():
        names = {"dimension_names": dims} if version == 3 else {}
        array = group.create_array(name, shape=values.shape, dtype=values.dtype, **names)
        array[:] = values
        array.attrs["units"] = {**_UNITS, **{axis: units for axis, (_, units) in _AXES.items()}}[
            name
        ]
        if version == 2:
            array.attrs["_ARRAY_DIMENSIONS"] = list(dims)
    group["depth"].attrs["axis"] = "Z"
    return folder / (".zgroup" if version == 2 else "zarr.json")


def compiled(
    folder: Path, *paths: Path, properties: dict[str, str] | None = None, wms: bool = False
) -> Path:
    """Return the compiled definition of cubes."""
    made = DefinitionFolder.create(folder / "sea.isdef")
    text = made.toml.read_text()
    for key, value in (properties or {}).items():
        text = text.replace(f'{key} = ""', f'{key} = "{value}"')
    if wms:
        text = text.replace("wms = false", "wms = true")
    made.toml.write_text(text)
    add_rasters(made, AddRequest(raster_type="series", paths=list(paths)))
    build_definition(made)
    out = folder / "sea.zmd"
    compile_definition(made.path, out)
    return out
