"""From measured overlaps to the correction of each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from engine.build.balance.robust_match import NO_MATCH
from engine.build.balance.solve import Method, Overlap, solve_band
from engine.build.band_mapping import offered_bands
from engine.build.item_chain import bound_of_item
from engine.chain import BY_BALANCE, RasterFunctionProcess
from engine.function_rules import GainOffsetRule, GainSurfaceRule
from engine.functions.base import BandsInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.build.balance.measure import Measured, MeasuredOverlap
    from engine.build.balance.members import Member
    from engine.build.balance.robust_match import BandMatch
    from engine.function_rules import FunctionArguments

    Floats = NDArray[np.float64]

# Corrections below this are none.
_LEAST_GAIN, _LEAST_SHIFT, _LEAST_SURFACE = 5e-5, 1e-4, 1e-3


@dataclass(frozen=True, slots=True)
class SolvedItems:
    """Gains and offsets (bands, items), and what the overlaps tell.

    Attributes
    ----------
    steps : (before, after)
        Mean difference of neighbours in their overlaps, band by band.
    unusable, alone, groups : int
        See `BalanceReport`.
    """

    gains: Floats
    offsets: Floats
    steps: tuple[tuple[float, ...], tuple[float, ...]]
    unusable: int
    alone: int
    groups: int


def solve_items(
    members: Sequence[Member], measured: Measured, fixed: frozenset[int], method: Method
) -> SolvedItems:
    """Return the corrections of all members, those in `fixed` left as they are."""
    usable = [each for each in measured.overlaps if any(m.count for m in each.matches)]
    bands = max((len(each.matches) for each in usable), default=0)
    count = len(members)
    gains, offsets = np.ones((bands, count)), np.zeros((bands, count))
    before, after = [], []
    for band in range(bands):
        overlaps = [Overlap(each.a, each.b, _match(each, band)) for each in usable]
        found = solve_band(count, overlaps, fixed, method)
        gains[band], offsets[band] = found.gains, found.offsets
        before.append(_mean_step(found.step_before, usable))
        after.append(_mean_step(found.step_after, usable))
    alone, groups = _groups(count, usable)
    return SolvedItems(
        gains,
        offsets,
        (tuple(before), tuple(after)),
        len(measured.overlaps) - len(usable),
        alone,
        groups,
    )


def _match(each: MeasuredOverlap, band: int) -> BandMatch:
    return each.matches[band] if band < len(each.matches) else NO_MATCH


def _mean_step(steps: Floats, overlaps: Sequence[MeasuredOverlap]) -> float:
    """Return the mean of steps without signs; long seams count more."""
    known = np.isfinite(steps)
    if not known.any():
        return 0.0
    lengths = np.sqrt([max(each.area, 1e-300) for each in overlaps])
    return float(np.average(np.abs(steps[known]), weights=lengths[known]))


def _groups(count: int, usable: Sequence[MeasuredOverlap]) -> tuple[int, int]:
    """Return how many items have no usable overlap, and the groups that the others form."""
    pairs = [(each.a, each.b) for each in usable if each.b >= 0]
    touched = {number for each in usable for number in (each.a, each.b) if number >= 0}
    if not pairs:
        return count - len(touched), len(touched)
    a, b = np.array(pairs).T
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return count - len(touched), len(set(labels[sorted(touched)].tolist()))


def corrections_of(
    member: Member, solved: SolvedItems, number: int, surface: Floats | None = None
) -> tuple[RasterFunctionProcess, ...]:
    """Return an item's corrections for all bands of its chain, () where nothing is to be changed.

    Parameters
    ----------
    surface : (bands, rows, cols)
        Gains that follow across the raster; None = none.
    """
    # Bands beyond the service's stay as they are.
    count = bands_of(member)
    gains, offsets = solved.gains[:, number], solved.offsets[:, number]
    is_idle = (np.abs(gains - 1) < _LEAST_GAIN).all() and (
        np.abs(offsets) < _LEAST_SHIFT * _unit(member)
    ).all()
    found = []
    if not is_idle:
        rule = GainOffsetRule(
            gains=tuple([*map(_short, gains), *[1.0] * count][:count]),
            offsets=tuple([*map(_short, offsets), *[0.0] * count][:count]),
        )
        found.append(_process("GainOffset", rule))
    if surface is not None and float(np.abs(surface - 1).max()) >= _LEAST_SURFACE:
        bands, rows, cols = surface.shape
        nodes = np.ones((count, rows, cols))
        nodes[: min(bands, count)] = surface[:count]
        numbers = tuple(map(_short, nodes.round(4).ravel().tolist()))
        found.append(_process("GainSurface", GainSurfaceRule(rows=rows, cols=cols, gains=numbers)))
    return tuple(found)


def _process(function: str, arguments: FunctionArguments) -> RasterFunctionProcess:
    return RasterFunctionProcess(function=function, arguments=arguments, made_by=BY_BALANCE)


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _unit(member: Member) -> float:
    """Return how large a sample is, roughly: 1 of whole numbers."""
    headers = member.row.headers
    return 1e-4 if headers and headers[0].bands[0].pixel_type.is_float else 1.0


def bands_of(member: Member) -> int:
    """Return how many bands an item has when its chain is done."""
    raster, headers = member.raster, member.row.headers
    offered = offered_bands(raster, headers[: len(raster.sources)])
    info = BandsInfo(offered[0][1].pixel_type, len(offered))
    if raster.process is None:
        return info.bands
    bound = bound_of_item(member.row.name, raster, info)
    return info.bands if bound is None else bound.after.output.bands
