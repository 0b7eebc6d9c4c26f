"""Sets of overviews: those of the whole service, and those of each value of a field.

A group's overviews are mosaics of its members alone, at the same pixel sizes as the service's, so at each
size a member or its group's overview answers a condition on the field, never both.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.build.catalog_schema import COMPUTED_FIELDS, SYSTEM_FIELDS
from engine.build.overview_plan import OverviewFile, overview_files
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.build.overview_members import Primaries
    from engine.extent import Extent
    from engine.results import AttributeValue

MAX_GROUPS = 500


@dataclass(frozen=True, slots=True)
class OverviewSet:
    """Overviews that are made of the same items.

    Attributes
    ----------
    attributes
        What their rows say: the field and the value of a group, nothing for the whole service.
    prefix : str
        What the names of the files begin with.
    """

    primaries: Primaries
    files: list[OverviewFile]
    attributes: dict[str, AttributeValue]
    prefix: str = ""


def group_field(name: str, fields: Mapping[str, str]) -> str:
    """Return a field to group overviews by, as the table spells it.

    Raises
    ------
    ConfigError
        There is no such field, or build fills it.
    """
    own = [f for f in fields if f not in SYSTEM_FIELDS and f not in COMPUTED_FIELDS]
    for field in own:
        if field.casefold() == name.casefold():
            return field
    made = f'swath definition calculate NAME.isdef {name} "year(AcquisitionDate)"'
    why = f"is no field; there are {', '.join(own)}; others are made by calculate, as in {made}"
    raise ConfigError("--overviews-by", name, why)


def overview_sets(
    primaries: Primaries, sizes: Sequence[float], extent: Extent | None, field: str
) -> list[OverviewSet]:
    """Return the sets to make: the service's first, then one for each value that the field has.

    Raises
    ------
    ConfigError
        The field has very many values.
    """
    if extent is None:
        return [OverviewSet(primaries, [], {})]
    files = list(overview_files(sizes, extent, primaries.boxes))
    sets = [OverviewSet(primaries, files, {})]
    if not field or not sizes:
        return sets
    members: dict[AttributeValue, list[int]] = {}
    for index, value in enumerate(primaries.groups):
        if value is not None:
            members.setdefault(value, []).append(index)
    if len(members) > MAX_GROUPS:
        why = f"has {len(members)} values; overviews are made of at most {MAX_GROUPS}"
        raise ConfigError("--overviews-by", field, why)
    for value in sorted(members, key=str):
        group = primaries.of(members[value])
        prefix = f"{_key(field, value)}_"
        own = list(overview_files(sizes, _extent(group), group.boxes, prefix))
        sets.append(OverviewSet(group, own, {field: value}, prefix))
    return sets


def _key(field: str, value: AttributeValue) -> str:
    """Return a name for files: values may hold what file names may not."""
    return hashlib.blake2b(f"{field}={value!r}".encode(), digest_size=6).hexdigest()


def _extent(group: Primaries) -> Extent:
    found = group.boxes[0].extent
    for box in group.boxes[1:]:
        found = found.union(box.extent)
    return found
