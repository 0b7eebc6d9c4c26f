"""Variables of netCDF files and Zarr stores: an item for each time, variables on one grid are its bands.

Of variables on several grids, or of several types, those are taken that are most; `--assets` names others.
Levels of height and the like are bands, too.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from engine.build.item_build import placement_problem
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.errors import UnknownProduct
from engine.readers.cube_arrays import open_file
from engine.readers.cube_times import times_of
from engine.readers.header import read_header
from raster_types.base import state_of_file
from raster_types.items.image_files import ZARR_GROUPS
from raster_types.items.item_values import BandValues, with_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.readers.cube_arrays import CubeArray
    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product

_SUFFIXES = (".nc", ".nc4", ".cdf")
_MOST_ITEMS = 100_000


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
        """Make an item for each time.

        Raises
        ------
        UnknownProduct
            No variable is a raster, or one that is asked for is not there.
        """
        cube = _cube(product.main, options)
        product.files[product.main] = state_of_file(product.main)
        headers = tuple(
            read_header(array.path, f"{cube.driver}:{array.name}") for array in cube.variables
        )
        for number in range(len(cube.times) or 1):
            yield self._item(cube, headers, number, options)

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


def _cube(main: str, options: ItemOptions) -> _Cube:
    driver = "netCDF" if is_netcdf(main) else "Zarr"
    with open_file(main, driver) as file:
        arrays = file.arrays()
        variables = _chosen(main, arrays, options.assets)
        outer = variables[0].dims[:-2]
        axis = arrays.get(outer[0]) if outer else None
        has_times = axis is not None and _tells_time(axis)
        # A cube of one time may say it in a variable of its own.
        alone = (each for each in arrays.values() if not each.shape and _tells_time(each))
        teller = axis if has_times else next(alone, None)
        times = () if teller is None else times_of(teller, file)
    if len(times) > _MOST_ITEMS:
        raise UnknownProduct(main, f"has {len(times)} times; at most {_MOST_ITEMS} become items")
    return _Cube(main, driver, variables, has_times, times)


def _tells_time(array: CubeArray) -> bool:
    return " since " in str(array.attributes.get("units", ""))


def _chosen(
    main: str, arrays: Mapping[str, CubeArray], assets: Sequence[str]
) -> tuple[CubeArray, ...]:
    bounds = {str(array.attributes.get("bounds", "")) for array in arrays.values()}
    rasters = {
        name: array
        for name, array in arrays.items()
        if len(array.shape) >= 2
        and name not in bounds
        and all(d in arrays for d in array.dims[-2:])
    }
    if not rasters:
        why = "no variable is a raster whose rows and columns have coordinates"
        if PurePath(main).name == "zarr.json":
            why = "is no group of arrays; name the folder of the store"
        raise UnknownProduct(main, why)
    if assets:
        missing = [name for name in assets if name not in rasters]
        if missing:
            raise UnknownProduct(
                main, f"has no variable {missing[0]!r}; it has {', '.join(rasters)}"
            )
        chosen = [rasters[name] for name in assets]
        if len({_kind(array) for array in chosen}) > 1:
            raise UnknownProduct(main, f"{', '.join(assets)} differ in their grids or types")
        return tuple(chosen)
    ((usual, _),) = Counter(map(_kind, rasters.values())).most_common(1)
    return tuple(array for array in rasters.values() if _kind(array) == usual)


def _kind(array: CubeArray) -> tuple[Any, ...]:
    return array.dims, array.shape, array.dtype.newbyteorder("=").name
