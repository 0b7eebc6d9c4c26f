"""What a build is asked to do, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.build.footprint_rule import FootprintMode
    from engine.build.overview_plan import OverviewMode
    from engine.build.service_facts import ServiceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What `swath definition build` is asked to do.

    Attributes
    ----------
    footprints
        The method; its options stay. None = as the last build did, "auto" for the first.
    overviews
        "auto" where they pay, "all" at every scale they can serve. None = as before, first "auto".
    overviews_by
        Field: overviews of each of its values, too. "" = of none; None = as before.
    pyramids : bool
        Make levels for rasters that lack them.
    items_only : bool
        Leave overviews as they are: a later build makes those that are missing or out of date.
    """

    footprints: FootprintMode | None = None
    statistics: bool = True
    overviews: OverviewMode | None = None
    overviews_by: str | None = None
    pyramids: bool = False
    items_only: bool = False


@dataclass(slots=True)
class BuildReport:
    """What became of the items.

    Attributes
    ----------
    built, unchanged : int
        Items; overviews are counted by themselves.
    failed, notes : list of (OBJECTID, name, sentence)
        Items that failed in this build, and items that are not as the service is.
    missing : list of paths
        Files that are not there now; their items stay as they are.
    edited : int
        Footprints edited by hand since they were made, and kept.
    pyramid_notes : tuple of str
        Sentences about items that no levels can be made for, with their count.
    picture_note : str
        What the picture does not show as one expects.
    overview_cost : str
        What views would cost without overviews, and what was made of that.
    """

    built: int = 0
    unchanged: int = 0
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    notes: list[tuple[int, str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    edited: int = 0
    overviews: int = 0
    pyramids: int = 0
    overview_notes: tuple[str, ...] = ()
    pyramid_notes: tuple[str, ...] = ()
    picture_note: str = ""
    overview_cost: str = ""
    facts: ServiceFacts | None = None

    @property
    def told(self) -> str:
        """What was made, as a sentence for the history; "" for nothing."""
        if not (self.built or self.overviews or self.pyramids or self.failed):
            return ""
        return (
            f"Built {self.built} items, {len(self.failed)} failed, "
            f"{self.overviews} overviews, {self.pyramids} pyramids."
        )
