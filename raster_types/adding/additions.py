"""What a definition was asked to add, so that the same places can be looked through again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.source_name import canonical_name, is_remote
from raster_types.base import ItemOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.build.service_table import ServiceTable

_STATE = "additions"


class Addition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One `swath definition add`, with absolute paths.

    Attributes
    ----------
    csv : str
        File of attributes; "" = none.
    """

    raster_type: str
    paths: tuple[str, ...]
    glob: str = "*"
    recursive: bool = False
    options: ItemOptions = ItemOptions()
    csv: str = ""
    name_regex: str = ""

    @property
    def place(self) -> tuple[object, ...]:
        """What tells that the same place is added once more."""
        return self.raster_type, self.paths, self.glob, self.recursive

    def over(self, earlier: Addition) -> Addition:
        """Return this addition with what it leaves out taken from an earlier one of the same place."""
        usual = ItemOptions()
        stated = {
            name: value
            for name in usual.__struct_fields__
            if (value := getattr(self.options, name)) != getattr(usual, name)
        }
        return msgspec.structs.replace(
            self,
            options=msgspec.structs.replace(earlier.options, **stated),
            csv=self.csv or earlier.csv,
            name_regex=self.name_regex or earlier.name_regex,
        )


def absolute_paths(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return paths as additions keep them."""
    return tuple(
        canonical_name(str(path)) if is_remote(str(path)) else str(path.absolute())
        for path in paths
    )


def known_additions(table: ServiceTable) -> list[Addition]:
    """Return what was added so far, in the order of the first time."""
    packed = table.state(_STATE)
    return msgspec.msgpack.decode(packed, type=list[Addition]) if packed else []


def set_additions(table: ServiceTable, additions: list[Addition]) -> None:
    """Write what was added so far."""
    table.set_state(_STATE, msgspec.msgpack.encode(additions))


def remember_addition(table: ServiceTable, addition: Addition) -> None:
    """Keep an addition; one of a known place takes the place of the earlier one."""
    known = known_additions(table)
    for place, earlier in enumerate(known):
        if earlier.place == addition.place:
            known[place] = addition.over(earlier)
            break
    else:
        known.append(addition)
    set_additions(table, known)
