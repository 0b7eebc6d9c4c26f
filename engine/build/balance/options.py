"""What is asked of a colour balance, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

BalanceMethod: TypeAlias = Literal["gain-offset", "gain", "dodge"]
METHODS: tuple[BalanceMethod, ...] = ("gain-offset", "gain", "dodge")


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceOptions:
    """How a definition is balanced.

    Attributes
    ----------
    target : str
        A raster file that items are to look like, or OBJECTID or name of items that stay as they are;
        "" = all move as little as they can.
    where : str
        Which items are corrected; "" = all. Their neighbours stay as they are.
    picture : Path or None
        File of the picture of before and after; None = in the definition.
    """

    method: BalanceMethod = "gain-offset"
    target: str = ""
    where: str = ""
    picture: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceReport:
    """What came of it.

    Attributes
    ----------
    items, corrected : int
        Looked at, and given a correction.
    overlaps, measured, unusable : int
        Compared in all, in this run, and those that told nothing.
    alone : int
        Items without a usable overlap: they stay as they are.
    groups : int
        Groups of items that are connected by overlaps; each finds its own middle.
    step_before, step_after : one a band
        Mean difference of neighbours in their overlaps, in units of the samples.
    built : int
        Items that waited to be built, and were built first.
    picture : Path or None
        None = none could be made.
    """

    items: int
    corrected: int
    overlaps: int = 0
    measured: int = 0
    unusable: int = 0
    alone: int = 0
    groups: int = 0
    step_before: tuple[float, ...] = ()
    step_after: tuple[float, ...] = ()
    built: int = 0
    picture: Path | None = None
