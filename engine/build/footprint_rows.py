"""Keep rules for footprints: the definition's in its facts, those of single items in their rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from engine.build.footprint_rule import FootprintMode, FootprintRule, rule_of_text, text_of_rule
from engine.build.item_row import hash_shape
from engine.build.raster_record import raster_of_text, raster_to_text
from engine.errors import ConfigError
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.build.service_table import ServiceTable

FOOTPRINTS = "footprints"


def stated_rule(table: ServiceTable, method: FootprintMode | None = None) -> FootprintRule:
    """Return the definition's rule, with another method where one is given.

    Raises
    ------
    ConfigError
        What is kept is no rule.
    """
    try:
        rule = rule_of_text(table.info(FOOTPRINTS))
    except msgspec.MsgspecError as err:
        raise ConfigError("swath_info", FOOTPRINTS, f"is no rule for footprints: {err}") from err
    return rule if method is None else msgspec.structs.replace(rule, method=method)


def set_footprint_rule(
    table: ServiceTable, rule: FootprintRule, fids: Iterable[int] | None = None
) -> int:
    """Keep a rule and return how many items it is for; the next build makes the footprints.

    Parameters
    ----------
    fids
        Of the items that get it as their own; None = the definition gets it, and all its items.
    """
    if fids is None:
        table.set_info(FOOTPRINTS, text_of_rule(rule))
        count, own = table.count(f"Category = {PRIMARY}"), None
        # Own rules are in the text of few rows.
        rows = table.rows(f"Category = {PRIMARY} AND Raster LIKE ?", ('%"footprint":%',))
        chosen = [row.id for row in rows]
    else:
        chosen, own = list(fids), rule
        count = len(chosen)
    for fid in chosen:
        row = table.row(fid)
        if row is None:
            continue
        try:
            raster = msgspec.structs.replace(raster_of_text(row.raster_text), footprint=own)
        except msgspec.MsgspecError:
            # Edited wrongly: build says so.
            continue
        table.update(fid, {"Raster": raster_to_text(raster)})
    return count


def drop_edits(table: ServiceTable, fids: Iterable[int]) -> int:
    """Let the next build make footprints that were edited by hand anew; return how many those are."""
    count = 0
    for fid in fids:
        row = table.row(fid)
        if row is not None and row.is_edited:
            # As if build had drawn it; and build has to look again.
            state = replace(row.built, shape_hash=hash_shape(row.wkb), fingerprint="")
            table.set_built(fid, state)
            count += 1
    return count
