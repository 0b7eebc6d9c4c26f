"""Keep rules for footprints: the definition's in its facts, those of single items in their rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from engine.build.footprint_rule import FootprintMode, FootprintRule, rule_of_text, text_of_rule
from engine.build.history import note_history
from engine.build.item_row import hash_shape
from engine.build.raster_record import raster_of_text, raster_to_text
from engine.build.row_selection import select_rows
from engine.errors import ConfigError
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable

FOOTPRINTS = "footprints"


@dataclass(frozen=True, slots=True, kw_only=True)
class FootprintsRequest:
    """Which footprints are to be made how.

    Attributes
    ----------
    where : str
        Those items alone, now and in later builds; "" = all, and those to come.
    replace_edited : bool
        Make footprints that were edited by hand anew, too.
    """

    rule: FootprintRule
    where: str = ""
    replace_edited: bool = False


@dataclass(frozen=True, slots=True)
class FootprintsSet:
    """How many items got the rule, and how many footprints edited by hand are given up."""

    items: int
    edits: int


def redo_footprints(folder: DefinitionFolder, request: FootprintsRequest) -> FootprintsSet:
    """Keep a rule for footprints; the next build makes those that it changes.

    Raises
    ------
    ConfigError
        The condition is wrong.
    """
    with folder.table() as table:
        chosen = select_rows(table, request.where)
        with table.batch():
            own = chosen if request.where.strip() else None
            items = set_footprint_rule(table, request.rule, own)
            edits = drop_edits(table, chosen) if request.replace_edited else 0
            place = f" where {request.where}" if request.where.strip() else ""
            told = f"{items} items{place}: {text_of_rule(request.rule)}; {edits} edits given up"
            note_history(table, "footprints", told)
    return FootprintsSet(items, edits)


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
