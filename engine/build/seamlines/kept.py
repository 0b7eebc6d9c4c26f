"""Seamlines in the layer: which were made and which drawn, so that what people edit survives.

What was made is remembered by a hash of each shape, its width and its type. A row that differs was
edited: its shape, or its width and type, stays. A row that was not made is somebody's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import shapely

from engine.build import geopackage
from engine.build.item_row import hash_shapes, wkb_extent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.build.seamlines.members import Shape
    from engine.build.service_table import ServiceTable

_STATE = "seamlines"
_INSERT = "INSERT INTO seamlines(Shape, ItemId, BlendWidth, BlendType) VALUES (?, ?, ?, ?)"
_UPDATE = "UPDATE seamlines SET Shape = ?, BlendWidth = ?, BlendType = ? WHERE fid = ?"


class _Made(msgspec.Struct, frozen=True, array_like=True):
    digest: str
    width: float | None
    side: str


@dataclass(frozen=True, slots=True)
class _Row:
    fid: int
    item: int
    wkb: bytes
    width: float | None
    side: str
    digest: str


@dataclass(slots=True)
class KeptSeamlines:
    """The rows of the layer as they are, beside what was made.

    Attributes
    ----------
    drawn : dict of bytes
        Shapes drawn or edited by hand, WKB by OBJECTID.
    """

    table: ServiceTable
    drawn: dict[int, bytes] = field(default_factory=dict)
    _made: dict[int, _Made] = field(default_factory=dict)
    _rows: dict[int, _Row] = field(default_factory=dict)

    @classmethod
    def read(cls, table: ServiceTable) -> KeptSeamlines:
        """Read the layer."""
        packed = table.state(_STATE)
        kept = cls(table)
        kept._made = msgspec.msgpack.decode(packed, type=dict[int, _Made]) if packed else {}
        found = table.execute(
            "SELECT fid, ItemId, Shape, BlendWidth, BlendType FROM seamlines"
            " WHERE ItemId IS NOT NULL ORDER BY fid"
        ).fetchall()
        wkbs = [geopackage.decode_geometry(row[2]) for row in found]
        digests = hash_shapes([wkb or _NOTHING for wkb in wkbs])
        by_item: dict[int, list[_Row]] = {}
        for row, wkb, digest in zip(found, wkbs, digests, strict=True):
            fid, item = int(row[0]), int(row[1])
            line = _Row(fid, item, wkb, row[3], str(row[4] or ""), digest)
            by_item.setdefault(item, []).append(line)
        for item, rows in by_item.items():
            kept._take(item, rows)
        return kept

    def _take(self, item: int, rows: list[_Row]) -> None:
        made, shaped = self._made.get(item), [row for row in rows if row.wkb]
        self._rows[item] = (shaped or rows)[0]
        is_made = made is not None and [row.digest for row in shaped] == [made.digest]
        if shaped and not is_made:
            self.drawn[item] = _joined([row.wkb for row in shaped])

    def write(
        self, cells: Iterable[tuple[int, Shape]], blend: tuple[float, str], srs_id: int
    ) -> tuple[int, int]:
        """Write cells of items; within a batch.

        Parameters
        ----------
        cells
            OBJECTID and area; None = none.
        blend : (width, type)
            Of seamlines whose own were not edited.

        Returns
        -------
        made, removed : int
        """
        made = removed = 0
        for item, cell in cells:
            if item in self.drawn:
                continue
            if cell is None:
                removed += self._remove(item)
                continue
            made += 1
            self._put(item, bytes(shapely.to_wkb(cell, byte_order=1)), blend, srs_id)
        self._remember()
        return made, removed

    def _put(self, item: int, wkb: bytes, blend: tuple[float, str], srs_id: int) -> None:
        blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb))
        row, known = self._rows.get(item), self._made.get(item)
        width: float | None = blend[0]
        side = blend[1]
        if row is None:
            self.table.execute(_INSERT, (blob, item, width, side))
        elif known is not None and (row.width, row.side) != (known.width, known.side):
            # Edited: what stands there stays, and counts as edited whatever is asked for later.
            self.table.execute(_UPDATE, (blob, row.width, row.side or None, row.fid))
            width, side = known.width, known.side
        else:
            self.table.execute(_UPDATE, (blob, width, side, row.fid))
        self._made[item] = _Made(hash_shapes([wkb])[0], width, side)

    def _remove(self, item: int) -> int:
        row = self._rows.pop(item, None)
        self._made.pop(item, None)
        if row is None:
            return 0
        self.table.execute("DELETE FROM seamlines WHERE fid = ?", (row.fid,))
        return 1

    def remove(self, items: Iterable[int]) -> int:
        """Remove what was made for some items, never what was drawn; within a batch."""
        count = sum(self._remove(item) for item in items if item not in self.drawn)
        self._remember()
        return count

    def remove_strangers(self, known: Mapping[int, object] | set[int]) -> int:
        """Remove seamlines that were made for items that are no more; within a batch."""
        gone = [item for item in self._made if item not in known and item not in self.drawn]
        return self.remove(gone)

    @property
    def made_items(self) -> list[int]:
        """OBJECTIDs of seamlines that were made."""
        return sorted(self._made)

    def take_as_made(self, items: Iterable[int]) -> None:
        """Take the shapes of some items as made, as they stand; within a batch."""
        for item in items:
            row, made = self._rows.get(item), self._made.get(item)
            if row is not None and made is not None:
                self._made[item] = msgspec.structs.replace(made, digest=row.digest)
        self._remember()

    def _remember(self) -> None:
        self.table.set_state(_STATE, msgspec.msgpack.encode(dict(sorted(self._made.items()))))


_NOTHING = bytes(shapely.to_wkb(shapely.MultiPolygon()))


def _joined(wkbs: list[bytes]) -> bytes:
    """Return the area of several rows of one item: together they say where it wins."""
    if len(wkbs) == 1:
        return wkbs[0]
    shapes = shapely.make_valid(shapely.from_wkb(wkbs))
    return bytes(shapely.to_wkb(shapely.union_all(shapes), byte_order=1))


def as_made(table: ServiceTable) -> set[int]:
    """Return the items whose seamline is as it was made."""
    kept = KeptSeamlines.read(table)
    return set(kept.made_items) - set(kept.drawn)


def remember_shapes(table: ServiceTable, items: set[int]) -> None:
    """Take the shapes of some items as made: they were moved to another CRS."""
    KeptSeamlines.read(table).take_as_made(sorted(items))
