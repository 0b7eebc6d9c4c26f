"""What tables of rasters have in common, whatever file holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.build.raster_record import RasterDefinition
    from engine.results import AttributeValue
    from raster_types.adding.author_fields import FieldKind

# WKB or WKT; b"" = none.
Shape: TypeAlias = bytes | str


class RawRow(NamedTuple):
    """A row as its file holds it: values in the order of the columns, a geometry, a number (0 = none)."""

    values: Sequence[AttributeValue]
    shape: Shape = b""
    fid: int = 0


class RawTable(Protocol):
    """A table, whatever file holds it."""

    @property
    def columns(self) -> Mapping[str, FieldKind]:
        """Name and type of each column but the geometry, in order."""

    @property
    def crs(self) -> str:
        """Canonical key of the geometries' CRS, "" where nothing says it."""

    @property
    def count(self) -> int:
        """How many rows there are."""

    @property
    def path_column(self) -> str:
        """The column of paths where the file itself says which, else ""."""

    def rows(self) -> Iterator[RawRow]:
        """Yield the rows, anew at each call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One raster of a table.

    Attributes
    ----------
    link : str
        The file as it is written in the table.
    name : str
        "" = by the file's name.
    shape : bytes or str
        Footprint in `crs`, as WKB or WKT; b"" = none.
    crs : str
        Of the shape; "" = the table's.
    raster : RasterDefinition or None
        Where the table says more of the raster than its file; its sources' paths are as written.
    """

    link: str
    name: str = ""
    values: Mapping[str, AttributeValue] = field(default_factory=dict)
    shape: Shape = b""
    crs: str = ""
    raster: RasterDefinition | None = None


class RasterTable(Protocol):
    """Rasters that a file lists."""

    @property
    def fields(self) -> Mapping[str, FieldKind]:
        """Fields of the rows' values."""

    @property
    def crs(self) -> str:
        """Of the shapes, "" where nothing says it."""

    @property
    def count(self) -> int:
        """How many rows there are."""

    @property
    def is_bound(self) -> bool:
        """Whether files must lie in the folder of the table, as with definitions of mosaics."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences about the table, complete when its rows were read."""

    def rows(self) -> Iterator[TableRow]:
        """Yield the rasters, anew at each call."""
