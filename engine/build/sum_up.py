"""Sum up what all primaries are together: boundary, extent, statistics, sizes.

A boundary that was edited by hand stays; when its shapes are deleted, build draws it again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from engine.build.definition_folder import write_facts
from engine.build.dimension_census import VariableCounts
from engine.build.item_row import hash_shapes
from engine.build.raster_record import ItemStatus
from engine.build.service_totals import (
    KeptTotals,
    RowDigest,
    Totals,
    rounded_extent,
    rounded_size,
)
from engine.build.tally import histogram_of, statistics_of
from engine.errors import ConfigError
from engine.item import PRIMARY

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable

_TOTALS = "totals"
_MOST_TOLD = 3


def sum_up(table: ServiceTable, facts: ServiceFacts, srs_id: int, definition: Path) -> ServiceFacts:
    """Write the boundary and return the facts with all that adds up.

    Parameters
    ----------
    definition
        For messages.

    Raises
    ------
    ConfigError
        There is nothing to sum up.
    """
    kept, digest, last_id = _kept_totals(table, len(facts.bands))
    totals = Totals(kept, len(facts.bands))
    where = f"Category = {PRIMARY} AND StatusId = {int(ItemStatus.READY)}"
    for row in table.rows(where, above=kept.last_id):
        totals.add(row)
    found = totals.result(digest, last_id)
    if found.extent is None:
        raise ConfigError(definition, "", f"no raster could be placed{_reasons(table)}")
    facts = _with_totals(facts, found, _time_field(table))
    is_edited = boundary_is_edited(table)
    with table.batch():
        if not is_edited:
            table.set_layer("boundary", [found.boundary], srs_id)
        table.set_extents(found.extent)
        table.set_state(_TOTALS, msgspec.msgpack.encode(found))
        write_facts(table, facts)
    return facts


def _reasons(table: ServiceTable) -> str:
    """Return what is wrong with the first items, "" where none failed."""
    failed = table.count("StatusId >= 100")
    rows = islice(table.rows("StatusId >= 100"), _MOST_TOLD)
    told = "; ".join(f"{row.name}: {row.message.rstrip('.')}" for row in rows)
    more = f"; and {failed - _MOST_TOLD} more" if failed > _MOST_TOLD else ""
    return f": {told}{more}" if told else ""


def boundary_is_edited(table: ServiceTable) -> bool:
    """Tell whether the boundary is no longer as build drew it."""
    shapes = [wkb for wkb in table.layer_shapes("boundary") if wkb]
    drawn = _last_totals(table).boundary
    return bool(shapes) and bool(drawn) and hash_shapes(shapes) != hash_shapes([drawn])


def _last_totals(table: ServiceTable) -> KeptTotals:
    packed = table.state(_TOTALS)
    return msgspec.msgpack.decode(packed, type=KeptTotals) if packed else KeptTotals()


def _kept_totals(table: ServiceTable, bands: int) -> tuple[KeptTotals, str, int]:
    """Return the totals to start from, and digest and last OBJECTID of the rows as they are now."""
    kept = _last_totals(table)
    before, now, last_id = RowDigest(), RowDigest(), 0
    for row in table.digest_rows():
        last_id = row.id
        if row.category == PRIMARY and row.status == ItemStatus.READY:
            now.add(row)
            if row.id <= kept.last_id:
                before.add(row)
    is_same = before.text() == kept.digest and len(kept.tallies) == bands
    return kept if is_same else KeptTotals(), now.text(), last_id


def _with_totals(facts: ServiceFacts, totals: KeptTotals, time_field: str) -> ServiceFacts:
    if totals.extent is None:
        raise ValueError("totals of no items")
    size = rounded_size(totals.low_ps)
    has_tallies = any(tally.count for tally in totals.tallies)
    coarsest = facts.overview_sizes[0] if facts.overview_sizes else 2 * totals.high_ps
    return msgspec.structs.replace(
        facts,
        extent=rounded_extent(totals.extent, size),
        pixel_size_x=size,
        pixel_size_y=size,
        statistics=tuple(map(statistics_of, totals.tallies)) if has_tallies else (),
        histograms=(
            tuple(histogram_of(tally, facts.pixel_type) for tally in totals.tallies)
            if has_tallies
            else ()
        ),
        variables={
            name: VariableCounts(
                statistics=tuple(map(statistics_of, tallies)),
                histograms=tuple(histogram_of(tally, facts.pixel_type) for tally in tallies),
            )
            for name, tallies in totals.variables.items()
            if any(tally.count for tally in tallies)
        },
        time_field=time_field,
        coarsest_ps=coarsest,
        uncompressed_size=totals.samples * len(facts.bands) * facts.pixel_type.bytes_per_sample,
    )


def _time_field(table: ServiceTable) -> str:
    fields = table.fields()
    return next((name for name, kind in fields.items() if kind in ("DATETIME", "DATE")), "")
