"""Find products whose raster type nobody stated: unmistakable ones by their own type, else plain rasters.

Names decide, and what JSON files hold, so that looking through a hundred thousand files takes seconds; what
looks like bands that belong together is asked about rather than made into items of one band each.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.errors import ConfigError, SourceError, UnknownProduct
from engine.readers.header import read_header
from engine.source_name import canonical_name, is_remote, split_name
from raster_types import RASTER_TYPES
from raster_types.adding.added import PLAIN
from raster_types.adding.crawl import files_of_folder, find_products, folders_of
from raster_types.adding.stac_survey import StacSurvey, is_stac_file, survey_stac
from raster_types.aerial import is_naip
from raster_types.items.image_files import ZARR_GROUPS, is_image_name, single_images
from raster_types.series import is_netcdf
from raster_types.stack import StackType
from raster_types.tables.open_table import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from raster_types.base import ItemOptions, RasterType

AUTO = "auto"
STACK = "stack"
TABLE = "table"
_STAC = "stac"
# In this order; each by a document that no other kind of product has.
_WITH_DOCUMENT = ("landsat", "sentinel2", "dimap", "maxar")
# So many bands of one product in files of their own are no accident.
_FEWEST_BANDS = 3


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """A product and the raster type that is to read it."""

    raster_type: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnstackedBands:
    """Files that look like bands of one product, each alone in its file."""

    folder: str
    product: str
    bands: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class FolderContents:
    """What one folder holds.

    Attributes
    ----------
    products : list of FoundProduct
        What looks like unstacked bands is among them file by file.
    others : list of str
        Files that belong to no product.
    """

    folder: Path
    products: list[FoundProduct]
    unstacked: list[UnstackedBands]
    others: list[str]


def find_with_type(
    paths: Iterable[Path], name: str, options: ItemOptions, *, glob: str, recursive: bool
) -> Iterator[FoundProduct]:
    """Yield the products among files and folders, each with its raster type.

    Parameters
    ----------
    name
        Of a raster type, or `AUTO`.
    glob, recursive
        As of `raster_types.adding.crawl.find_products`.

    Raises
    ------
    ConfigError
        A path does not exist; with `AUTO` also where files look like unstacked bands.
    """
    paths, remote = _apart(paths)
    for named in remote:
        # There is no folder to look through: an object that an author names is meant by itself.
        yield FoundProduct(PLAIN if name == AUTO else name, (named,))
    if name == AUTO:
        for path in paths:
            yield from _of_path(path, options, glob=glob, recursive=recursive)
        return
    kind = configured(RASTER_TYPES[name], options)
    for product in find_products(paths, kind, glob=glob, recursive=recursive):
        yield FoundProduct(name, product)


def _apart(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return local paths and the names of remote objects."""
    given = list(paths)
    remote = [canonical_name(str(path)) for path in given if is_remote(str(path))]
    for path in remote:
        try:
            split_name(path)
        except UnknownProduct as err:
            raise ConfigError(path, "", str(err.fields[1])) from err
    return [path for path in given if not is_remote(str(path))], remote


def configured(kind: RasterType, options: ItemOptions) -> RasterType:
    """Return a raster type with what the author states of its file names."""
    return kind.configured(options) if isinstance(kind, StackType) else kind


def type_of_file(path: Path) -> str:
    """Return the raster type that suits one file that an author names."""
    if _STAC in RASTER_TYPES and is_stac_file(path):
        return _STAC
    for name in _WITH_DOCUMENT:
        if name in RASTER_TYPES and _is_document_of(name, str(path)):
            return name
    if is_table(path):
        return TABLE
    return _type_of_single(str(path))


def _type_of_single(path: str) -> str:
    if is_netcdf(path) or PurePath(path).name in ZARR_GROUPS:
        return "series"
    return "aerial" if is_naip(path) else PLAIN


def _is_document_of(name: str, path: str) -> bool:
    suffix = PurePath(path).suffix.lower()
    if is_image_name(path):
        return False
    if name == "maxar":
        # Other programs write .xml of an image's name, too.
        return suffix == ".imd"
    return RASTER_TYPES[name].is_expected(path)


def _of_path(
    path: Path, options: ItemOptions, *, glob: str, recursive: bool
) -> Iterator[FoundProduct]:
    if path.is_dir() and not is_table(path):
        for contents in look_through(path, options, glob=glob, recursive=recursive):
            for bands in contents.unstacked:
                raise ConfigError("--type", AUTO, advice_on(bands))
            yield from contents.products
        return
    name = type_of_file(path)
    if name == PLAIN and path.exists():
        # A band that an author names is meant by itself.
        yield FoundProduct(name, (str(path.absolute()),))
        return
    for product in find_products([path], RASTER_TYPES[name], glob=glob, recursive=recursive):
        yield FoundProduct(name, product)


def look_through(
    top: Path, options: ItemOptions, *, glob: str = "*", recursive: bool
) -> Iterator[FolderContents]:
    """Yield what each folder holds; of STAC documents and the rasters that they name the documents.

    A STAC document of rasters that a product's own document describes, too, is left out.

    Parameters
    ----------
    glob
        Pattern for names; a product counts when one of its files fits.
    """
    folders = {folder: files_of_folder(folder) for folder in folders_of(top, recursive=recursive)}
    described = {folder: list(products_with_document(files)) for folder, files in folders.items()}
    stac = StacSurvey()
    if _STAC in RASTER_TYPES:
        stac = survey_stac((path for files in folders.values() for path in files), options.rewrite)
    products = (product for found in described.values() for product in found)
    sure = {path for each in products if not is_image_name(each.paths[0]) for path in each.paths}
    documents = {path: named for path, named in stac.documents.items() if sure.isdisjoint(named)}
    named = {path for rasters in documents.values() for path in rasters}
    for folder, files in folders.items():
        kept = [each for each in described[folder] if named.isdisjoint(each.paths)]
        found = [each for each in kept if _fits(each.paths, glob)]
        found += [
            FoundProduct(_STAC, (path,))
            for path in files
            if path in documents and _fits((path, *documents[path]), glob)
        ]
        taken = {path for each in kept for path in each.paths} | named | {*documents} | stac.inner
        yield _contents(folder, [path for path in files if path not in taken], found, glob)


def _contents(
    folder: Path, left: Sequence[str], found: list[FoundProduct], glob: str
) -> FolderContents:
    """Return what a folder holds, of which some files are left."""
    if _is_inside_safe(folder):
        # What lies inside a SAFE product is the product's.
        return FolderContents(folder, found, [], [])
    rest = [path for (path,) in single_images(left) if _fits((path,), glob)]
    stores = [path for path in left if PurePath(path).name in ZARR_GROUPS]
    singles = [FoundProduct(_type_of_single(path), (path,)) for path in (*rest, *stores)]
    taken = {*rest, *stores}
    others = [path for path in left if path not in taken]
    return FolderContents(folder, found + singles, list(unstacked_bands(rest)), others)


def _is_inside_safe(folder: Path) -> bool:
    return any(part.upper().endswith(".SAFE") for part in folder.parts)


def _fits(paths: Sequence[str], glob: str) -> bool:
    return any(fnmatch.fnmatch(PurePath(path).name, glob) for path in paths)


def products_with_document(files: Sequence[str]) -> Iterator[FoundProduct]:
    """Yield the products among the files of one folder that a document of their own describes."""
    claimed: set[str] = set()
    for name in _WITH_DOCUMENT:
        if name not in RASTER_TYPES:
            continue
        for product in RASTER_TYPES[name].match(files):
            is_sure = name == "sentinel2" or _is_document_of(name, product[0])
            if is_sure and claimed.isdisjoint(product):
                claimed.update(product)
                yield FoundProduct(name, product)


def unstacked_bands(images: Sequence[str]) -> Iterator[UnstackedBands]:
    """Yield groups of images that look like bands of one product, one a folder: names, then two headers."""
    kind = StackType()
    seen: set[str] = set()
    for product in kind.match(images):
        folder = str(PurePath(product[0]).parent)
        if folder in seen or len(product) < _FEWEST_BANDS or not _are_single_bands(product[:2]):
            continue
        seen.add(folder)
        found = [kind.band_of(path) for path in product]
        names = [each for each in found if each is not None]
        yield UnstackedBands(folder, names[0][0], tuple(band for _, band in names), len(images))


def _are_single_bands(paths: Sequence[str]) -> bool:
    try:
        headers = [read_header(path) for path in paths]
    except SourceError:
        return False
    first = headers[0]
    return all(
        len(header.bands) == 1 and (header.width, header.height) == (first.width, first.height)
        for header in headers
    )


def advice_on(found: UnstackedBands) -> str:
    """Return what to do about bands in files of their own."""
    bands = ", ".join(found.bands[:6]) + (" …" if len(found.bands) > 6 else "")
    return (
        f"{PurePath(found.folder).name} holds bands in files of their own ({found.product}: {bands}); "
        f"each would be an item of one band. State --type {STACK} to make one item of them, with "
        "--band-order for their order, or the product's own type; --type raster-dataset takes each "
        "file by itself. `swath definition inspect` says what is there"
    )
