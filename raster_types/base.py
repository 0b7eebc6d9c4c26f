"""What a raster type is: code that recognises a product among files and makes items of it.

Rules: a raster type reads names, texts and raster headers, all through its `Product`, and no pixels.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

import msgspec

from engine.errors import SourceUnavailable
from engine.geometry.terrain_definition import TerrainDefinition
from engine.readers.source_state import state_of_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from engine.build.raster_record import NewItem
    from engine.readers.header import RasterHeader


# What can be fitted to control points: to an RPC a shift or an affine, to an image without a sensor model
# a polynomial of order 1 to 3 or a thin-plate spline.
GCP_FITS = ("shift", "affine", "order1", "order2", "order3", "spline")
VALUES = ("dn", "reflectance", "radiance")
# Stands in `ItemOptions.extras` for all quality bands.
ALL_QUALITY = "QA"
RESOLUTIONS = ("10", "20", "60", "all")


class ItemOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the author states about all rasters being added.

    Attributes
    ----------
    bands : tuple of int
        From 1; () = all.
    no_data : str
        A number; "" = as the files say.
    valid_range : (lowest, highest) or None
        Samples outside are no data.
    crs : str
        Canonical key used instead of the files' own; "" = as the files say.
    terrain : TerrainDefinition or None
        Under images with a sensor model; None = one height, the middle of the model's own.
    exterior, interior : str
        Absolute paths of files with orientations and cameras; "" = beside the images.
    gcps : str
        Absolute path of a file of ground control points; "" = none, or as the images say.
    gcp_fit : str
        What is fitted to them (`GCP_FITS`); "" = what suits their count.
    values : str
        "dn", "reflectance" or "radiance" (`VALUES`): what products' numbers become; "" = reflectance
        where a product says how.
    resolution : str
        Of the bands of products that have several ("10", "20", "60", "all"); "" = all.
    assets : tuple of str
        Assets of STAC items to take, in this order: keys, common names or band names; () = all spectral.
    extras : tuple of str
        Further rasters of products that become items of their own: "SCL", "TCI", "QA_PIXEL" …
    rewrite : tuple of (from, to)
        What links to begin with, and what local path stands for it.
    stack_regex : str
        Of type stack: searched in file names, with groups product and band; "" = usual band names.
    band_order : tuple of str
        Of type stack: bands as the pattern finds them, in this order; () = by number or colour.
    path_field : str
        Column of a table that holds the paths of rasters; "" = guessed.
    layer : str
        Of a table in a file of several; "" = the only one.
    table_crs : str
        Canonical key of the CRS of a table's geometries where the table does not say it.
    stack_variables : bool
        Of type series: variables on one grid become bands of one item a time.
    """

    bands: tuple[int, ...] = ()
    no_data: str = ""
    valid_range: tuple[float, float] | None = None
    crs: str = ""
    terrain: TerrainDefinition | None = None
    exterior: str = ""
    interior: str = ""
    gcps: str = ""
    gcp_fit: str = ""
    values: str = ""
    resolution: str = ""
    assets: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    rewrite: tuple[tuple[str, str], ...] = ()
    stack_regex: str = ""
    band_order: tuple[str, ...] = ()
    path_field: str = ""
    layer: str = ""
    table_crs: str = ""
    stack_variables: bool = False


FileState: TypeAlias = tuple[int, int]


def state_of_file(path: str) -> FileState:
    """Return size and time of change (ns) of a file or object; (-1, 0) where there is none."""
    return state_of_source(path)


@dataclass(frozen=True, slots=True)
class Product:
    """Read-only view of one product's files.

    Attributes
    ----------
    paths : tuple of str
        Absolute; the one that names the product first.
    read_header : callable
        From a path to its header; raises SourceError.
    files : dict
        Size and time of change of the files of text that were read so far.
    """

    paths: tuple[str, ...]
    read_header: Callable[[str], RasterHeader]
    files: dict[str, FileState] = field(default_factory=dict, compare=False)

    @property
    def main(self) -> str:
        """The file that names the product."""
        return self.paths[0]

    def header(self, path: str) -> RasterHeader:
        """Return the header of one of the product's rasters."""
        return self.read_header(path)

    def text(self, path: str, limit: int = 4_000_000) -> str:
        """Return the beginning of a text file of the product's, or one that says something of it."""
        # Before it is read: a change meanwhile shows as one.
        self.files[path] = state_of_file(path)
        try:
            with Path(path).open("rb") as file:
                # No more than there is: read() takes memory for all that it is asked for.
                size = os.fstat(file.fileno()).st_size
                return file.read(min(limit, size)).decode("utf-8", "replace")
        except OSError as err:
            raise SourceUnavailable(path, f"it cannot be read: {err.strerror}") from err

    def beside(self, path: str) -> list[str]:
        """Return the paths of the files in the folder of one of them, by name."""
        try:
            return sorted(str(each) for each in Path(path).parent.iterdir() if each.is_file())
        except OSError as err:
            raise SourceUnavailable(path, f"its folder cannot be read: {err.strerror}") from err


class RasterType(Protocol):
    """A family of products."""

    @property
    def name(self) -> str:
        """As `--type` takes it."""

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield the products among the files of one folder, as groups of paths."""

    def is_expected(self, path: str) -> bool:
        """Tell whether a file that cannot be read should be reported as an item that failed."""

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make the items of one product; raises SourceError where it cannot be read."""
