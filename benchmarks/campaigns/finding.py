"""What a campaign says: a figure beside what was asked of it."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import msgspec


class Effort(StrEnum):
    """How long a campaign goes on: seconds (CI), minutes, hours."""

    SHORT = "short"
    NORMAL = "normal"
    LONG = "long"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Attributes
    ----------
    what : str
        What was done to the server.
    asked, seen : str
        The promise and what came, with units.
    is_timed : bool
        A busy machine may break it: the short form in CI looks at the others only.
    """

    what: str
    asked: str
    seen: str
    met: bool
    is_timed: bool = False


class Campaign(Protocol):
    """A module of this folder."""

    def run(self, effort: Effort, folder: Path) -> Iterator[Finding]:
        """Yield what is found; files may be written to `folder`, which is empty at first."""
