"""Dodging: fields of all items, and the surfaces that follow from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from engine.build.balance.fields import Field, FieldJob, WantedField, read_fields
from engine.build.balance.sample_store import SampleStore, store_digest
from engine.build.balance.surfaces import NODES, fit_surfaces, places_of, surface_at
from engine.build.balance.workspace import balance_folder, compiled_copy
from engine.build.item_chain import raster_records
from engine.errors import SourceError
from engine.extent import Extent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.build.balance.gain_offsets import SolvedItems
    from engine.build.balance.measure import Measured, Measuring
    from engine.build.balance.members import Member
    from engine.build.workers import Workers

    Floats = NDArray[np.float64]

# The longer side of most items has so many cells.
_CELLS = 40
_JOB = 16
_STAGE = "looking at items"
# The place of fields in the store, where comparisons have the other item.
_FIELD = -2
_decoder: msgspec.msgpack.Decoder[Field | None] = msgspec.msgpack.Decoder(Field | None)


@dataclass(frozen=True, slots=True)
class Dodged:
    """Surfaces (bands, NODES, NODES) of members by their numbers, and the steps that are left."""

    surfaces: Mapping[int, Floats]
    step_after: tuple[float, ...]


def dodge(
    measuring: Measuring,
    solved: SolvedItems,
    measured: Measured,
    fixed: frozenset[int],
    workers: Workers,
) -> Dodged:
    """Return the surfaces that follow gains and offsets.

    Raises
    ------
    ConfigError
    """
    fields = _fields(measuring, workers)
    numbers = list(fields)
    if not numbers:
        return Dodged({}, solved.steps[1])
    listed = [fields[number] for number in numbers]
    places = places_of(listed)
    still = frozenset(i for i, number in enumerate(numbers) if number in fixed)
    bands = listed[0].bands
    gains = np.ones((len(numbers), bands, NODES, NODES))
    for band in range(bands):
        samples = [_corrected(fields[n], solved, n, band) for n in numbers]
        gains[:, band] = fit_surfaces(listed, places, samples, band, still)
        measuring.progress("fitting surfaces", band + 1, bands)
    surfaces = {number: gains[i] for i, number in enumerate(numbers) if i not in still}
    return Dodged(surfaces, _steps(fields, surfaces, solved, measured))


def _corrected(field: Field, solved: SolvedItems, number: int, band: int) -> Floats:
    own: Floats = field.values("samples")[band].astype(np.float64)
    if band >= len(solved.gains):
        return own
    return np.asarray(own * solved.gains[band, number] + solved.offsets[band, number])


def _steps(
    fields: Mapping[int, Field],
    surfaces: Mapping[int, Floats],
    solved: SolvedItems,
    measured: Measured,
) -> tuple[float, ...]:
    """Return the mean difference of neighbours where their fields share places."""
    steps: list[list[float]] = [[] for _ in range(len(solved.gains))]
    lengths: list[float] = []
    for each in measured.overlaps:
        if each.a not in fields or each.b not in fields:
            continue
        a, b = fields[each.a], fields[each.b]
        _, at_a, at_b = np.intersect1d(_keys(a), _keys(b), assume_unique=True, return_indices=True)
        if at_a.size == 0:
            continue
        lengths.append(float(np.sqrt(max(each.area, 1e-300))))
        for band, found in enumerate(steps):
            rest = (
                _final(a, surfaces, solved, (each.a, band))[at_a]
                - _final(b, surfaces, solved, (each.b, band))[at_b]
            )
            found.append(float(np.nanmedian(rest)) if np.isfinite(rest).any() else 0.0)
    if not lengths:
        return solved.steps[1]
    return tuple(float(np.average(np.abs(found), weights=lengths)) for found in steps)


def _keys(field: Field) -> NDArray[np.int64]:
    return np.asarray(field.numbers("rows") * (1 << 31) + field.numbers("cols"), np.int64)


def _final(
    field: Field,
    surfaces: Mapping[int, Floats],
    solved: SolvedItems,
    which: tuple[int, int],
) -> Floats:
    number, band = which
    values = _corrected(field, solved, number, band)
    if number not in surfaces:
        return values
    return values * surface_at(field, surfaces[number][band])


def _fields(measuring: Measuring, workers: Workers) -> dict[int, Field]:
    """Return the fields of members by their numbers, in order."""
    members = [
        (number, member)
        for number, member in enumerate(measuring.members)
        # A surface belongs to one raster.
        if len(raster_records(member.raster, measuring.folder.path)) < 2
    ]
    sides = [
        max(*(b - a for a, b in zip(box[:2], box[2:], strict=True)), m.low_ps)
        for _, m in members
        if (box := shapely.bounds(m.shape).tolist())
    ]
    if not sides:
        return {}
    # A power of two, so that one more item changes nothing about the others.
    cell = float(2.0 ** np.ceil(np.log2(float(np.median(sides)) / _CELLS)))
    digests = {
        (member.id, _FIELD): store_digest((member.digest, measuring.target_digest, repr(cell)))
        for _, member in members
    }
    with SampleStore(balance_folder(measuring.folder) / "overlaps.sqlite") as store:
        packed = store.known(digests)
        missing = [member for _, member in members if (member.id, _FIELD) not in packed]
        if missing:
            packed |= _read(measuring, missing, cell, (store, digests), workers)
    found: dict[int, Field | None] = {
        number: _decoder.decode(packed[member.id, _FIELD]) for number, member in members
    }
    return {number: field for number, field in found.items() if field is not None}


def _read(
    measuring: Measuring,
    missing: list[Member],
    cell: float,
    keeping: tuple[SampleStore, dict[tuple[int, int], str]],
    workers: Workers,
) -> dict[tuple[int, int], bytes]:
    store, digests = keeping
    found: dict[tuple[int, int], bytes] = {}
    measuring.progress(_STAGE, 0, len(missing))
    rasters = {member.id: member.raster for member in missing}
    with compiled_copy(measuring.folder, measuring.table, rasters, workers) as compiled:
        jobs = (
            FieldJob(
                service=str(compiled),
                wanted=tuple(_wanted(member) for member in missing[i : i + _JOB]),
                cell=cell,
                target=measuring.target,
            )
            for i in range(0, len(missing), _JOB)
        )
        for job, result in workers.map(read_fields, jobs):
            if isinstance(result, SourceError):
                raise result
            made = {
                (wanted.id, _FIELD): msgspec.msgpack.encode(field)
                for wanted, field in zip(job.wanted, result, strict=True)
            }
            store.keep((key, digests[key], record) for key, record in made.items())
            found |= made
            measuring.progress(_STAGE, len(found), len(missing))
    return found


def _wanted(member: Member) -> WantedField:
    header = member.row.headers[0]
    box = Extent(*map(float, shapely.bounds(member.shape)))
    return WantedField(member.id, box, header.width, header.height)
