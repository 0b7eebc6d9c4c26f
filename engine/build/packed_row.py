"""Rows of a compiled definition as they are written: made where there is time, stored where the file is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from engine.zmd import COLUMN_TYPES, OPEN_END

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.build.zmd_writer import CompiledRow
    from engine.item import Item
    from engine.results import AttributeValue
    from engine.summary import FieldInfo

Edges: TypeAlias = tuple[float, float, float, float]

_encoder = msgspec.msgpack.Encoder()


class PackedRow(NamedTuple):
    """A `CompiledRow` as it is written; light, because many come from other processes.

    Attributes
    ----------
    values : tuple
        OBJECTID and the columns.
    boxes : tuple of (xmin, xmax, ymin, ymax)
    sizes : (psmin, psmax)
    extent : (xmin, ymin, xmax, ymax)
    ranks : (z, size, x, y, nadir_x, nadir_y)
        What mosaic orders look at (`engine.mosaic.ranking`).
    """

    values: tuple[AttributeValue, ...]
    record: bytes
    wkb: bytes
    boxes: tuple[Edges, ...]
    sizes: tuple[float, float]
    extent: Edges
    ranks: tuple[float | None, ...]

    @property
    def id(self) -> AttributeValue:
        """OBJECTID."""
        return self.values[0]

    @property
    def ground_size_m(self) -> float:
        """Size of a level-0 pixel on the ground."""
        return self.ranks[1] or 0.0


class RowPacker:
    """Pack rows for the columns of one service."""

    def __init__(self, fields: Iterable[FieldInfo]) -> None:
        self._names = [column.name for column in columns_of(fields)]

    def pack(self, row: CompiledRow) -> PackedRow:
        """Return a row as it is written."""
        item, box = row.item, row.item.extent
        values = {**row.attributes, **item_attributes(item)}
        extent = (box.xmin, box.ymin, box.xmax, box.ymax)
        return PackedRow(
            values=(item.id, *map(values.get, self._names)),
            record=_encoder.encode(item),
            wkb=row.wkb,
            boxes=tuple((b.xmin, b.xmax, b.ymin, b.ymax) for b in row.boxes or (box,)),
            sizes=(item.min_ps, item.max_ps if item.max_ps > 0 else OPEN_END),
            extent=extent,
            ranks=(
                item.z_order or 0.0,
                item.ground_size_m,
                item.center_x,
                item.center_y,
                item.nadir_x,
                item.nadir_y,
            ),
        )


def columns_of(fields: Iterable[FieldInfo]) -> list[FieldInfo]:
    """Return the fields that have a column in the table of items."""
    return [field for field in fields if field.type in COLUMN_TYPES]


def item_attributes(item: Item) -> dict[str, AttributeValue]:
    """Return the values of the well-known columns that an item's record holds."""
    return {
        "Name": item.name,
        "MinPS": item.min_ps,
        "MaxPS": item.max_ps,
        "LowPS": item.low_ps,
        "HighPS": item.high_ps,
        "Category": item.category,
        "CenterX": item.center_x,
        "CenterY": item.center_y,
        "ZOrder": item.z_order,
    }
