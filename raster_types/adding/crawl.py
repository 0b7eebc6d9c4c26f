"""Find files, offer their names to a raster type, and read the headers of what it recognises."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.build.definition_folder import SUFFIX
from engine.errors import ConfigError
from engine.readers.header import read_header
from raster_types import RASTER_TYPES
from raster_types.base import FileState, ItemOptions, Product, RasterType
from raster_types.items.image_files import ZARR_GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.build.raster_record import NewItem

NO_TEXT = "Its name is not UTF-8 text, which no catalog can hold; rename the file or folder."


@dataclass(frozen=True, slots=True)
class ProductJob:
    """One product to be read by a worker."""

    raster_type: str
    paths: tuple[str, ...]
    options: ItemOptions

    @property
    def path(self) -> str:
        """The file that names the product."""
        return self.paths[0]


@dataclass(frozen=True, slots=True)
class ReadProduct:
    """The items of a product, and the files of text that were read for them."""

    items: list[NewItem]
    files: dict[str, FileState]


def read_product(job: ProductJob) -> list[NewItem]:
    """Make the items of one product.

    Raises
    ------
    SourceError
        The product cannot be read.
    """
    return read_product_files(job).items


def read_product_files(job: ProductJob) -> ReadProduct:
    """Do as `read_product` and tell what was read; runs in a worker."""
    product = Product(job.paths, read_header)
    items = list(RASTER_TYPES[job.raster_type].items(product, job.options))
    return ReadProduct(items, product.files)


def find_products(
    paths: Iterable[Path], raster_type: RasterType, *, glob: str, recursive: bool
) -> Iterator[tuple[str, ...]]:
    """Yield the products among files and folders, sorted by name within each folder.

    Parameters
    ----------
    paths
        A file given here is taken whatever its name, with the files of its product beside it.
    glob
        Pattern for the names of files in folders; a product counts when one of its files fits.
    recursive
        Whether folders inside folders are looked into; links to folders are not followed, and
        definitions and names that begin with a dot are left out.

    Raises
    ------
    ConfigError
        A path does not exist.
    """
    beside: dict[Path, dict[str, tuple[str, ...]]] = {}
    for path in paths:
        if path.is_dir():
            for folder in folders_of(path, recursive=recursive):
                for product in _match(folder, raster_type):
                    if any(fnmatch.fnmatch(PurePath(each).name, glob) for each in product):
                        yield product
        elif path.exists():
            here = path.absolute()
            if here.parent not in beside:
                products = _match(here.parent, raster_type)
                beside[here.parent] = {each: product for product in products for each in product}
            yield beside[here.parent].get(str(here), (str(here),))
        else:
            raise ConfigError(path, "", "does not exist; expected a raster file or a folder")


def _match(folder: Path, raster_type: RasterType) -> Iterator[tuple[str, ...]]:
    return raster_type.match(files_of_folder(folder))


def files_of_folder(folder: Path) -> list[str]:
    """Return the files of a folder, sorted by name, without those that begin with a dot (but Zarr's).

    Raises
    ------
    ConfigError
        It cannot be listed.
    """
    return [str(folder / name) for name in sorted(_files(folder))]


def _files(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                is_hidden = entry.name.startswith(".") and entry.name not in ZARR_GROUPS
                if not is_hidden and entry.is_file():
                    yield entry.name
    except OSError as err:
        raise ConfigError(folder, "", f"cannot be listed: {err.strerror}") from err


def is_text(path: str) -> bool:
    """Tell whether a path is text in UTF-8, as catalogs hold it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(path: str) -> str:
    """Return a path that can be shown: bytes that are no text by their numbers."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def folders_of(top: Path, *, recursive: bool) -> Iterator[Path]:
    """Yield a folder, and those inside it where asked for, sorted; definitions are left out."""
    top = top.absolute()
    if not recursive:
        yield top
        return
    for folder, inside, _ in os.walk(top):
        inside[:] = sorted(
            name for name in inside if not name.startswith(".") and not name.endswith(SUFFIX)
        )
        yield Path(folder)
