"""Look into tables before they are added: how many rasters they list, and whether those are there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.build.table_shapes import bounds_of, may_be_degrees, read_shapes
from engine.errors import ConfigError, SourceError
from engine.geometry.projection import describe_crs
from engine.readers.header import read_header
from raster_types.adding.recognise import TABLE
from raster_types.base import state_of_file
from raster_types.tables.open_table import TableOptions, index_of, is_table, open_table
from raster_types.tables.table_links import LinkResolver

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.build.workers import Workers

_ROWS_LOOKED_AT = 40
# A table that nobody named is looked into only where that is quick.
_MOST_BYTES = 32 << 20
_MOST_TABLES = 40
# Others that stand in folders are rasters there, or stand for one.
_IN_FOLDERS = (".csv", ".gpkg", ".gti", ".shp", ".geojson", ".json", ".gdb")


@dataclass(frozen=True, slots=True)
class TableLook:
    """What a table amounts to.

    Attributes
    ----------
    rows : int
        All of them.
    found : int
        Of `looked_at` rows, those whose file is there.
    is_index : bool
        Each of those names a file of its own.
    columns : tuple of str
        That become fields.
    crs : str
        Canonical key of its geometries' CRS; "" = not known.
    needs_crs : bool
        Its geometries are no degrees, and nothing says what they are.
    raster_crs : str
        What the first raster that is there says of itself; "" = nothing, or that it lies in degrees.
    """

    path: Path
    rows: int
    looked_at: int
    found: int
    is_index: bool
    columns: tuple[str, ...]
    crs: str
    needs_crs: bool
    raster_crs: str

    @property
    def stated(self) -> tuple[str, ...]:
        """What is to be stated when it is added."""
        options = ["--type", TABLE]
        if self.needs_crs:
            is_short = self.raster_crs.startswith("EPSG:")
            options += ["--table-srs", self.raster_crs if is_short else "EPSG:n"]
        return tuple(options)


def look_into(path: Path, workers: Workers) -> TableLook:
    """Open a table as `add` would, and look at its first rows.

    Raises
    ------
    ConfigError
        It is no table of rasters, or none that can be read.
    """
    index, options = index_of(path, TableOptions())
    table = open_table(index, options, workers)
    links = LinkResolver(index, (), is_bound=table.is_bound)
    rows = list(islice(table.rows(), _ROWS_LOOKED_AT))
    paths = []
    for row in rows:
        link = row.raster.sources[0].path if row.raster else row.link
        resolved = links.resolve(link)
        if not resolved.problem and state_of_file(resolved.path)[0] >= 0:
            paths.append(resolved.path)
    crs = table.crs or next((row.crs for row in rows if row.crs), "")
    box = None if crs else bounds_of(read_shapes([row.shape for row in rows]))
    needs_crs = box is not None and not may_be_degrees(box)
    return TableLook(
        path=path,
        rows=table.count,
        looked_at=len(rows),
        found=len(paths),
        is_index=bool(paths) and len(set(paths)) == len(paths),
        columns=tuple(table.fields),
        crs=crs,
        needs_crs=needs_crs,
        raster_crs=_crs_of(paths[0]) if paths else "",
    )


def tables_among(folder: Path, others: Iterable[str], workers: Workers) -> Iterator[TableLook]:
    """Yield the tables of a folder that list rasters which are there."""
    inner = (str(each) for each in sorted(folder.iterdir()) if each.suffix.lower() == ".gdb")
    chosen = [path for path in (*others, *inner) if _may_be_one(path)]
    for path in chosen[:_MOST_TABLES]:
        try:
            look = look_into(Path(path), workers)
        except (ConfigError, SourceError):
            # Some other file of that ending.
            continue
        if look.is_index:
            # Others speak of images, too: control points, orientations.
            yield look


def _may_be_one(path: str) -> bool:
    is_quick = state_of_file(path)[0] <= _MOST_BYTES
    return PurePath(path).suffix.lower() in _IN_FOLDERS and is_quick and is_table(Path(path))


def _crs_of(path: str) -> str:
    """Return the CRS of a raster that counts in metres or feet, "" of others."""
    try:
        crs = read_header(path).crs
    except SourceError:
        # Build says what is wrong with it.
        return ""
    return "" if not crs or describe_crs(crs).is_geographic else crs
