"""Balance the colours of a definition's items, and take that back.

Rule: the catalog is written once, at the end, in one batch; measuring before it can be interrupted and
goes on where it stopped.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from engine.build.balance.chain_edit import with_corrections
from engine.build.balance.dodge import dodge
from engine.build.balance.gain_offsets import corrections_of, solve_items
from engine.build.balance.kept_records import (
    BalanceSummary,
    KeptRecord,
    balance_summary,
    digest,
    forget_records,
    keep_record,
    kept_records,
    set_balance_summary,
)
from engine.build.balance.measure import Measuring, measure
from engine.build.balance.members import (
    BALANCED_MESSAGE,
    RESTORED_MESSAGE,
    fixed_members,
    former_text,
    read_members,
    target_file,
)
from engine.build.balance.options import BalanceOptions, BalanceReport
from engine.build.balance.picture import PictureJob, draw_before_and_after
from engine.build.balance.target_service import compile_target
from engine.build.definition_folder import read_facts
from engine.build.history import note_history
from engine.build.progress import Progress, no_progress
from engine.build.raster_record import ItemStatus, raster_to_text
from engine.build.row_selection import select_rows
from engine.build.waiting_items import build_waiting
from engine.build.workers import InProcess, Workers
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from engine.build.balance.measure import Measured
    from engine.build.balance.members import Member
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable
    from engine.chain import RasterFunctionProcess

    Corrections: TypeAlias = tuple[RasterFunctionProcess, ...]
    Floats = NDArray[np.float64]

_COMMAND = "balance"


def balance_definition(
    folder: DefinitionFolder,
    options: BalanceOptions | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> BalanceReport:
    """Give items corrections that make neighbours alike; those of an earlier balance are replaced.

    Items that wait to be built are built first; those that are corrected are to be built again.

    Raises
    ------
    ConfigError
        The definition is not built, holds classes or heights, or the target cannot be used.
    """
    # A balance changes no footprint: after one, another may follow without a build between them.
    built = build_waiting(folder, workers, progress, (BALANCED_MESSAGE, RESTORED_MESSAGE))
    with folder.table() as table:
        run = _Balance(folder, table, options or BalanceOptions(), progress)
        return replace(run.run(workers or InProcess()), built=built)


def remove_balance(folder: DefinitionFolder, where: str = "") -> int:
    """Take the corrections of items away, and return of how many.

    What an item was before comes back to the byte, unless it was changed since.

    Raises
    ------
    ConfigError
        The condition is wrong.
    """
    with folder.table() as table:
        chosen = select_rows(table, where)
        kept = kept_records(table)
        restored = 0
        with table.batch():
            for fid in chosen:
                row = table.row(fid)
                if row is None:
                    continue
                text = former_text(row, kept.get(fid))
                if text != row.raster_text:
                    _write(table, fid, text, RESTORED_MESSAGE)
                    restored += 1
            forget_records(table, chosen)
            if not where:
                set_balance_summary(table, None)
            if restored:
                note_history(table, _COMMAND, f"Took back the balance of {restored} items.")
    return restored


def _write(table: ServiceTable, fid: int, text: str, message: str) -> None:
    table.update(fid, {"Raster": text, "StatusId": int(ItemStatus.ADDED), "StatusMessage": message})


@dataclass(slots=True)
class _Balance:
    folder: DefinitionFolder
    table: ServiceTable
    options: BalanceOptions
    progress: Progress

    def run(self, workers: Workers) -> BalanceReport:
        facts = self._facts()
        members = read_members(self.folder, self.table, facts, self.options.where)
        file = target_file(self.options.target)
        fixed = fixed_members(members, "" if file else self.options.target)
        with ExitStack() as stack:
            target = ""
            if file is not None:
                work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="swath-")))
                target = str(compile_target(file, facts, work))
            measuring = Measuring(
                self.folder, self.table, members, target, target_digest(file), self.progress
            )
            measured = measure(measuring, workers)
            is_dodged = self.options.method == "dodge"
            solved = solve_items(
                members, measured, fixed, "gain" if self.options.method == "gain" else "gain-offset"
            )
            surfaces: Mapping[int, Floats] = {}
            steps = solved.steps
            if is_dodged:
                dodged = dodge(measuring, solved, measured, fixed, workers)
                surfaces, steps = dodged.surfaces, (steps[0], dodged.step_after)
        made = {
            member.id: corrections
            for number, member in enumerate(members)
            if number not in fixed
            and (corrections := corrections_of(member, solved, number, surfaces.get(number)))
        }
        self._store(members, made, measured, steps, facts)
        picture = self._picture(members, made, measured, workers)
        return BalanceReport(
            items=sum(member.is_free for member in members),
            corrected=len(made),
            overlaps=len(measured.overlaps),
            measured=measured.new,
            unusable=solved.unusable,
            alone=solved.alone,
            groups=solved.groups,
            step_before=steps[0],
            step_after=steps[1],
            picture=picture,
        )

    def _facts(self) -> ServiceFacts:
        facts = read_facts(self.table)
        if facts is None or facts.extent is None:
            why = f"is not built; run: swath definition build {self.folder.path}"
            raise ConfigError(self.folder.path, "", why)
        if facts.data_type in ("thematic", "elevation"):
            what = "classes" if facts.data_type == "thematic" else "heights"
            raise ConfigError(self.folder.path, "", f"holds {what}, which have no colours")
        return facts

    def _store(
        self,
        members: list[Member],
        made: Mapping[int, Corrections],
        measured: Measured,
        steps: tuple[tuple[float, ...], tuple[float, ...]],
        facts: ServiceFacts,
    ) -> None:
        before = balance_summary(self.table)
        statistics = before.statistics_before if before is not None else facts.statistics
        with self.table.batch():
            for member in members:
                if member.is_free:
                    self._store_member(member, made.get(member.id, ()))
            summary = BalanceSummary(
                method=self.options.method,
                target=self.options.target,
                items=len(made),
                overlaps=len(measured.overlaps),
                step_before=steps[0],
                step_after=steps[1],
                statistics_before=statistics,
            )
            set_balance_summary(self.table, summary)
            note_history(self.table, _COMMAND, _told(summary))

    def _store_member(self, member: Member, corrections: Corrections) -> None:
        text = member.text
        if corrections:
            raster = with_corrections(member.row.name, member.raster, corrections)
            text = raster_to_text(raster)
        if text != member.row.raster_text:
            _write(self.table, member.id, text, BALANCED_MESSAGE)
        if corrections:
            keep_record(self.table, member.id, KeptRecord(member.text, digest(text)))
        else:
            forget_records(self.table, [member.id])

    def _picture(
        self,
        members: list[Member],
        made: Mapping[int, Corrections],
        measured: Measured,
        workers: Workers,
    ) -> Path | None:
        job = PictureJob(
            self.folder,
            self.table,
            members,
            measured,
            self.options.picture or self.folder.path / "balance" / "before-after.png",
        )
        summary = balance_summary(self.table)
        if summary is None or not made:
            return None
        after = {
            member.id: with_corrections(member.row.name, member.raster, made[member.id])
            if member.id in made
            else member.raster
            for member in members
        }
        return draw_before_and_after(job, after, summary, workers)


def _told(summary: BalanceSummary) -> str:
    before, after = (
        float(np.mean(s)) if s else 0.0 for s in (summary.step_before, summary.step_after)
    )
    target = f" towards {Path(summary.target).name}" if summary.target else ""
    return (
        f"Balanced {summary.items} items by {summary.method}{target}: mean step in "
        f"{summary.overlaps} overlaps {before:.3g}, now {after:.3g}."
    )


def target_digest(file: Path | None) -> str:
    """Return what stands for the target's file as it is now; "" = there is none."""
    if file is None:
        return ""
    status = file.stat()
    return f"{file}|{status.st_size}|{status.st_mtime_ns}"
