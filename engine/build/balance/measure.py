"""Measure all overlaps of a definition's items, in workers, keeping what is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from engine.build.balance.overlaps import overlapping_pairs
from engine.build.balance.pair_samples import TARGET, Comparison, SampleJob, sample_overlaps
from engine.build.balance.robust_match import BandMatch
from engine.build.balance.sample_store import SampleStore, store_digest
from engine.build.balance.workspace import balance_folder, compiled_copy
from engine.errors import SourceError
from engine.extent import Extent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.balance.members import Member
    from engine.build.balance.sample_store import Key
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.progress import Progress
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers

_STAGE = "comparing overlaps"
_JOB = 48
Matches = tuple[BandMatch, ...]
_decoder = msgspec.msgpack.Decoder(Matches)


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is to be measured.

    Attributes
    ----------
    target : str
        Compiled definition that items are compared with, too; "" = none.
    target_digest : str
        Of its pixels.
    """

    folder: DefinitionFolder
    table: ServiceTable
    members: Sequence[Member]
    target: str
    target_digest: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class MeasuredOverlap:
    """Two members by their numbers, b `TARGET` for the target; () = nothing could be read."""

    a: int
    b: int
    box: Extent
    area: float
    matches: Matches


@dataclass(frozen=True, slots=True)
class Measured:
    """All overlaps, and how many were measured in this run."""

    overlaps: tuple[MeasuredOverlap, ...]
    new: int


@dataclass(frozen=True, slots=True)
class _Wanted:
    a: int
    b: int
    area: float
    key: Key
    digest: str
    comparison: Comparison


def measure(measuring: Measuring, workers: Workers) -> Measured:
    """Compare the members where they overlap, and with the target.

    Raises
    ------
    ConfigError
    """
    wanted = _wanted(measuring)
    digests = {each.key: each.digest for each in wanted}
    with SampleStore(balance_folder(measuring.folder) / "overlaps.sqlite") as store:
        known = {key: _decoder.decode(kept) for key, kept in store.known(digests).items()}
        missing = _side_by_side([each for each in wanted if each.key not in known])
        if missing:
            known |= _measured(measuring, missing, store, workers)
    overlaps = tuple(
        MeasuredOverlap(each.a, each.b, each.comparison.box, each.area, known[each.key])
        for each in wanted
    )
    return Measured(overlaps, len(missing))


def _wanted(measuring: Measuring) -> list[_Wanted]:
    members = measuring.members
    shapes = [member.shape for member in members]
    wanted = []
    for pair in overlapping_pairs(shapes):
        a, b = members[pair.a], members[pair.b]
        if not (a.is_free or b.is_free):
            continue
        cell = max(a.low_ps, b.low_ps)
        comparison = Comparison(a.id, b.id, pair.box, cell)
        digest = store_digest((a.digest, b.digest))
        wanted.append(_Wanted(pair.a, pair.b, pair.area, (a.id, b.id), digest, comparison))
    if measuring.target:
        for number, member in enumerate(members):
            if member.is_free:
                box = Extent(*map(float, shapely.bounds(member.shape)))
                comparison = Comparison(member.id, TARGET, box, member.low_ps)
                digest = store_digest((member.digest, measuring.target_digest))
                area = float(shapely.area(member.shape))
                key = (member.id, TARGET)
                wanted.append(_Wanted(number, TARGET, area, key, digest, comparison))
    return wanted


def _side_by_side(wanted: list[_Wanted]) -> list[_Wanted]:
    """Return them in an order in which blocks that were read are soon used again."""
    if not wanted:
        return wanted
    boxes = [each.comparison.box for each in wanted]
    centres = np.array([(box.center_x, box.center_y) for box in boxes])
    size = 4 * float(np.median([max(box.width, box.height) for box in boxes])) or 1.0
    squares = np.floor(centres / size).astype(np.int64)
    order = np.lexsort((centres[:, 0], centres[:, 1], squares[:, 0], squares[:, 1]))
    return [wanted[i] for i in order.tolist()]


def _measured(
    measuring: Measuring, missing: list[_Wanted], store: SampleStore, workers: Workers
) -> dict[Key, Matches]:
    ids = {fid for each in missing for fid in each.key if fid != TARGET}
    rasters = {member.id: member.raster for member in measuring.members if member.id in ids}
    found: dict[Key, Matches] = {}
    measuring.progress(_STAGE, 0, len(missing))
    with compiled_copy(measuring.folder, measuring.table, rasters, workers) as compiled:
        parts = [missing[i : i + _JOB] for i in range(0, len(missing), _JOB)]
        jobs = (
            SampleJob(
                service=str(compiled),
                comparisons=tuple(each.comparison for each in part),
                target=measuring.target,
            )
            for part in parts
        )
        for part, (_, result) in zip(parts, workers.map(sample_overlaps, jobs), strict=True):
            if isinstance(result, SourceError):
                raise result
            made = [(w.key, w.digest, matches) for w, matches in zip(part, result, strict=True)]
            store.keep((key, digest, msgspec.msgpack.encode(m)) for key, digest, m in made)
            found |= {key: matches for key, _, matches in made}
            measuring.progress(_STAGE, len(found), len(missing))
    return found
