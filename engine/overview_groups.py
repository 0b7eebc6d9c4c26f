"""Overviews of the items that share a value of one field: which requests they answer.

Rules: without a condition they never show; with one they do only where it chooses exactly their group,
so that what shows is the mosaic of the chosen items, and nothing else.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from engine.item import OVERVIEW
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.catalog import Catalog
    from engine.catalog_selection import Selection
    from engine.where import WhereClause

# The SQL of conditions is made by `engine.where`: all names in it are columns, and quoted.
_COLUMN = re.compile(r'i\.("(?:[^"]|"")+")')


class OverviewGroups:
    """The groups of one compiled definition."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @cached_property
    def ids(self) -> frozenset[int]:
        """OBJECTIDs of the overviews of all groups."""
        if not self._catalog.summary.overview_field:
            return frozenset()
        return frozenset(
            key for (key,) in self._catalog.rows(f"SELECT i.OBJECTID {self._of_groups}")
        )

    @property
    def _column(self) -> str:
        name = self._catalog.summary.overview_field
        return quote(self._catalog.field(name).name)

    @property
    def _of_groups(self) -> str:
        return f'FROM items i WHERE i."Category" = {OVERVIEW} AND i.{self._column} IS NOT NULL'

    def chosen_by(self, selection: Selection | None) -> frozenset[int]:
        """Return the overviews of the one group that a selection chooses, none where it is no group.

        It is one where it says nothing but what the field's value is, and one value fulfils it.
        """
        condition = None if selection is None else selection.condition
        if selection is None or condition is None or selection.fids is not None:
            return frozenset()
        if not self.ids or _columns_of(condition) != {self._column}:
            return frozenset()
        nothing = f"SELECT 1 FROM (SELECT NULL AS {self._column}) i WHERE {condition.sql}"
        if any(True for _ in self._catalog.rows(nothing, condition.parameters)):
            # It takes items without a value, too, which are in no group.
            return frozenset()
        sql = f"SELECT i.OBJECTID, i.{self._column} {self._of_groups} AND ({condition.sql})"
        found = dict(self._catalog.rows(sql, condition.parameters))
        return frozenset(found) if len(set(found.values())) == 1 else frozenset()


def _columns_of(condition: WhereClause) -> set[str]:
    return set(_COLUMN.findall(condition.sql))
