"""Variables of netCDF files and Zarr stores: an item for each slice of each variable.

A slice is one position in all dimensions but rows and columns: a time, a level. Of variables of several
types those are taken that are most; `--assets` names others. With `--stack-variables` variables on one
grid become the bands of one item a time instead, levels bands, too; so do those that only count bands.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from engine.build.item_build import placement_problem
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.errors import UnknownProduct
from engine.readers.cube_arrays import is_zarr_group, open_file
from engine.readers.cube_times import times_of
from engine.readers.header import read_header
from raster_types.base import state_of_file
from raster_types.items.cube_slices import SlicedVariable, sliced, tells_time
from raster_types.items.image_files import ZARR_GROUPS
from raster_types.items.item_values import BandValues, with_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.readers.cube_arrays import CubeArray, CubeFile
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product
    from raster_types.items.cube_slices import CubeSlice

_SUFFIXES = (".nc", ".nc4", ".cdf")
_MOST_ITEMS = 100_000
# GDAL writes bands into a netCDF file as variables called so.
_BAND = re.compile(r"Band\d+")


@dataclass(frozen=True, slots=True)
class _Cube:
    """The variables that become bands, and the times that become items."""

    main: str
    driver: str
    variables: tuple[CubeArray, ...]
    has_times: bool
    times: tuple[str, ...]

    @property
    def layers(self) -> int:
        """Layers of each variable in an item."""
        outer = self.variables[0].shape[:-2]
        return math.prod(outer[1:] if self.has_times else outer)


class SeriesType:
    """The raster type "series"."""

    name = "series"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each netCDF file and each Zarr group."""
        for path in paths:
            if is_netcdf(path) or PurePath(path).name in ZARR_GROUPS:
                yield (path,)

    def is_expected(self, path: str) -> bool:
        """Tell by the ending."""
        return is_netcdf(path)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make an item for each slice, or for each time.

        Raises
        ------
        UnknownProduct
            No variable is a raster, or one that is asked for is not there.
        """
        main = product.main
        product.files[main] = state_of_file(main)
        with open_file(main, _driver(main)) as file:
            arrays = file.arrays()
            rasters = _rasters(main, arrays)
            if options.stack_variables or all(map(_BAND.fullmatch, rasters)):
                variables = _stacked(main, rasters, options.assets)
                cube = _cube(main, variables, arrays, file)
                several: list[SlicedVariable] = []
            else:
                chosen = _chosen(main, rasters, options.assets)
                several = [sliced(array, arrays, file) for array in chosen]
        if several:
            count = sum(math.prod(each.array.shape[:-2]) for each in several)
            _check_count(main, count, "slices")
            for variable in several:
                yield from self._slices(main, variable, options)
            return
        headers = tuple(
            read_header(array.path, f"{cube.driver}:{array.name}") for array in cube.variables
        )
        for number in range(len(cube.times) or 1):
            yield self._item(cube, headers, number, options)

    def _slices(
        self, main: str, variable: SlicedVariable, options: ItemOptions
    ) -> Iterator[NewItem]:
        """Make the items of one variable; its slices are alike but for what they hold."""
        array, kind = variable.array, _driver(main)
        header = read_header(array.path, f"{kind}:{array.name}/0")
        crs = options.crs or header.crs
        status, message = placement_problem(header, crs) or (ItemStatus.ADDED, "")
        for each in variable.slices():
            driver = f"{kind}:{array.name}/{each.layer}"
            source = SourceDefinition(
                path=array.path,
                driver=driver,
                no_data=options.no_data,
                valid_range=options.valid_range,
                crs=options.crs,
            )
            name = _slice_name(main, variable, each)
            raster = RasterDefinition(raster_type=self.name, sources=(source,))
            if options.values != "dn":
                band = header.bands[0]
                raster = with_values(name, raster, [BandValues(band.scale, band.offset)])
            yield NewItem(
                name=name,
                raster=raster,
                headers=(msgspec.structs.replace(header, driver=driver),),
                attributes=_slice_attributes(main, variable, each),
                status=status,
                message=message,
            )

    def _item(
        self, cube: _Cube, headers: tuple[RasterHeader, ...], number: int, options: ItemOptions
    ) -> NewItem:
        first = number * cube.layers if cube.has_times else 0
        bands = tuple(range(first + 1, first + 1 + cube.layers))
        sources = tuple(
            SourceDefinition(
                path=header.path,
                driver=header.driver,
                bands=bands,
                no_data=options.no_data,
                valid_range=options.valid_range,
                crs=options.crs,
            )
            for header in headers
        )
        time = cube.times[number] if cube.times else ""
        name = "_".join(
            filter(None, (_stem(cube.main), time.replace(":", "").removesuffix(".000Z")))
        )
        raster = RasterDefinition(raster_type=self.name, sources=sources)
        if options.values != "dn":
            values = [BandValues(h.bands[0].scale, h.bands[0].offset) for h in headers]
            raster = with_values(name, raster, [each for each in values for _ in bands])
        problem = placement_problem(headers[0], options.crs or headers[0].crs)
        status, message = problem or (ItemStatus.ADDED, "")
        return NewItem(
            name=name,
            raster=raster,
            headers=headers,
            attributes=_attributes(cube, time),
            status=status,
            message=message,
        )


def is_netcdf(path: str) -> bool:
    """Tell whether a name is that of a netCDF file."""
    return PurePath(path).suffix.lower() in _SUFFIXES


def _stem(main: str) -> str:
    path = PurePath(main)
    return path.stem if is_netcdf(main) else path.parent.name.removesuffix(".zarr")


def _attributes(cube: _Cube, time: str) -> dict[str, str | int | float | None]:
    said = cube.variables[0].attributes
    units = said.get("units")
    found: dict[str, str | int | float | None] = {
        "GroupName": _stem(cube.main),
        "Variables": ", ".join(array.name for array in cube.variables),
        "Units": str(units) if units else None,
    }
    return {**found, "AcqDate": time} if time else found


def _driver(main: str) -> str:
    return "netCDF" if is_netcdf(main) else "Zarr"


def _slice_name(main: str, variable: SlicedVariable, each: CubeSlice) -> str:
    parts = [_stem(main), variable.array.name]
    for dimension, value in zip(variable.dimensions, each.values, strict=True):
        if isinstance(value, str):
            parts.append(value.replace(":", "").removesuffix(".000Z"))
        else:
            parts.append(f"{dimension.name}{value:.9g}")
    return "_".join(parts)


def _slice_attributes(
    main: str, variable: SlicedVariable, each: CubeSlice
) -> dict[str, str | int | float | None]:
    said, dimensions = variable.array.attributes, variable.dimensions
    return {
        "GroupName": _stem(main),
        "Variable": variable.array.name,
        "Dimensions": ",".join(dimension.name for dimension in dimensions),
        "DimensionUnits": ",".join(dimension.unit.replace(",", " ") for dimension in dimensions),
        "Units": _text(said.get("units")),
        "LongName": _text(said.get("long_name") or said.get("standard_name")),
        **{d.name: value for d, value in zip(dimensions, each.values, strict=True)},
    }


def _text(value: object) -> str | None:
    return str(value) if value else None


def _check_count(main: str, count: int, what: str) -> None:
    if count > _MOST_ITEMS:
        raise UnknownProduct(main, f"has {count} {what}; at most {_MOST_ITEMS} become items")


def _cube(
    main: str, variables: tuple[CubeArray, ...], arrays: Mapping[str, CubeArray], file: CubeFile
) -> _Cube:
    outer = variables[0].dims[:-2]
    axis = arrays.get(outer[0]) if outer else None
    has_times = axis is not None and tells_time(axis)
    # A cube of one time may say it in a variable of its own.
    alone = (each for each in arrays.values() if not each.shape and tells_time(each))
    teller = axis if has_times else next(alone, None)
    times = () if teller is None else times_of(teller, file)
    _check_count(main, len(times), "times")
    return _Cube(main, _driver(main), variables, has_times, times)


def _rasters(main: str, arrays: Mapping[str, CubeArray]) -> dict[str, CubeArray]:
    """Return the variables that are rasters: not the coordinates and bounds of others."""
    helpers = {
        name
        for array in arrays.values()
        for key in ("bounds", "coordinates", "grid_mapping")
        for name in str(array.attributes.get(key, "")).split()
    }
    rasters = {
        name: array
        for name, array in arrays.items()
        if len(array.shape) >= 2
        and name not in helpers
        and all(d in arrays for d in array.dims[-2:])
    }
    if PurePath(main).name == "zarr.json" and not is_zarr_group(Path(main)):
        # The arrays beside it are of the group's own file.
        raise UnknownProduct(main, "is no group of arrays; name the folder of the store")
    if not rasters:
        why = "no variable is a raster whose rows and columns have coordinates"
        raise UnknownProduct(main, why)
    return rasters


def _asked(
    main: str, rasters: Mapping[str, CubeArray], assets: Sequence[str]
) -> tuple[CubeArray, ...]:
    missing = [name for name in assets if name not in rasters]
    if missing:
        raise UnknownProduct(main, f"has no variable {missing[0]!r}; it has {', '.join(rasters)}")
    return tuple(rasters[name] for name in assets)


def _chosen(
    main: str, rasters: Mapping[str, CubeArray], assets: Sequence[str]
) -> tuple[CubeArray, ...]:
    if assets:
        return _asked(main, rasters, assets)
    types = {name: array.dtype.newbyteorder("=").name for name, array in rasters.items()}
    ((usual, _),) = Counter(types.values()).most_common(1)
    return tuple(rasters[name] for name, kind in types.items() if kind == usual)


def _stacked(
    main: str, rasters: Mapping[str, CubeArray], assets: Sequence[str]
) -> tuple[CubeArray, ...]:
    if assets:
        chosen = _asked(main, rasters, assets)
        if len(set(map(_kind, chosen))) > 1:
            raise UnknownProduct(main, f"{', '.join(assets)} differ in their grids or types")
        return chosen
    ((usual, _),) = Counter(map(_kind, rasters.values())).most_common(1)
    return tuple(array for array in rasters.values() if _kind(array) == usual)


def _kind(array: CubeArray) -> tuple[Any, ...]:
    return array.dims, array.shape, array.dtype.newbyteorder("=").name
