"""What a comparison found: each view, the sums, and whether limits hold. Written as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from server.comparison.difference import Difference
from server.comparison.shift import Shift
from server.comparison.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT_VERSION = 1


class ViewResult(msgspec.Struct, frozen=True, kw_only=True):
    """One view.

    Attributes
    ----------
    seconds : tuple of float
        From asking to the last byte, first and second service; () where one did not draw it.
    error : str
        Why there is no comparison; "" where there is one.
    """

    view: View
    seconds: tuple[float, ...] = ()
    difference: Difference | None = None
    error: str = ""


class ServiceReport(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two services."""

    address: str
    kind: str
    p50_ms: float = 0.0
    p95_ms: float = 0.0


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over all views.

    Attributes
    ----------
    empty : int
        Views in which neither service shows anything.
    mean_abs, share_differing, share_one_only : float
        Over all pixels of all views.
    worst_share_differing, worst_share_one_only, worst_shift_px : float
        Of the view in which it is largest.
    shifts : int
        Views whose shift could be told.
    median_right_px, median_down_px : float
        Medians over those.
    """

    views: int
    failed: int
    empty: int
    compared: int
    mean_abs: float
    max_abs: int
    share_differing: float
    share_one_only: float
    worst_share_differing: float
    worst_share_one_only: float
    shifts: int
    median_right_px: float
    median_down_px: float
    worst_shift_px: float

    @property
    def median_shift(self) -> str:
        """The median shift as `Shift.text` writes it."""
        median = Shift(right_px=self.median_right_px, down_px=self.median_down_px, trust=1.0)
        return median.text


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What no view may exceed; None = anything goes. Shares are 0 to 1."""

    max_share_differing: float | None = None
    max_share_one_only: float | None = None
    max_shift_px: float | None = None


class ComparisonReport(msgspec.Struct, frozen=True, kw_only=True):
    """A whole comparison; `views` as they were drawn, `problems` what limits were exceeded."""

    format_version: int
    program: str
    made_at: str
    crs: str
    seed: int
    side: int
    tolerance: int
    concurrency: int
    services: tuple[ServiceReport, ServiceReport]
    totals: Totals
    limits: Limits
    problems: tuple[str, ...]
    views: tuple[ViewResult, ...]


def limits_text(limits: Limits) -> str:
    """Return what no view may exceed in words, "" where anything goes."""
    parts = []
    if limits.max_share_differing is not None:
        parts.append(f"at most {limits.max_share_differing:.2%} of a view's pixels differ")
    if limits.max_share_one_only is not None:
        parts.append(f"at most {limits.max_share_one_only:.2%} are valid in one alone")
    if limits.max_shift_px is not None:
        parts.append(f"none is shifted by more than {limits.max_shift_px:g} px")
    return ", ".join(parts)


def worst_first(views: Sequence[ViewResult]) -> list[ViewResult]:
    """Return views by how much they differ; those that failed first."""
    return sorted(views, key=_badness, reverse=True)


def _badness(result: ViewResult) -> tuple[float, float, int]:
    found = result.difference
    if found is None:
        return math.inf, 0.0, -result.view.number
    return found.share_differing + found.share_one_only, found.mean_abs, -result.view.number


def totals_of(views: Sequence[ViewResult]) -> Totals:
    """Return the sums over views."""
    found = [view.difference for view in views if view.difference is not None]
    compared = sum(d.compared for d in found)
    pixels = sum(d.pixels for d in found)
    shifts = [d.shift for d in found if d.shift is not None]
    return Totals(
        views=len(views),
        failed=len(views) - len(found),
        empty=sum(d.pixels == 0 for d in found),
        compared=compared,
        mean_abs=sum(d.mean_abs * d.compared for d in found) / max(1, compared),
        max_abs=max((d.max_abs for d in found), default=0),
        share_differing=sum(d.share_differing * d.compared for d in found) / max(1, compared),
        share_one_only=(pixels - compared) / max(1, pixels),
        worst_share_differing=max((d.share_differing for d in found), default=0.0),
        worst_share_one_only=max((d.share_one_only for d in found), default=0.0),
        shifts=len(shifts),
        median_right_px=float(np.median([s.right_px for s in shifts])) if shifts else 0.0,
        median_down_px=float(np.median([s.down_px for s in shifts])) if shifts else 0.0,
        worst_shift_px=max((s.length_px for s in shifts), default=0.0),
    )


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """Return the time in ms that `percent` of the answers do not exceed; 0.0 of none."""
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)] * 1e3 if ordered else 0.0


def problems_of(totals: Totals, limits: Limits) -> tuple[str, ...]:
    """Return what speaks against calling the services equal: a sentence each.

    Views that could not be drawn always do; what was never compared proves nothing.
    """
    found = []
    if totals.failed:
        found.append(f"{totals.failed} of {totals.views} views could not be drawn by both")
    wanted = [limits.max_share_differing, limits.max_share_one_only, limits.max_shift_px]
    if totals.compared == 0 and not totals.failed and any(w is not None for w in wanted):
        found.append("no view has a pixel that is valid in both")
    share = totals.worst_share_differing
    if _exceeds(share, limits.max_share_differing):
        found.append(f"{share:.2%} of a view's pixels differ, at most {_percent(wanted[0])} may")
    share = totals.worst_share_one_only
    if _exceeds(share, limits.max_share_one_only):
        found.append(
            f"{share:.2%} of a view's pixels are valid in one alone, at most {_percent(wanted[1])} may"
        )
    if _exceeds(totals.worst_shift_px, limits.max_shift_px):
        found.append(
            f"a view is shifted by {totals.worst_shift_px:.3f} px, at most {wanted[2]:g} px may be"
        )
    if limits.max_shift_px is not None and totals.compared and not totals.shifts:
        found.append("the shift can be told in no view: too little in common, or no contrast")
    return tuple(found)


def _exceeds(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def _percent(limit: float | None) -> str:
    return f"{limit or 0.0:.2%}"
