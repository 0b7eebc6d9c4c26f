"""What adds up over all primaries: boundary, tallies, extent, sizes.

Kept between builds, so that adding one scene to a hundred thousand looks at one scene.
"""

from __future__ import annotations

import hashlib
import math

import msgspec

from engine.build.boundary import BoundaryMaker
from engine.build.item_row import DigestRow, ItemRow, wkb_extent
from engine.build.tally import BandTally, TallySum, unpack_tallies
from engine.dimensions import VARIABLE_FIELD
from engine.extent import Extent


class KeptTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Totals as they are kept between builds.

    Attributes
    ----------
    digest : str
        Of the rows that went in, see `RowDigest`; with another one the totals are made anew.
    last_id : int
        Highest OBJECTID among them.
    variables : dict
        Tallies of each variable of a multidimensional service.
    low_ps, high_ps : float
        Finest pixel size, and finest of the coarsest levels (0 = none).
    samples : int
        Pixels times bands.
    """

    digest: str = ""
    last_id: int = 0
    boundary: bytes = b""
    tallies: tuple[BandTally, ...] = ()
    variables: dict[str, tuple[BandTally, ...]] = {}
    extent: Extent | None = None
    low_ps: float = 0.0
    high_ps: float = 0.0
    samples: int = 0
    items: int = 0


class RowDigest:
    """Digest of rows as they stand: footprint, what they were built of, status."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add(self, row: DigestRow) -> None:
        """Take one row of `ServiceTable.digest_rows`."""
        self._hash.update(row.shape or b"")
        self._hash.update(f"|{row.id}|{row.fingerprint}|{row.statistics_bytes}|".encode())

    def text(self) -> str:
        """Return the digest of the rows so far."""
        return self._hash.hexdigest()


class Totals:
    """Add up rows.

    Parameters
    ----------
    kept : KeptTotals
        To start from.
    bands : int
        Count of the service's bands.
    """

    def __init__(self, kept: KeptTotals, bands: int) -> None:
        self._kept = kept
        self._known, self._items_before = kept.boundary, kept.items
        self._boundary = BoundaryMaker(kept.boundary)
        self._tallies = [TallySum(tally) for tally in kept.tallies or [BandTally()] * bands]
        self._nothing = (BandTally(),) * bands
        self._variables = {
            name: [TallySum(tally) for tally in tallies] for name, tallies in kept.variables.items()
        }

    def add(self, row: ItemRow) -> None:
        """Take one primary that is ready."""
        box = wkb_extent(row.wkb)
        if box is None:
            return
        self._boundary.add(row.wkb)
        own = self._of_variable(row)
        for index, tally in enumerate(unpack_tallies(row.built.statistics)):
            if index < len(self._tallies):
                self._tallies[index].add(tally)
                if own:
                    own[index].add(tally)
        kept = self._kept
        low, high = _number(row, "LowPS"), _number(row, "HighPS")
        self._kept = msgspec.structs.replace(
            kept,
            extent=box if kept.extent is None else kept.extent.union(box),
            low_ps=low if not kept.items else min(kept.low_ps, low),
            high_ps=high if not kept.items else min(kept.high_ps, high),
            samples=kept.samples + sum(h.width * h.height for h in row.headers),
            items=kept.items + 1,
        )

    def _of_variable(self, row: ItemRow) -> list[TallySum]:
        """Return the sums of a row's variable, [] where it has none."""
        name = row.attributes.get(VARIABLE_FIELD)
        if not name:
            return []
        return self._variables.setdefault(str(name), [TallySum(each) for each in self._nothing])

    def result(self, digest: str, last_id: int) -> KeptTotals:
        """Return the totals to keep."""
        boundary = self._known
        if self._kept.items != self._items_before or not boundary:
            # Generalised twice it would be another, if by a hair.
            boundary = self._boundary.result(self._kept.low_ps) if self._kept.items else b""
        return msgspec.structs.replace(
            self._kept,
            digest=digest,
            last_id=last_id,
            boundary=boundary,
            tallies=tuple(tally.result() for tally in self._tallies),
            variables={
                name: tuple(tally.result() for tally in tallies)
                for name, tallies in self._variables.items()
            },
        )


def _number(row: ItemRow, name: str) -> float:
    value = row.attributes.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def rounded_extent(extent: Extent, pixel_size: float) -> Extent:
    """Return the box grown to whole pixels that are counted from 0."""

    def down(value: float) -> float:
        return math.floor(value / pixel_size + 1e-6) * pixel_size

    def up(value: float) -> float:
        return math.ceil(value / pixel_size - 1e-6) * pixel_size

    return Extent(down(extent.xmin), down(extent.ymin), up(extent.xmax), up(extent.ymax))


def rounded_size(pixel_size: float) -> float:
    """Return a pixel size without the noise of the transformations it came through."""
    return float(f"{pixel_size:.12g}")
