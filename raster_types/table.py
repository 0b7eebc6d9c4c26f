"""Tables of rasters: tile indexes, mosaics, catalogues; each row is an item, its columns are fields.

No raster is opened: build reads the headers. How a definition takes them in is in
`raster_types.adding.table_add`; here is what a table amounts to.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import msgspec

from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.build.workers import InProcess
from engine.errors import ConfigError, SourceUnavailable, UnknownProduct
from raster_types.tables.open_table import TableOptions, index_of, is_table, open_table
from raster_types.tables.table_links import LinkResolver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.process_definition import RasterEntry
    from raster_types.base import ItemOptions, Product
    from raster_types.tables.records import TableRow

NAME = "table"
_UNNAMED = "raster"


class TableType:
    """The raster type "table"."""

    name = NAME

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the files that may be tables by their names."""
        return ((path,) for path in paths if is_table(Path(path)))

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return is_table(Path(path))

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make an item of each row, without its header."""
        if not Path(product.main).exists():
            raise SourceUnavailable(product.main, "no such file")
        try:
            index, table_options = index_of(Path(product.main), options_of(options))
            table = open_table(index, table_options, InProcess())
            links = LinkResolver(index, options.rewrite, is_bound=table.is_bound)
            for row in table.rows():
                made = item_of_row(row, links, options)
                yield NewItem(
                    name=made.name,
                    raster=made.raster,
                    attributes=dict(row.values),
                    status=ItemStatus.NOT_SUPPORTED if made.message else ItemStatus.ADDED,
                    message=made.message,
                )
        except ConfigError as err:
            raise UnknownProduct(product.main, str(err.fields[2])) from err


def options_of(options: ItemOptions) -> TableOptions:
    """Return what an author says of a table."""
    return TableOptions(path_field=options.path_field, layer=options.layer, crs=options.table_crs)


class RowItem(msgspec.Struct, frozen=True):
    """A row's raster with the files found; `message` says what is wrong with them, "" = nothing."""

    name: str
    raster: RasterDefinition
    message: str = ""


def item_of_row(row: TableRow, links: LinkResolver, options: ItemOptions) -> RowItem:
    """Return what a row amounts to: local paths in place of links, and what the author states."""
    stated = row.raster or _plain(row.link, options)
    found = {source.path: links.resolve(source.path) for source in stated.sources}
    message = next((each.problem for each in found.values() if each.problem), "")
    paths = {link: each.path or _UNNAMED for link, each in found.items()}
    name = row.name or PurePath(paths[stated.sources[0].path]).stem
    return RowItem(name, _with_paths(stated, paths, name), message)


def _plain(link: str, options: ItemOptions) -> RasterDefinition:
    source = SourceDefinition(
        path=link,
        bands=options.bands,
        no_data=options.no_data,
        valid_range=options.valid_range,
        crs=options.crs,
    )
    return RasterDefinition(raster_type=NAME, sources=(source,))


def _with_paths(raster: RasterDefinition, paths: dict[str, str], name: str) -> RasterDefinition:
    sources = tuple(
        msgspec.structs.replace(source, path=paths[source.path]) for source in raster.sources
    )
    if raster.process is None:
        return msgspec.structs.replace(raster, sources=sources)
    entries = tuple(_entry_with_paths(entry, paths) for entry in raster.process.rasters)
    process = msgspec.structs.replace(raster.process, name=name, rasters=entries)
    return msgspec.structs.replace(raster, sources=sources, process=process)


def _entry_with_paths(entry: RasterEntry, paths: dict[str, str]) -> RasterEntry:
    more = tuple(
        msgspec.structs.replace(file, source=paths[file.source]) for file in entry.more_bands
    )
    return msgspec.structs.replace(entry, source=paths[entry.source], more_bands=more)
