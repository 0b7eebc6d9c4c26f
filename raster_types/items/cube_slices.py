"""The slices of a variable: each is one position in all its dimensions but rows and columns.

Dimensions have the names that clients of ArcGIS know: StdTime for times, StdZ for heights, depths and
pressures; others keep their own. Each is a field of the catalog.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from engine.build.catalog_schema import KNOWN_FIELDS, SYSTEM_FIELDS
from engine.dates import parse_date_ms
from engine.readers.cube_times import times_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from engine.readers.cube_arrays import CubeArray, CubeFile

TIME, HEIGHT = "StdTime", "StdZ"
ISO = "ISO8601"
_TAKEN = frozenset(
    name.casefold()
    for name in (
        *KNOWN_FIELDS,
        *SYSTEM_FIELDS,
        *("Variable", "Dimensions", "DimensionUnits", "Units", "LongName", TIME, HEIGHT),
    )
)
_HEIGHTS = frozenset(
    [
        "z",
        "lev",
        "level",
        "levels",
        "depth",
        "height",
        "altitude",
        "elevation",
        "plev",
        "pressure",
        "isobaric",
        "sigma",
    ]
)

Value: TypeAlias = "str | float"


@dataclass(frozen=True, slots=True)
class SliceDimension:
    """One dimension of a variable.

    Attributes
    ----------
    name : str
        Of the dimension and of its field.
    values : tuple
        One a position; times as texts.
    """

    name: str
    unit: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class CubeSlice:
    """One slice: `layer` counts all of them from 0, as the array has them."""

    layer: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class SlicedVariable:
    """A variable with its dimensions, outermost first."""

    array: CubeArray
    dimensions: tuple[SliceDimension, ...]

    def slices(self) -> Iterator[CubeSlice]:
        """Yield all slices in the order of the array."""
        each = itertools.product(*(dimension.values for dimension in self.dimensions))
        for layer, values in enumerate(each):
            yield CubeSlice(layer, values)


def tells_time(array: CubeArray) -> bool:
    """Tell whether an array's numbers are times."""
    return " since " in str(array.attributes.get("units", ""))


def sliced(array: CubeArray, arrays: Mapping[str, CubeArray], file: CubeFile) -> SlicedVariable:
    """Return a variable's dimensions.

    A cube of one time that says it in a variable of its own has a dimension of that one.

    Raises
    ------
    SourceCorrupt
        A coordinate cannot be read.
    """
    found: list[SliceDimension] = []
    for name, count in zip(array.dims[:-2], array.shape[:-2], strict=True):
        taken = {dimension.name for dimension in found}
        found.append(_dimension(name, count, arrays.get(name), file, taken))
    if all(dimension.name != TIME for dimension in found):
        alone = (each for each in arrays.values() if not each.shape and tells_time(each))
        times = next((_times(each, file) for each in alone), None)
        if times is not None:
            found.append(SliceDimension(TIME, ISO, times))
    return SlicedVariable(array, tuple(found))


def _dimension(
    name: str, count: int, coordinate: CubeArray | None, file: CubeFile, taken: set[str]
) -> SliceDimension:
    if coordinate is not None and coordinate.shape != (count,):
        coordinate = None
    if coordinate is not None and tells_time(coordinate) and TIME not in taken:
        times = _times(coordinate, file)
        if times is not None:
            return SliceDimension(TIME, ISO, times)
    own = _field_name(name, taken)
    if coordinate is not None:
        numbers = file.read(coordinate.name, (slice(None),)).astype(np.float64)
        if np.isfinite(numbers).all() and np.unique(numbers).size == count:
            unit = str(coordinate.attributes.get("units", ""))
            if _is_vertical(coordinate) and HEIGHT not in taken:
                own = HEIGHT
            return SliceDimension(own, unit, tuple(map(_short, numbers.tolist())))
    # No numbers tell the positions apart: they are counted.
    return SliceDimension(own, "", tuple(map(float, range(count))))


def _times(coordinate: CubeArray, file: CubeFile) -> tuple[str, ...] | None:
    """Return times as texts; None where some are no dates (30 February of a calendar of models)."""
    texts = times_of(coordinate, file)
    return texts if all(parse_date_ms(text) is not None for text in texts) else None


def _short(number: float) -> float:
    # What was float32 comes as 0.20000000298; clients would have to write all of that.
    short = float(f"{number:.7g}")
    return short if math.isclose(short, number, rel_tol=1e-7) else number


def _is_vertical(coordinate: CubeArray) -> bool:
    said = coordinate.attributes
    if str(said.get("axis", "")).upper() == "Z":
        return True
    if str(said.get("positive", "")).lower() in ("up", "down"):
        return True
    return coordinate.name.lower() in _HEIGHTS


def _field_name(name: str, taken: set[str]) -> str:
    clean = re.sub(r"[^A-Za-z0-9_]", "_", name)[:60] or "dimension"
    if not clean[0].isalpha():
        clean = f"d_{clean}"[:60]
    folded = {each.casefold() for each in taken} | _TAKEN
    while clean.casefold() in folded:
        clean += "_"
    return clean
