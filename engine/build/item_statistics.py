"""Statistics of items and of what they make together, as build counted them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.build.row_selection import select_rows
from engine.build.tally import TallySum, statistics_of, unpack_tallies
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.service_table import ServiceTable
    from engine.summary import BandStatistics

_PART = 200


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """One item's bands; () where build has not counted them."""

    fid: int
    name: str
    bands: tuple[BandStatistics, ...]


class StatisticsReader:
    """Read the statistics of the primaries that fulfil a condition, and add them up.

    Attributes
    ----------
    items, uncounted : int
        Those read so far, and how many of them have no statistics.
    """

    def __init__(self, table: ServiceTable, where: str = "") -> None:
        self._table = table
        self._fids = select_rows(table, where)
        self._sums: list[TallySum] = []
        self.items = self.uncounted = 0

    def each(self) -> Iterator[ItemStatistics]:
        """Yield the items in order of OBJECTID."""
        for start in range(0, len(self._fids), _PART):
            part = tuple(self._fids[start : start + _PART])
            marks = ", ".join("?" * len(part))
            query = (
                'SELECT "OBJECTID", coalesce("Name", \'\'), b.statistics FROM footprints f'
                ' LEFT JOIN swath_build b ON b.fid = f."OBJECTID"'
                f' WHERE "OBJECTID" IN ({marks}) AND coalesce("Category", {PRIMARY}) = {PRIMARY}'
                ' ORDER BY "OBJECTID"'
            )
            for fid, name, packed in self._table.execute(query, part).fetchall():
                yield self._one(int(fid), str(name), bytes(packed or b""))

    def _one(self, fid: int, name: str, packed: bytes) -> ItemStatistics:
        tallies = unpack_tallies(packed)
        self.items += 1
        self.uncounted += not tallies
        while len(self._sums) < len(tallies):
            self._sums.append(TallySum())
        for tally, total in zip(tallies, self._sums, strict=False):
            total.add(tally)
        return ItemStatistics(fid, name, tuple(map(statistics_of, tallies)))

    def total(self) -> tuple[BandStatistics, ...]:
        """Return the statistics of all items read so far, band by band."""
        return tuple(statistics_of(total.result()) for total in self._sums)


def forget_statistics(table: ServiceTable, where: str = "") -> int:
    """Forget what was counted of items, so that the next build counts anew; return how many."""
    fids = select_rows(table, where)
    with table.batch():
        for fid in fids:
            table.execute("UPDATE swath_build SET statistics = NULL WHERE fid = ?", (fid,))
    return len(fids)
