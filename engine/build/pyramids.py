"""Which files of which items lack levels, and what items are with the levels made for them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.build.band_mapping import bands_to_read, map_bands
from engine.build.pyramid_file import LEAST_SIDE, PyramidJob, pyramid_name
from engine.build.raster_record import ItemStatus
from engine.build.raster_rows import several_rasters
from engine.build.source_grids import arranged
from engine.item import PRIMARY
from engine.wavelet import is_wavelet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.band_mapping import BandMapping
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.raster_record import PyramidFile, RasterDefinition
    from engine.build.service_table import ServiceTable
    from engine.build.source_grids import Arranged
    from engine.readers.header import RasterHeader

SEVERAL = "show more than one raster"
TWO_NO_DATA = "have a file whose bands differ in no-data"


@dataclass(frozen=True, slots=True)
class LackingItem:
    """An item as it is kept, and whether classes are served.

    Attributes
    ----------
    headers : tuple of RasterHeader
        In the order of the record's sources, as all that is kept of an item.
    """

    id: int
    folder: str
    raster: RasterDefinition
    headers: tuple[RasterHeader, ...]
    mapping: BandMapping
    thematic: bool

    def jobs(self) -> list[PyramidJob]:
        """Return the files that lack levels, whether these are made or not.

        Raises
        ------
        ValueError
            They cannot have any; the text goes on after "Items that".
        """
        found = arranged(self.raster, self.headers, self.mapping)
        shared = len(found.shared_levels())
        ways = zip(found.raster.sources, found.headers, found.grids, strict=True)
        jobs = []
        for place, (source, header, grid) in enumerate(ways):
            if not source.enabled:
                continue
            own = _own_levels(header, shared if grid is None else len(header.levels))
            no_data = self._no_data(found, place)
            if is_wavelet(header.driver) and (no_data is not None or source.valid_range):
                # Levels of wavelets take no-data for a colour.
                own = 1
            level = header.levels[own - 1]
            if max(level.width, level.height) > LEAST_SIDE and own <= len(header.levels):
                number = self.headers.index(header)
                jobs.append(
                    PyramidJob(
                        id=self.id,
                        source=number,
                        header=header,
                        folder=self.folder,
                        thematic=self.thematic,
                        first_level=own,
                        no_data=no_data,
                        valid_range=source.valid_range,
                    )
                )
        return jobs

    def _no_data(self, found: Arranged, place: int) -> str | None:
        used = zip(found.mapping.bands, found.mapping.no_data, strict=True)
        values = {repr(value) for band, value in used if band.source == place}
        if len(values) > 1:
            raise ValueError(TWO_NO_DATA)
        text = values.pop() if values else "None"
        return None if text == "None" else text

    def kept(self, pyramids: Sequence[PyramidFile]) -> tuple[PyramidFile, ...]:
        """Return those that were made of the files as they are now."""
        if not pyramids:
            return ()
        try:
            wanted = {(job.source, pyramid_name(job)) for job in self.jobs()}
        except ValueError:
            return ()
        return tuple(made for made in pyramids if (made.source, made.path) in wanted)

    def high_ps(self, pyramids: Sequence[PyramidFile], low_ps: float) -> float:
        """Return the coarsest pixel size that the files have together with the levels made."""
        headers = with_pyramids(self.headers, pyramids)
        levels = arranged(self.raster, headers, self.mapping).shared_levels()
        return low_ps * levels[0].width / levels[-1].width


def _own_levels(header: RasterHeader, shared: int) -> int:
    """Return how many of a file's levels stay: all where they halve on and on, else those all share."""
    if len(header.levels) <= shared:
        return shared
    before = header.levels[shared - 1]
    for level in header.levels[shared:]:
        if max(before.width, before.height) <= LEAST_SIDE:
            break
        if (level.width, level.height) != (_half(before.width), _half(before.height)):
            return shared
        before = level
    return len(header.levels)


def _half(side: int) -> int:
    return math.ceil(side / 2)


def with_pyramids(
    headers: tuple[RasterHeader, ...], pyramids: Sequence[PyramidFile]
) -> tuple[RasterHeader, ...]:
    """Return headers with the levels that were made, in place of coarser ones of the files' own."""
    found = list(headers)
    for made in pyramids:
        header = headers[made.source]
        levels = (*header.levels[: made.first_level], *made.levels)
        found[made.source] = msgspec.structs.replace(header, levels=levels)
    return tuple(found)


@dataclass(slots=True)
class PyramidPlan:
    """What `build --pyramids` has to do.

    Attributes
    ----------
    items : dict
        By OBJECTID: the item, its LowPS, and what it has already.
    left_out : dict
        How many items cannot have levels made, by the reason.
    """

    items: dict[int, tuple[LackingItem, float, tuple[PyramidFile, ...]]] = field(
        default_factory=dict
    )
    jobs: list[PyramidJob] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def add(self, item: LackingItem, low_ps: float, made: tuple[PyramidFile, ...]) -> None:
        """Take in one item."""
        try:
            jobs = item.jobs()
        except ValueError as err:
            self.leave_out(str(err))
            return
        kept = item.kept(made)
        there = {pyramid.source for pyramid in kept}
        jobs = [job for job in jobs if job.source not in there]
        if jobs:
            self.items[item.id] = (item, low_ps, kept)
            self.jobs += jobs

    def leave_out(self, why: str) -> None:
        """Count an item that cannot have levels made."""
        self.left_out[why] = self.left_out.get(why, 0) + 1

    def made(self, fid: int, pyramid: PyramidFile) -> tuple[tuple[PyramidFile, ...], float]:
        """Return all levels made for an item, with a new file of them, and the HighPS they give."""
        item, low_ps, before = self.items[fid]
        pyramids = (*before, pyramid)
        self.items[fid] = (item, low_ps, pyramids)
        return pyramids, item.high_ps(pyramids, low_ps)

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each reason."""
        for why, count in self.left_out.items():
            yield f"No levels were made for {count} items that {why}."


def pyramid_plan(
    folder: DefinitionFolder, table: ServiceTable, band_count: int, *, thematic: bool
) -> PyramidPlan:
    """Return the primaries that lack levels and have no pyramids yet."""
    folder.pyramids.mkdir(exist_ok=True)
    plan = PyramidPlan()
    for row in table.rows(f"Category = {PRIMARY} AND StatusId = {int(ItemStatus.READY)}"):
        raster, headers = row.raster, row.headers
        if several_rasters(raster):
            if any(lacks_levels(header) for header in headers):
                plan.leave_out(SEVERAL)
            continue
        mapping = map_bands(raster, headers, bands_to_read(raster, headers, band_count))
        item = LackingItem(row.id, str(folder.path), raster, headers, mapping, thematic)
        low_ps = float(row.attributes.get("LowPS") or 0.0)
        plan.add(item, low_ps, row.built.pyramids)
    return plan


def lacks_levels(header: RasterHeader) -> bool:
    """Tell whether a raster's coarsest level is still large."""
    last = header.levels[-1]
    return max(last.width, last.height) > LEAST_SIDE
