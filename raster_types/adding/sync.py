"""Look again through the places that were added: what is new, changed, gone or back.

Rules: a folder that is not there, or holds none of its rasters any more, is most often a disk that is
not mounted: nothing is believed about its items unless the author says so. OBJECTIDs stay.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from engine.build.history import note_history
from engine.build.progress import Progress, no_progress
from engine.build.raster_record import ItemStatus
from engine.build.removal import remove_files, remove_items
from engine.errors import ConfigError
from engine.item import OVERVIEW
from engine.source_name import is_remote
from raster_types.adding.add import AddReport, AddRequest, add_rasters, pending_products
from raster_types.adding.additions import Addition, known_additions

if TYPE_CHECKING:
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable
    from engine.build.workers import Workers

Gone: TypeAlias = Literal["mark", "remove", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncOptions:
    """What `swath definition sync` is asked to do.

    Attributes
    ----------
    gone
        What becomes of items whose files are gone: they get the status "not found", leave the
        definition, or stay as they are.
    gone_folders : bool
        Believe that items are gone even where their whole folder is.
    dry_run : bool
        Change nothing.
    """

    gone: Gone = "mark"
    gone_folders: bool = False
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class SyncReport:
    """What was found, and what became of it.

    Attributes
    ----------
    new, changed : list of paths
        Main files of products to be read (dry run only).
    added : list of AddReport
        One a place that was added (not in a dry run).
    gone : list of (OBJECTID, path)
        Items of which a file is not there, that were not known to be gone.
    back : list of (OBJECTID, name)
        Items that were gone and are there again.
    doubtful : list of (folder, sentence)
        Places about whose items nothing is believed.
    """

    new: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    added: list[AddReport] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)
    back: list[tuple[int, str]] = field(default_factory=list)
    doubtful: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_changed(self) -> bool:
        """Whether anything differs from before."""
        reports = any(report.added or report.changed for report in self.added)
        return bool(self.new or self.changed or self.gone or self.back or reports)


def sync_definition(
    folder: DefinitionFolder,
    options: SyncOptions | None = None,
    workers: Workers | None = None,
    progress: Progress = no_progress,
) -> SyncReport:
    """Read what is new and changed in the places that were added, and mark what is gone.

    Interrupted, it goes on where it stopped when run again.

    Raises
    ------
    ConfigError
        Nothing is known of what was added.
    """
    options = options or SyncOptions()
    with folder.table() as table:
        additions = known_additions(table)
        if not additions:
            why = (
                "does not know what was added (by an older version, perhaps); "
                "run swath definition add once more, known files are left alone"
            )
            raise ConfigError(folder.path, "", why)
        report = SyncReport()
        gone = _find_gone(table, additions, report, options)
        report.gone = [
            (item.fid, item.path) for item in gone if item.is_news or options.gone == "remove"
        ]
        if not options.dry_run:
            _settle(folder, table, report, options)
    for addition in additions:
        request = _request(addition)
        if not request.paths:
            continue
        if options.dry_run:
            for path, is_known in pending_products(folder, request):
                (report.changed if is_known else report.new).append(path)
        else:
            report.added.append(add_rasters(folder, request, workers, progress))
    if report.is_changed and not options.dry_run:
        with folder.table() as table:
            note_history(table, "sync", _told(report, options))
    return report


def _request(addition: Addition) -> AddRequest:
    """Return what to add again: places that are there."""
    return AddRequest(
        command="sync",
        raster_type=addition.raster_type,
        paths=[path for path in map(Path, addition.paths) if is_remote(str(path)) or path.exists()],
        glob=addition.glob,
        recursive=addition.recursive,
        options=addition.options,
        csv=Path(addition.csv) if addition.csv else None,
        name_regex=addition.name_regex,
    )


@dataclass(frozen=True, slots=True)
class _GoneItem:
    fid: int
    path: str
    is_news: bool


def _find_gone(
    table: ServiceTable, additions: list[Addition], report: SyncReport, options: SyncOptions
) -> list[_GoneItem]:
    """Return the items of which a file is gone; notes items that are back, and doubtful places."""
    statuses = _statuses(table)
    places = {path for addition in additions for path in addition.paths if not is_remote(path)}
    roots = sorted(places, key=len)[::-1]
    held, lost = Counter[str](), Counter[str]()
    missing: dict[int, tuple[str, str]] = {}
    for fid, path, _, _ in table.source_rows():
        if fid not in statuses or not path.startswith("/"):
            continue
        root = next((r for r in roots if path == r or path.startswith(f"{r}/")), "")
        held[root] += 1
        if not Path(path).exists():
            lost[root] += 1
            missing.setdefault(fid, (path, root))
    doubtful = {} if options.gone_folders else _doubtful(roots, held, lost)
    report.doubtful = sorted(doubtful.items())
    for fid, (status, name) in statuses.items():
        if status == ItemStatus.NOT_FOUND and name and fid not in missing:
            report.back.append((fid, name))
    return [
        _GoneItem(fid, path, statuses[fid][0] != ItemStatus.NOT_FOUND)
        for fid, (path, root) in sorted(missing.items())
        if root not in doubtful
    ]


def _statuses(table: ServiceTable) -> dict[int, tuple[int, str]]:
    """Return status, and the name where headers are known, of all items but overviews."""
    query = (
        'SELECT "OBJECTID", coalesce("StatusId", 1), coalesce("Name", \'\'),'
        ' coalesce(length("Header"), 0) FROM footprints'
        f' WHERE coalesce("Category", 1) <> {OVERVIEW}'
    )
    return {
        int(fid): (int(status), str(name) if size else "")
        for fid, status, name, size in table.execute(query)
    }


def _doubtful(roots: list[str], held: Counter[str], lost: Counter[str]) -> dict[str, str]:
    found = {}
    for root in roots:
        path = Path(root)
        if not path.exists() and not (held[root] <= 1 and path.parent.exists()):
            found[root] = "is not there; its items stay as they are"
        elif path.is_dir() and held[root] > 1 and lost[root] == held[root]:
            found[root] = (
                f"holds none of its {held[root]} files any more; its items stay as they are"
            )
    return found


def _settle(
    folder: DefinitionFolder,
    table: ServiceTable,
    report: SyncReport,
    options: SyncOptions,
) -> None:
    files: list[Path] = []
    with table.batch():
        for fid, _ in report.back:
            table.update(fid, {"StatusId": int(ItemStatus.ADDED), "StatusMessage": ""})
        if options.gone == "remove":
            files = remove_items(folder, table, [fid for fid, _ in report.gone])
        elif options.gone == "mark":
            for fid, path in report.gone:
                message = f"Its file {Path(path).name} is not there."
                table.update(fid, {"StatusId": int(ItemStatus.NOT_FOUND), "StatusMessage": message})
    remove_files(files)


def _told(report: SyncReport, options: SyncOptions) -> str:
    added = sum(each.added for each in report.added)
    changed = sum(each.changed for each in report.added)
    done = {"mark": "marked as gone", "remove": "removed", "keep": "gone"}[options.gone]
    back = len(report.back)
    return f"{added} new, {changed} changed, {len(report.gone)} {done}, {back} back."
