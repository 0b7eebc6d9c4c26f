"""Items whose files were moved, and are as they were: what build made of them still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.build.service_table import ServiceTable

_TABLE = (
    "CREATE TABLE IF NOT EXISTS swath_moved"
    " (fid INTEGER PRIMARY KEY NOT NULL, computed TEXT NOT NULL, fingerprint TEXT NOT NULL)"
)


class MovedRows:
    """Fingerprints that stand for those under which items were built."""

    def __init__(self, table: ServiceTable) -> None:
        self._table = table
        table.execute(_TABLE)

    def note(self, fid: int, computed: str, fingerprint: str) -> None:
        """Remember that what has the fingerprint `computed` now is what was built as `fingerprint`."""
        self._table.execute("DELETE FROM swath_moved WHERE fid = ?", (fid,))
        self._table.execute(
            "INSERT INTO swath_moved (fid, computed, fingerprint) VALUES (?, ?, ?)",
            (fid, computed, fingerprint),
        )

    def holds(self, fid: int, computed: str, fingerprint: str) -> bool:
        """Tell whether an item with the fingerprint `computed` was built as `fingerprint`."""
        query = "SELECT computed, fingerprint FROM swath_moved WHERE fid = ?"
        found = self._table.execute(query, (fid,)).fetchone()
        return found is not None and tuple(found) == (computed, fingerprint)
