"""Look at files before they are added: what they are, how many, and the command that takes them in.

Nothing is written. Of each kind of product a few are read as `add` would read them.
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.build.workers import InProcess, Workers
from engine.errors import ConfigError, SourceError
from engine.item import COMPANION
from raster_types.adding.added import PLAIN
from raster_types.adding.crawl import ProductJob, files_of_folder, folders_of, read_product
from raster_types.adding.recognise import (
    STACK,
    FoundProduct,
    UnstackedBands,
    contents_of_folder,
    type_of_file,
)
from raster_types.base import ItemOptions
from raster_types.stack import StackType
from raster_types.tables.open_table import is_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.raster_record import NewItem

# So many products of a kind tell what the others are like.
_READ = 40
_TABLE = "table"


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
    advice : list of str
        Sentences.
    """

    kinds: list[KindFound] = field(default_factory=list)
    unstacked: list[UnstackedBands] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    commands: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def inspect_paths(paths: Sequence[Path], workers: Workers | None = None) -> Inspection:
    """Look through files and folders, also those inside folders.

    Raises
    ------
    ConfigError
        A path does not exist.
    """
    report = Inspection()
    products: list[FoundProduct] = []
    inner = False
    for path in paths:
        if not path.exists():
            raise ConfigError(path, "", "does not exist; expected a raster file or a folder")
        if is_table(path) and (path.is_dir() or type_of_file(path) == _TABLE):
            products.append(FoundProduct(_TABLE, (str(path.absolute()),)))
        elif path.is_dir():
            found = _look_through(path, report)
            inner = inner or any(Path(each.paths[0]).parent != path.absolute() for each in found)
            products += found
        else:
            products.append(FoundProduct(type_of_file(path), (str(path.absolute()),)))
    unique = list(dict.fromkeys(products))
    by_type: dict[str, list[FoundProduct]] = {}
    for product in unique:
        by_type.setdefault(product.raster_type, []).append(product)
    for name, members in by_type.items():
        report.kinds.append(_read_some(name, members, workers or InProcess()))
    _advise(report, paths, ["--recursive"] if inner else [])
    return report


def _look_through(top: Path, report: Inspection) -> list[FoundProduct]:
    found: list[FoundProduct] = []
    for folder in folders_of(top, recursive=True):
        files = files_of_folder(folder)
        contents = contents_of_folder(folder, files, "*")
        taken = {path for product in contents.products for path in product.paths}
        report.unstacked += contents.unstacked
        if contents.unstacked:
            images = [p.paths[0] for p in contents.products if len(p.paths) == 1]
            stacks = [FoundProduct(STACK, paths) for paths in StackType().match(images)]
            inside = {path for stack in stacks for path in stack.paths}
            found += stacks
            found += [p for p in contents.products if inside.isdisjoint(p.paths)]
        else:
            found += contents.products
        left = [path for path in files if path not in taken]
        report.others.update(PurePath(path).suffix.lower() or "(no ending)" for path in left)
    return found


def _read_some(name: str, products: list[FoundProduct], workers: Workers) -> KindFound:
    kind = KindFound(name, products=len(products))
    for product in products:
        kind.bytes += sum(_size(path) for path in product.paths)
    if name == _TABLE:
        return kind
    step = max(1, len(products) // _READ)
    chosen = products[::step][:_READ]
    jobs = [ProductJob(name, product.paths, ItemOptions()) for product in chosen]
    for job, result in workers.map(read_product, jobs):
        kind.read += 1
        if isinstance(result, SourceError):
            kind.failed.append((job.path, str(result.fields[1])))
            continue
        for item in result:
            kind.take(item)
            if item.status.is_failed:
                kind.failed.append((job.path, item.message))
    return kind


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        # Gone meanwhile; nothing is read of it either.
        return 0


def _advise(report: Inspection, paths: Sequence[Path], flags: list[str]) -> None:
    if not report.kinds:
        seen = ", ".join(f"{count} {end}" for end, count in report.others.most_common(6))
        report.advice.append(f"No raster is recognised here ({seen or 'no files'}).")
        return
    stated: list[list[str]] = []
    for kind in report.kinds:
        suited = _suited(kind)
        options = ["--type", suited] if suited else []
        if options not in stated:
            stated.append(options)
    if report.unstacked:
        names = ", ".join(report.unstacked[0].bands)
        report.advice.append(
            f"Bands in files of their own ({report.unstacked[0].product}: {names}) become one item "
            "a product with --type stack; --band-order states their order."
        )
    companions = sum(kind.companions for kind in report.kinds)
    if companions:
        report.advice.append(
            "Pan, thermal and the like are companions: items that show where a request names them."
        )
    for options in stated:
        words = ["swath", "definition", "add", "NAME.isdef", *map(str, paths), *options, *flags]
        report.commands.append(shlex.join(words))


def _suited(kind: KindFound) -> str:
    """Return the type to state, "" where `add` finds it by itself."""
    if kind.raster_type == STACK:
        return STACK
    if kind.raster_type != PLAIN or not kind.failed or len(kind.failed) < kind.read:
        return ""
    for name in ("rpc", "gcp"):
        if all(f"--type {name}" in why for _, why in kind.failed):
            return name
    return ""
