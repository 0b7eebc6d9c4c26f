"""The items that a balance deals with, as they are without its corrections."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from engine.build.balance.chain_edit import without_correction
from engine.build.balance.kept_records import KeptRecord, digest, kept_records
from engine.build.balance.sample_store import store_digest
from engine.build.raster_record import ItemStatus, raster_of_text, raster_to_text
from engine.build.row_selection import select_rows
from engine.errors import ConfigError
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_row import ItemRow
    from engine.build.raster_record import RasterDefinition
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable

BALANCED_MESSAGE = "Its colours were balanced; build again."
RESTORED_MESSAGE = "The balance of its colours was taken back; build again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One item.

    Attributes
    ----------
    text : str
        Its field Raster as it would be without a balance.
    raster : RasterDefinition
        As its pixels are compared: without corrections, or with those it keeps.
    digest : str
        Of all that its pixels depend on.
    is_free : bool
        It may be corrected; else it stays as it is.
    """

    row: ItemRow
    text: str
    raster: RasterDefinition
    shape: shapely.Geometry
    digest: str
    is_free: bool

    @property
    def id(self) -> int:
        """OBJECTID."""
        return self.row.id

    @property
    def low_ps(self) -> float:
        """Its pixel size in units of the service CRS."""
        value = self.row.attributes.get("LowPS")
        return float(value) if isinstance(value, int | float) else 0.0


def read_members(
    folder: DefinitionFolder, table: ServiceTable, facts: ServiceFacts, where: str
) -> list[Member]:
    """Return all primaries that are built, in order of OBJECTID.

    Parameters
    ----------
    where
        Which may be corrected; "" = all.

    Raises
    ------
    ConfigError
        Some are not built, or nothing is chosen.
    """
    chosen = set(select_rows(table, where))
    kept = kept_records(table)
    head = (facts.crs, facts.pixel_type.value, str(len(facts.bands)))
    members = []
    for row in table.rows(f'coalesce("Category", {PRIMARY}) = {PRIMARY}'):
        if row.status.is_failed:
            continue
        if not (row.wkb and _is_built(row)):
            why = f"is not built; run: swath definition build {folder.path}"
            raise ConfigError(folder.path, f"OBJECTID {row.id} ({row.name})", why)
        is_free = row.id in chosen
        text = former_text(row, kept.get(row.id)) if is_free else row.raster_text
        parts = (*head, text, row.header_text, row.wkb.hex())
        members.append(
            Member(
                row=row,
                text=text,
                raster=raster_of_text(text),
                shape=shapely.from_wkb(row.wkb),
                digest=store_digest(parts),
                is_free=is_free,
            )
        )
    if not any(member.is_free for member in members):
        what = f"no item fulfils {where!r}" if where else "there are no items that can be served"
        raise ConfigError(folder.path, "", what)
    return members


def _is_built(row: ItemRow) -> bool:
    # A balance changes no footprint: after one, another may follow without a build between them.
    own = (BALANCED_MESSAGE, RESTORED_MESSAGE)
    return row.status is ItemStatus.READY or (row.status is ItemStatus.ADDED and row.message in own)


def former_text(row: ItemRow, kept: KeptRecord | None) -> str:
    """Return an item's field Raster as it was before it was balanced.

    To the byte, unless it was changed since: then what the balance put there is taken out.
    """
    if kept is not None and kept.made == digest(row.raster_text):
        return kept.former
    raster = row.raster
    plain = without_correction(row.name, raster)
    return row.raster_text if plain is raster else raster_to_text(plain)


def fixed_members(members: Sequence[Member], target: str) -> frozenset[int]:
    """Return the numbers of the members that stay as they are: those not chosen, and the target's.

    Parameters
    ----------
    target
        OBJECTID or name of items, in which * and ? stand for others; "" = none.

    Raises
    ------
    ConfigError
        No item is meant.
    """
    fixed = {i for i, member in enumerate(members) if not member.is_free}
    if target:
        meant = {i for i, member in enumerate(members) if _is_meant(member, target)}
        if not meant:
            why = "is no file, no OBJECTID and no name of an item that can be served"
            raise ConfigError("--target", target, why)
        fixed |= meant
    return frozenset(fixed)


def _is_meant(member: Member, target: str) -> bool:
    if target.isdecimal():
        return member.id == int(target)
    return fnmatch.fnmatchcase(member.row.name, target)


def target_file(target: str) -> Path | None:
    """Return the file that a target names, None where it names items."""
    path = Path(target)
    return path.absolute() if target and path.is_file() else None
