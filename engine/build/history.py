"""What was done to a definition: each command that changed it leaves one line.

Rules: a command calls `note_history` once, where it commits its last change, and not at all where it
changed nothing. Lines are never rewritten; the oldest go when there are very many.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.service_table import ServiceTable

_MAX_TEXT = 2000
# A definition that is synchronised every five minutes fills this in a month.
_MAX_LINES = 10_000
_TABLE = (
    "CREATE TABLE IF NOT EXISTS swath_history (line INTEGER PRIMARY KEY NOT NULL,"
    " moment TEXT NOT NULL, command TEXT NOT NULL, done TEXT NOT NULL)"
)


class HistoryLine(NamedTuple):
    """One command: number from 1, UTC time as YYYY-MM-DDThh:mm:ssZ, its name, what it did."""

    line: int
    moment: str
    command: str
    text: str


def note_history(table: ServiceTable, command: str, text: str) -> None:
    """Write down what a command has done, with the time.

    Parameters
    ----------
    command
        As typed behind `swath definition`: "add", "chain import" …
    text
        A sentence with counts; longer ones are cut.
    """
    table.execute(_TABLE)
    found = table.execute("SELECT coalesce(max(line), 0) FROM swath_history").fetchone()
    line = int(found[0]) + 1 if found else 1
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    table.execute(
        "INSERT INTO swath_history (line, moment, command, done) VALUES (?, ?, ?, ?)",
        (line, moment, command, text[:_MAX_TEXT]),
    )
    table.execute("DELETE FROM swath_history WHERE line <= ?", (line - _MAX_LINES,))


def history(table: ServiceTable, limit: int = 0) -> Iterator[HistoryLine]:
    """Yield what was done, oldest first.

    Parameters
    ----------
    limit
        Only that many of the newest; 0 = all.
    """
    table.execute(_TABLE)
    found = table.execute("SELECT coalesce(max(line), 0) FROM swath_history").fetchone()
    above = int(found[0]) - limit if limit and found else 0
    query = "SELECT line, moment, command, done FROM swath_history WHERE line > ? ORDER BY line"
    for line, moment, command, text in table.execute(query, (above,)):
        yield HistoryLine(int(line), str(moment), str(command), str(text))
