"""Build an item of one raster or of several: what each gives, and what they are together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import shapely

from engine.build.item_build import BuiltItem, ItemJob, build_item
from engine.build.raster_record import SourceDefinition
from engine.build.raster_rows import BuiltRaster
from engine.build.tally import TallySum, pack_tallies, unpack_tallies
from engine.errors import SourceError
from engine.process_definition import raster_place

if TYPE_CHECKING:
    from engine.build.placement import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRasters(BuiltItem):
    """What became of an item of several rasters.

    Attributes
    ----------
    rasters : tuple of BuiltRaster
        Those that can be shown.
    sources : tuple of SourceDefinition
        All files: those of `headers` in their order, then those that cannot be read.
    """

    rasters: tuple[BuiltRaster, ...] = ()
    sources: tuple[SourceDefinition, ...] = ()


def build_any(job: ItemJob) -> BuiltItem:
    """Build one item; a raster that cannot be read leaves the others of its item.

    Raises
    ------
    SourceError
        None of its files can be read.
    """
    if not job.rasters:
        return build_item(job)
    good: list[tuple[int, BuiltItem, Placement]] = []
    failures: list[BuiltItem | SourceError] = []
    notes: list[str] = []
    missing: list[SourceDefinition] = []
    for number, raster in enumerate(job.rasters):
        place = _place(job, number)
        try:
            built = build_item(replace(job, raster=raster, rasters=()))
        except SourceError as err:
            failures.append(err)
            notes.append(f"{place} is left out: {_sentence(str(err.fields[1]))}")
            missing += raster.sources
            continue
        if built.placement is None:
            failures.append(replace(built, message=f"{place}: {built.message}"))
            notes.append(f"{place} is left out: {built.message}")
            continue
        good.append((number, built, built.placement))
        notes += [f"{place}: {note}" for note in built.notes]
    if not good:
        if isinstance(failures[0], SourceError):
            raise failures[0]
        return failures[0]
    return _together(good, tuple(notes), tuple(missing))


def _place(job: ItemJob, number: int) -> str:
    definition = job.raster.process
    if definition is None:
        return f"Raster {number + 1}"
    index = definition.enabled_rasters()[number]
    return raster_place(index, definition.rasters[index].source).capitalize()


def _sentence(text: str) -> str:
    return f"{text.strip().rstrip('.')}."


def _together(
    good: list[tuple[int, BuiltItem, Placement]],
    notes: tuple[str, ...],
    missing: tuple[SourceDefinition, ...],
) -> BuiltRasters:
    first = good[0][1]
    headers = tuple({h.path: h for _, built, _ in good for h in built.headers}.values())
    area = shapely.union_all([shapely.from_wkb(placement.wkb) for _, _, placement in good])
    shape = shapely.MultiPolygon(shapely.get_parts(area).tolist())
    extent = good[0][2].extent
    for _, _, placement in good[1:]:
        extent = extent.union(placement.extent)
    return BuiltRasters(
        headers=headers,
        mapping=first.mapping,
        rings=b"",
        placement=replace(
            good[0][2],
            wkb=bytes(shapely.to_wkb(shape, byte_order=1)),
            extent=extent,
            center_x=extent.center_x,
            center_y=extent.center_y,
        ),
        low_ps=min(built.low_ps for _, built, _ in good),
        high_ps=max(built.high_ps for _, built, _ in good),
        tallies=_tallies([built.tallies for _, built, _ in good]),
        notes=notes,
        rasters=tuple(
            BuiltRaster(
                number=number,
                rings=built.rings,
                wkb=placement.wkb,
                low_ps=built.low_ps,
                high_ps=built.high_ps,
                paths=tuple(header.path for header in built.headers),
            )
            for number, built, placement in good
        ),
        sources=(*(SourceDefinition(path=header.path) for header in headers), *missing),
    )


def _tallies(packed: list[bytes]) -> bytes:
    """Add up the tallies of rasters, band by band."""
    sums: list[TallySum] = []
    for each in packed:
        for band, tally in enumerate(unpack_tallies(each)):
            if band == len(sums):
                sums.append(TallySum())
            sums[band].add(tally)
    return pack_tallies(tuple(each.result() for each in sums)) if sums else b""
