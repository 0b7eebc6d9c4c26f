"""MosaicJSON: which assets lie in which tile of the web.

References
----------
MosaicJSON 0.0.2 and 0.0.3, developmentseed/mosaicjson-spec.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from raster_types.tables.records import TableRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from raster_types.adding.author_fields import FieldKind


class _Document(msgspec.Struct, frozen=True):
    mosaicjson: str
    tiles: dict[str, list[str]]
    asset_prefix: str = ""


def is_mosaic_json(head: bytes) -> bool:
    """Tell by the beginning of a file whether it is one."""
    return b'"mosaicjson"' in head


class MosaicJson:
    """The assets of a MosaicJSON, each once; where they lie is read from their own headers.

    Raises
    ------
    ConfigError
        It cannot be read.
    """

    crs = ""
    is_bound = False

    def __init__(self, path: Path, data: bytes) -> None:
        try:
            document = msgspec.json.decode(data, type=_Document)
        except msgspec.ValidationError as err:
            why = "is no MosaicJSON; expected tiles: an object with a list of paths for each tile"
            raise ConfigError(path, "", why) from err
        except (msgspec.DecodeError, RecursionError) as err:
            raise ConfigError(path, "", "is no JSON that can be read (cut off, perhaps)") from err
        prefix = document.asset_prefix
        # The first asset of a tile is on top; assets come in the order in which tiles name them.
        self._links = list(
            dict.fromkeys(f"{prefix}{each}" for tile in document.tiles.values() for each in tile)
        )
        self.fields: Mapping[str, FieldKind] = {"ZOrder": "DOUBLE"}
        self.notes: list[str] = []

    @property
    def count(self) -> int:
        """See `RasterTable.count`."""
        return len(self._links)

    def rows(self) -> Iterator[TableRow]:
        """See `RasterTable.rows`."""
        for order, link in enumerate(self._links):
            yield TableRow(link=link, values={"ZOrder": float(order)})
