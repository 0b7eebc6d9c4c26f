"""Which variables and dimensions the rows of a service table have: the slices of a multidimensional service.

A row is a slice where its field Variable names one; Dimensions names the fields that hold its place in
them, with commas, and DimensionUnits their units. Whoever fills these makes a service multidimensional.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.band_statistics import BandStatistics, Histogram
from engine.dimensions import DIMENSIONS_FIELD, VARIABLE_FIELD, Dimension, Variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.build.service_table import ServiceTable
    from engine.results import AttributeValue
    from engine.summary import FieldInfo

_NUMBERS = ("date", "double", "integer")


class VariableCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of the pixels of one variable, per band."""

    statistics: tuple[BandStatistics, ...] = ()
    histograms: tuple[Histogram, ...] = ()


@dataclass(slots=True)
class _Found:
    """What the rows of one variable say."""

    unit: str = ""
    description: str = ""
    units: dict[str, str] = field(default_factory=dict)
    values: dict[str, set[float]] = field(default_factory=dict)

    def join(self, other: _Found) -> None:
        self.unit = self.unit or other.unit
        self.description = self.description or other.description
        self.units = {**other.units, **self.units}
        for name, values in other.values.items():
            self.values.setdefault(name, set()).update(values)


class DimensionCensus:
    """Variables and dimensions, fed row by row.

    Parameters
    ----------
    fields
        Of the compiled service.
    """

    def __init__(self, fields: Iterable[FieldInfo]) -> None:
        self._kinds = {each.name: each.type for each in fields if each.type in _NUMBERS}
        self._spelling = {name.casefold(): name for name in self._kinds}
        self._found: dict[str, _Found] = {}

    @classmethod
    def of_fields(cls, fields: Iterable[FieldInfo]) -> DimensionCensus | None:
        """Return an empty one; None where no row can be a slice."""
        known = tuple(fields)
        texts = {each.name for each in known if each.type == "string"}
        return cls(known) if {VARIABLE_FIELD, DIMENSIONS_FIELD} <= texts else None

    def add(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Take one row's compiled values."""
        variable = attributes.get(VARIABLE_FIELD)
        if not variable:
            return
        found = self._found.setdefault(str(variable), _Found())
        found.unit = found.unit or str(attributes.get("Units") or "")
        found.description = found.description or str(attributes.get("LongName") or "")
        units = str(attributes.get("DimensionUnits") or "").split(",")
        for place, word in enumerate(str(attributes.get(DIMENSIONS_FIELD) or "").split(",")):
            name = self._spelling.get(word.strip().casefold())
            value = None if name is None else attributes.get(name)
            if name is None or value is None or isinstance(value, str):
                continue
            found.values.setdefault(name, set()).add(value)
            if place < len(units):
                found.units.setdefault(name, units[place].strip())

    def join(self, other: DimensionCensus) -> None:
        """Take what another census of the same fields was fed."""
        for name, found in other._found.items():
            self._found.setdefault(name, _Found()).join(found)

    def variables(self, counts: Mapping[str, VariableCounts]) -> tuple[Variable, ...]:
        """Return the variables by name; () where there is one picture only, without dimensions."""
        variables = tuple(
            Variable(
                name=name,
                description=found.description,
                unit=found.unit,
                dimensions=tuple(self._dimension(found, each) for each in found.values),
                statistics=counts.get(name, VariableCounts()).statistics,
            )
            for name, found in sorted(self._found.items())
        )
        is_plain = len(variables) == 1 and not variables[0].dimensions
        return () if is_plain else variables

    @property
    def first(self) -> str:
        """The variable of the first row; "" = there is none."""
        return next(iter(self._found), "")

    def _dimension(self, found: _Found, name: str) -> Dimension:
        is_time = self._kinds[name] == "date"
        return Dimension(
            name=name,
            unit="ISO8601" if is_time else found.units.get(name, ""),
            is_time=is_time,
            values=tuple(sorted(found.values[name])),
        )


def has_slices(table: ServiceTable) -> bool:
    """Tell whether the items are slices: of several variables, or along dimensions."""
    if not {VARIABLE_FIELD, DIMENSIONS_FIELD} <= table.fields().keys():
        return False
    sql = f"SELECT DISTINCT {VARIABLE_FIELD}, {DIMENSIONS_FIELD} FROM footprints"
    found = table.execute(f"{sql} WHERE {VARIABLE_FIELD} <> '' LIMIT 2").fetchall()
    return len(found) > 1 or any(dimensions for _, dimensions in found)
