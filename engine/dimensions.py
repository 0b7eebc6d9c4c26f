"""Variables of a multidimensional service and the dimensions along which they have slices.

A slice is one value in each dimension of a variable; every slice is a row of the catalog, or several side
by side. Numbers of slices count variables by name and, within one, all combinations of the values of
its dimensions, the dimension that comes last by name slowest: clients work them out by themselves.
"""

from __future__ import annotations

import itertools
import math
from typing import TypeAlias

import msgspec

from engine.band_statistics import BandStatistics
from engine.dates import moment_of

TIME = "StdTime"
HEIGHT = "StdZ"
VARIABLE_FIELD = "Variable"
DIMENSIONS_FIELD = "Dimensions"

_UNITS_MS = (("Days", 86_400_000), ("Hours", 3_600_000), ("Minutes", 60_000), ("Seconds", 1_000))

Number: TypeAlias = "int | float"


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """One dimension of a variable.

    Attributes
    ----------
    name : str
        Also of the field that holds its values.
    is_time : bool
        Values are milliseconds since 1970 UTC.
    values : tuple
        All that there are, rising.
    """

    name: str
    unit: str = ""
    is_time: bool = False
    values: tuple[int | float, ...] = ()

    @property
    def first(self) -> Number:
        """The value shown where none is asked for: the smallest, of depths the one at the surface."""
        low, high = self.values[0], self.values[-1]
        return high if self.name == HEIGHT and abs(high) <= abs(low) else low

    @property
    def step(self) -> tuple[Number, str] | None:
        """Interval of its values and, of times, the unit of that; None where they are not even."""
        if len(self.values) < 2:
            return None
        return _time_step(self.values) if self.is_time else _even_step(self.values)


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One variable; `statistics` are one per band, or () where they were not made."""

    name: str
    description: str = ""
    unit: str = ""
    dimensions: tuple[Dimension, ...] = ()
    statistics: tuple[BandStatistics, ...] = ()

    @property
    def counted(self) -> tuple[Dimension, ...]:
        """Its dimensions as numbers of slices count them: slowest first."""
        return tuple(sorted(self.dimensions, key=lambda each: each.name, reverse=True))

    @property
    def slice_count(self) -> int:
        """Combinations of the values of its dimensions."""
        return math.prod(len(dimension.values) for dimension in self.dimensions)


def slice_values(
    variables: tuple[Variable, ...], number: int
) -> tuple[Variable, dict[str, Number]] | None:
    """Return variable and values of a slice by its number; None where there is no such number."""
    for variable in variables:
        count = variable.slice_count
        if number >= count:
            number -= count
            continue
        values = {}
        for dimension in reversed(variable.counted):
            number, place = divmod(number, len(dimension.values))
            values[dimension.name] = dimension.values[place]
        return variable, values
    return None


def variable_of(variables: tuple[Variable, ...], name: str) -> Variable | None:
    """Return a variable by name; case does not count."""
    folded = name.casefold()
    return next((each for each in variables if each.name.casefold() == folded), None)


def dimension_of(variable: Variable, name: str) -> Dimension | None:
    """Return a dimension by name; case does not count."""
    folded = name.casefold()
    return next((each for each in variable.dimensions if each.name.casefold() == folded), None)


def _even_step(values: tuple[Number, ...]) -> tuple[Number, str] | None:
    step = (values[-1] - values[0]) / (len(values) - 1)
    good = all(
        math.isclose(value, values[0] + step * place, rel_tol=0, abs_tol=1e-6 * step)
        for place, value in enumerate(values)
    )
    return (float(f"{step:.9g}"), "") if good else None


def _time_step(values: tuple[Number, ...]) -> tuple[Number, str] | None:
    """Return the interval of times: whole years or months of the calendar, else of even length."""
    dates = [moment_of(value) for value in values]
    if len({(date.day, date.time()) for date in dates}) == 1:
        months = [date.year * 12 + date.month for date in dates]
        steps = {after - before for before, after in itertools.pairwise(months)}
        if len(steps) == 1:
            (step,) = steps
            return (step // 12, "Years") if step % 12 == 0 else (step, "Months")
    lengths = {after - before for before, after in itertools.pairwise(values)}
    if len(lengths) != 1:
        return None
    (length,) = lengths
    for unit, size in _UNITS_MS:
        if length % size == 0:
            return int(length // size), unit
    return length / 1000, "Seconds"
