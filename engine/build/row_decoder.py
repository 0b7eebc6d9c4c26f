"""Records of the service table, as its database gives them, into rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.build import geopackage
from engine.build.catalog_schema import SYSTEM_FIELDS
from engine.build.item_row import BuiltState, ItemRow
from engine.build.raster_record import ItemStatus, pyramids_of_text
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

# Columns of swath_build, which follow those of the layer.
BUILT_COLUMNS = ("fingerprint", "shape_hash", "rings", "statistics", "pyramid")


class RowDecoder:
    """Decode records of one table.

    Parameters
    ----------
    catalog : str
        What messages call it.
    names : sequence of str
        The layer's columns, in order; `BUILT_COLUMNS` follow them in a record.
    """

    def __init__(self, catalog: str, names: Sequence[str]) -> None:
        self._catalog = catalog
        self._count = len(names)
        self._places = {name: names.index(name) for name in SYSTEM_FIELDS}
        self._attributes = [
            (name, place) for place, name in enumerate(names) if name not in SYSTEM_FIELDS
        ]

    def decode(self, record: tuple[Any, ...]) -> ItemRow:
        """Return the row of a record.

        Raises
        ------
        ConfigError
            It holds what no row can hold.
        """
        fingerprint, shape_hash, rings, statistics, pyramid = record[self._count :]
        at = self._places
        try:
            status = ItemStatus(msgspec.convert(record[at["StatusId"]] or 0, int))
            shape = msgspec.convert(record[at["Shape"]], bytes | None, strict=False)
            wkb = geopackage.decode_geometry(shape)
        except (ValueError, msgspec.ValidationError) as err:
            raise ConfigError(
                self._catalog, f"OBJECTID {record[at['OBJECTID']]}", str(err)
            ) from err
        return ItemRow(
            id=record[at["OBJECTID"]],
            status=status,
            message=str(record[at["StatusMessage"]] or ""),
            attributes={
                name: record[place]
                for name, place in self._attributes
                if type(record[place]) is not bytes
            },
            raster_text=str(record[at["Raster"]] or ""),
            header_text=str(record[at["Header"]] or ""),
            wkb=wkb,
            built=BuiltState(
                fingerprint=str(fingerprint or ""),
                shape_hash=str(shape_hash or ""),
                rings=_bytes(rings),
                statistics=_bytes(statistics),
                pyramids=pyramids_of_text(str(pyramid or "")),
            ),
        )


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
