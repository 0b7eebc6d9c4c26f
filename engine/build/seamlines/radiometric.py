"""Radiometric seamlines: between two items the border follows where they look alike.

Starts from the Voronoi cells, and moves the border of each pair of neighbours in turn to the least-cost
path through what both have at that moment. So any number of items may overlap, the result is a
partition at every step, and no border costs more than the one it started from.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from engine.build.compile import compile_definition
from engine.build.seamlines.border import settle_border
from engine.build.seamlines.carve import Neighbours, voronoi_cells
from engine.build.seamlines.label_grid import LabelGrid, inside, window_of
from engine.build.seamlines.overlap_pixels import Overlap, OverlapJob, compare_overlap
from engine.build.seamlines.regions import cells_of_labels
from engine.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.progress import Progress
    from engine.build.seamlines.members import Member, Shape
    from engine.build.workers import Workers

_STAGE = "comparing overlaps"
ACROSS_PX = 1000
# A window of more pixels than this is a mistake of the pixel size, not an overlap.
_MOST_PIXELS = 64_000_000
CACHE = "seamlines.part"


class RadiometricSeams:
    """Make radiometric cells of the members of a definition.

    Parameters
    ----------
    pixel_size : float
        Of the grid, service units; 0 = by the sizes of the items.

    Attributes
    ----------
    moved : int
        Borders that were moved.
    notes : list of str
        Overlaps that could not be compared.
    """

    def __init__(
        self,
        folder: DefinitionFolder,
        members: Sequence[Member],
        workers: Workers,
        progress: Progress,
        pixel_size: float = 0.0,
    ) -> None:
        self._folder, self._members = folder, members
        self._workers, self._progress = workers, progress
        self._size = pixel_size or grid_pixel_size(members)
        self.moved = 0
        self.notes: list[str] = []

    def cells(self) -> Iterator[tuple[int, Shape]]:
        """Yield OBJECTID and area of each item; None where it has none."""
        grid = LabelGrid(self._size)
        start: dict[int, Shape] = {}
        for fid, cell in voronoi_cells(self._members):
            if cell is not None:
                start[fid] = cell
                grid.paint(cell, fid)
        for member in self._members:
            if member.fixed is not None:
                grid.paint(shapely.intersection(member.fixed, member.shape), member.id)
        pairs = self._pairs(start)
        if pairs:
            self._settle(grid, pairs)
        yield from cells_of_labels(self._members, grid)

    def _pairs(self, cells: dict[int, Shape]) -> list[tuple[Member, Member]]:
        """Return the pairs of one rank whose cells meet, in order."""
        neighbours, pairs = Neighbours(self._members), []
        for number, member in enumerate(self._members):
            for other in neighbours.of(number):
                rival = self._members[other]
                if rival.id <= member.id or rival.rank != member.rank:
                    continue
                one, two = cells.get(member.id), cells.get(rival.id)
                if one is not None and two is not None and shapely.dwithin(one, two, self._size):
                    pairs.append((member, rival))
        return pairs

    def _settle(self, grid: LabelGrid, pairs: list[tuple[Member, Member]]) -> None:
        cache = self._folder.path / CACHE
        cache.mkdir(exist_ok=True)
        self._progress(_STAGE, 0, len(pairs))
        with tempfile.TemporaryDirectory(prefix="swath-seamlines-") as temporary:
            service = Path(temporary) / "items.zmd"
            compile_definition(self._folder.path, service)
            jobs = (self._job(pair, service, cache) for pair in pairs)
            answers = self._workers.map(compare_overlap, jobs)
            for done, (pair, (job, answer)) in enumerate(zip(pairs, answers, strict=True), 1):
                if isinstance(answer, SourceError):
                    self.notes.append(f"{job.path}: {answer}")
                else:
                    self._move(grid, pair, job, answer)
                self._progress(_STAGE, done, len(pairs))

    def _job(self, pair: tuple[Member, Member], service: Path, cache: Path) -> OverlapJob:
        one, other = pair
        common = shapely.intersection(one.shape, other.shape)
        window = window_of(tuple(shapely.bounds(common).tolist()), self._size)
        if window.cols * window.rows > _MOST_PIXELS:
            raise ValueError("an overlap of too many pixels")
        text = f"{one.id}|{other.id}|{one.fingerprint}|{other.fingerprint}|{window}|{self._size!r}"
        name = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return OverlapJob(
            service=str(service),
            first=one.id,
            second=other.id,
            window=window,
            pixel_size=self._size,
            cache=str(cache / f"{name}.npz"),
        )

    def _move(
        self, grid: LabelGrid, pair: tuple[Member, Member], job: OverlapJob, overlap: Overlap
    ) -> None:
        one, other = pair
        both = inside(one.shape, job.window, self._size)
        both &= inside(other.shape, job.window, self._size)
        labels = grid.read(job.window)
        new, moved = settle_border(labels, (one.id, other.id), overlap, both)
        if moved or not np.array_equal(new, labels):
            grid.write(job.window, new)
        self.moved += moved


def grid_pixel_size(members: Sequence[Member], least: float | None = None) -> float:
    """Return a pixel size that gives items of middling size about a thousand pixels across.

    Parameters
    ----------
    least
        No less than this; None = the finest pixel size of all.
    """
    bounds = shapely.bounds([member.shape for member in members])
    across = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    finest = min(member.low_ps for member in members) if least is None else least
    return float(max(finest, np.median(across) / ACROSS_PX))


def forget_overlaps(folder: DefinitionFolder) -> None:
    """Remove what an interrupted run left for the next one."""
    shutil.rmtree(folder.path / CACHE, ignore_errors=True)
