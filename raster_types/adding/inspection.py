"""Look at files before they are added: what they are, how many, and the command that takes them in.

Nothing is written. Of each kind of product a few are read as `add` would read them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.build.workers import InProcess, Workers
from engine.errors import ConfigError, SourceError
from engine.item import COMPANION
from raster_types.adding.add_commands import command_of, commands_of_files, commands_of_tree
from raster_types.adding.added import PLAIN
from raster_types.adding.crawl import NO_TEXT, ProductJob, is_text, printable, read_product
from raster_types.adding.recognise import (
    AUTO,
    STACK,
    TABLE,
    FoundProduct,
    UnstackedBands,
    find_with_type,
    look_through,
    type_of_file,
)
from raster_types.adding.suited_type import frame_camera_of, needs_terrain, stated_of
from raster_types.adding.table_look import TableLook, look_into, tables_among
from raster_types.base import ItemOptions
from raster_types.stack import StackType
from raster_types.tables.open_table import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.build.raster_record import NewItem
    from raster_types.adding.add_commands import Stated
    from raster_types.adding.recognise import FolderContents

# So many products of a kind tell what the others are like.
_READ = 40
_COLUMNS_TOLD = 12
# So many images of a folder are looked for in files of orientations.
_LOOKED = 3


@dataclass(slots=True)
class KindFound:
    """What there is of one raster type.

    Attributes
    ----------
    read : int
        Products that were read; the other facts are of these.
    bands : Counter
        Names of bands, joined -> items.
    pixel_sizes : list of float
        In units of each one's CRS.
    dates : list of str
        Acquisition, ISO.
    failed : list of (path, sentence)
    outcomes : dict
        File that names a product that was read -> why it cannot be used at all; "" = it can.
    """

    raster_type: str
    products: int = 0
    bytes: int = 0
    read: int = 0
    items: int = 0
    companions: int = 0
    crs: Counter[str] = field(default_factory=Counter)
    bands: Counter[str] = field(default_factory=Counter)
    pixel_types: Counter[str] = field(default_factory=Counter)
    pixel_sizes: list[float] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    columns: Counter[str] = field(default_factory=Counter)
    outcomes: dict[str, str] = field(default_factory=dict)

    def take(self, item: NewItem) -> None:
        """Count one item that was read."""
        self.items += 1
        if item.category == COMPANION:
            self.companions += 1
            return
        date = item.attributes.get("AcquisitionDate")
        if isinstance(date, str):
            self.dates.append(date)
        if not item.headers:
            return
        header = max(item.headers, key=lambda each: each.width)
        self.crs[item.raster.sources[0].crs or header.crs or "none"] += 1
        names = [band.name or band.color for each in item.headers for band in each.bands]
        self.bands[", ".join(names)] += 1
        self.pixel_types[header.bands[0].pixel_type] += 1
        if header.geotransform is not None:
            self.pixel_sizes.append(abs(header.geotransform[1]))


@dataclass(slots=True)
class Inspection:
    """What was found.

    Attributes
    ----------
    unstacked : list of UnstackedBands
        What looks like bands in files of their own.
    others : Counter
        Files that are no rasters, by the ends of their names.
    commands : list of str
        That take it in, for a definition called NAME.isdef.
    tables : list of TableLook
        Found in folders, where they are not taken without being named.
    table_commands : list of str
        That take those in, in place of the files that they list.
    camera_commands : list of str
        That place images by their cameras which lie somewhere without them, too.
    advice : list of str
        Sentences.
    """

    kinds: list[KindFound] = field(default_factory=list)
    unstacked: list[UnstackedBands] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    commands: list[str] = field(default_factory=list)
    tables: list[TableLook] = field(default_factory=list)
    table_commands: list[str] = field(default_factory=list)
    camera_commands: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def inspect_paths(paths: Sequence[Path], workers: Workers | None = None) -> Inspection:
    """Look through files and folders, also those inside folders.

    Raises
    ------
    ConfigError
        A path does not exist.
    """
    workers = workers or InProcess()
    report = Inspection()
    trees: dict[Path, list[FoundProduct]] = {}
    files: dict[Path, FoundProduct] = {}
    tables: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ConfigError(path, "", "does not exist; expected a raster file or a folder")
        if is_table(path) and (path.is_dir() or type_of_file(path) == TABLE):
            tables.append(path)
        elif path.is_dir():
            trees[path] = list(_of_tree(path, report, workers))
        else:
            found = find_with_type([path], AUTO, ItemOptions(), glob="*", recursive=False)
            files[path] = next(found)
    by_type: dict[str, list[FoundProduct]] = {}
    for product in dict.fromkeys((*files.values(), *(each for t in trees.values() for each in t))):
        by_type.setdefault(product.raster_type, []).append(product)
    kinds = {name: _read_some(name, members, workers) for name, members in by_type.items()}
    report.kinds.extend(kinds.values())
    stated = {
        each: stated_of(each, kinds[each.raster_type].outcomes)
        for t in by_type.values()
        for each in t
    }
    for top, products in trees.items():
        report.camera_commands += _camera_commands(top, products, stated)
        report.commands += commands_of_tree(top, [(p.paths[0], stated[p]) for p in products])
    report.commands += commands_of_files([(path, stated[p]) for path, p in files.items()])
    if tables:
        report.kinds.append(_read_tables(tables, report, workers))
    _advise(report, stated.values())
    return report


def _camera_commands(
    top: Path, products: list[FoundProduct], stated: Mapping[FoundProduct, Stated]
) -> Iterator[str]:
    """Yield a command for each folder of plain rasters beside which orientations and cameras stand."""
    looked: Counter[Path] = Counter()
    for product in products:
        path = Path(product.paths[0])
        if product.raster_type != PLAIN or stated[product] != () or looked[path.parent] >= _LOOKED:
            continue
        looked[path.parent] += 1
        if words := frame_camera_of(str(path)):
            looked[path.parent] = _LOOKED
            yield command_of([str(top / path.parent.relative_to(top.absolute())), *words])


def _of_tree(top: Path, report: Inspection, workers: Workers) -> Iterator[FoundProduct]:
    """Yield the products below a folder; what else is there is noted."""
    for contents in look_through(top, ItemOptions(), recursive=True):
        report.unstacked += contents.unstacked
        yield from _stacked(contents)
        tables = list(tables_among(contents.folder, contents.others, workers))
        report.tables += tables
        for table in tables:
            path = top / table.path.relative_to(top.absolute())
            report.table_commands.append(command_of([str(path), *table.stated]))
        known = {str(table.path) for table in tables}
        left = (path for path in contents.others if path not in known)
        report.others.update(PurePath(path).suffix.lower() or "(no ending)" for path in left)


def _stacked(contents: FolderContents) -> list[FoundProduct]:
    """Return the products of a folder, with one of each set of bands in files of their own."""
    if not contents.unstacked:
        return contents.products
    images = [p.paths[0] for p in contents.products if len(p.paths) == 1]
    stacks = [FoundProduct(STACK, paths) for paths in StackType().match(images)]
    inside = {path for stack in stacks for path in stack.paths}
    return stacks + [p for p in contents.products if inside.isdisjoint(p.paths)]


def _read_some(name: str, products: list[FoundProduct], workers: Workers) -> KindFound:
    kind = KindFound(name, products=len(products))
    for product in products:
        kind.bytes += sum(_size(path) for path in product.paths)
    kind.failed += [
        (printable(each.paths[0]), NO_TEXT) for each in products if not is_text(each.paths[0])
    ]
    named = [each for each in products if is_text(each.paths[0])]
    jobs = [ProductJob(name, product.paths, ItemOptions()) for product in _chosen(named)]
    for job, result in workers.map(read_product, jobs):
        kind.read += 1
        if isinstance(result, SourceError):
            kind.failed.append((job.path, str(result.fields[1])))
            kind.outcomes[job.path] = str(result.fields[1])
            continue
        for item in result:
            kind.take(item)
            if item.status.is_failed:
                kind.failed.append((job.path, item.message))
        is_usable = any(not item.status.is_failed for item in result)
        kind.outcomes[job.path] = "" if is_usable or not result else result[0].message
    return kind


def _chosen(products: list[FoundProduct]) -> list[FoundProduct]:
    """Return what is read: one of each folder as far as there is room, and some of all."""
    firsts = {Path(each.paths[0]).parent: each for each in reversed(products)}
    step = max(1, len(products) // _READ)
    return list(dict.fromkeys((*reversed(firsts.values()), *products[::step])))[:_READ]


def _read_tables(paths: Sequence[Path], report: Inspection, workers: Workers) -> KindFound:
    """Return what tables that the author names hold; their commands are noted."""
    kind = KindFound(TABLE, products=len(paths))
    for path in paths:
        kind.bytes += _size(str(path))
        kind.read += 1
        try:
            look = look_into(path.absolute(), workers)
        except ConfigError as err:
            kind.failed.append((str(path), ": ".join(filter(None, err.fields[1:]))))
            continue
        kind.items += look.rows
        kind.crs[look.crs or "none stated"] += look.rows
        more = [f"{len(look.columns) - _COLUMNS_TOLD} more"] * (len(look.columns) > _COLUMNS_TOLD)
        kind.columns[", ".join([*look.columns[:_COLUMNS_TOLD], *more])] += 1
        if not look.rows:
            kind.failed.append((str(path), "Lists no raster."))
            continue
        report.commands.append(command_of([str(path), *look.stated]))
        if look.found < look.looked_at:
            report.advice.append(_on_files(look))
        if look.needs_crs:
            report.advice.append(_on_crs(look))
    return kind


def _on_files(look: TableLook) -> str:
    missing = look.looked_at - look.found
    return (
        f"{look.path.name}: the files of {missing} of the first {look.looked_at} rows are not where it "
        "says; --rewrite FROM=TO maps what their paths begin with to a local folder."
    )


def _on_crs(look: TableLook) -> str:
    name = look.path.name
    if look.raster_crs.startswith("EPSG:"):
        return (
            f"{name} says no CRS of its geometries; {look.raster_crs} is that of its first raster."
        )
    return (
        f"{name} says no CRS of its geometries, which are no degrees: put its code in place of n."
    )


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        # Gone meanwhile; nothing is read of it either.
        return 0


def _advise(report: Inspection, stated: Iterable[Stated]) -> None:
    if not report.kinds and not report.tables:
        seen = ", ".join(f"{count} {end}" for end, count in report.others.most_common(6))
        report.advice.append(f"No raster is recognised here ({seen or 'no files'}).")
    elif not report.commands and not report.table_commands:
        report.advice.append("None of it can be used as it is.")
    if report.unstacked:
        names = ", ".join(report.unstacked[0].bands)
        report.advice.append(
            f"Bands in files of their own ({report.unstacked[0].product}: {names}) become one item "
            "a product with --type stack; --band-order states their order."
        )
    if report.camera_commands or any(map(needs_terrain, stated)):
        report.advice.append(
            "Put the ground in place of DEM: a raster of heights, or one height in metres."
        )
    companions = sum(kind.companions for kind in report.kinds)
    if companions:
        report.advice.append(
            "Pan, thermal and the like are companions: items that show where a request names them."
        )
