"""Which files are images by their names, and what all raster types make of one alike."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from engine.build.raster_record import SourceDefinition
from engine.errors import UnknownProduct
from engine.geometry.terrain_definition import RasterTerrain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions

# A file with one of these names claims to be a raster: if it cannot be read, that is worth an item.
RASTER_SUFFIXES = frozenset(
    [
        ".tif",
        ".tiff",
        ".gtiff",
        ".jp2",
        ".j2k",
        ".jpg",
        ".jpeg",
        ".png",
        ".webp",
        ".img",
        ".asc",
        ".grd",
        ".bil",
        ".bip",
        ".bsq",
        ".dem",
        ".hgt",
        ".dt0",
        ".dt1",
        ".dt2",
        ".ntf",
        ".nitf",
        ".mrf",
        ".gif",
        ".bmp",
        ".bin",
        ".dat",
        ".ppm",
        ".pgm",
        ".vrt",
        ".nc",
        ".hdf",
        ".h5",
        ".he5",
        ".grb",
        ".grb2",
        ".grib",
        ".grib2",
        ".ecw",
        ".sid",
        ".kea",
        ".pix",
        ".rst",
        ".sdat",
        ".bt",
        ".gtx",
        ".adf",
        ".raw",
    ]
)
# Files that make a folder a Zarr group.
ZARR_GROUPS = (".zgroup", "zarr.json")
# Files that stand beside rasters, or are other things altogether: never opened.
SIDE_SUFFIXES = frozenset(
    [
        ".xml",
        ".ovr",
        ".msk",
        ".aux",
        ".rrd",
        ".hdr",
        ".prj",
        ".tfw",
        ".tifw",
        ".jgw",
        ".pgw",
        ".wld",
        ".j2w",
        ".gfw",
        ".bpw",
        ".clr",
        ".stx",
        ".sta",
        ".idx",
        ".pjg",
        ".ppg",
        ".lrc",
        ".til",
        ".pzp",
        ".txt",
        ".md",
        ".json",
        ".geojson",
        ".csv",
        ".html",
        ".htm",
        ".pdf",
        ".doc",
        ".docx",
        ".dbf",
        ".shp",
        ".shx",
        ".cpg",
        ".gpkg",
        ".sqlite",
        ".zip",
        ".tar",
        ".gz",
        ".7z",
        ".py",
        ".sh",
        ".log",
        ".toml",
        ".yaml",
        ".yml",
        ".imd",
        ".rpb",
        ".geom",
        ".pvl",
        ".rpc",
        ".eph",
        ".att",
        ".geo",
        ".xsd",
        ".xsl",
        ".qpj",
        ".qgz",
        ".qgs",
        ".isdef",
        ".zmd",
        ".pmtiles",
        ".mbtiles",
        ".parquet",
        ".zarr",
        ".zattrs",
        ".zgroup",
        ".zarray",
        ".zmetadata",
    ]
)


def single_images(paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield every file that may be a raster by its name, each a product by itself."""
    return ((path,) for path in paths if is_image_name(path))


class SingleImageType:
    """What raster types have in common that take each image file for a product."""

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield every file that may be a raster by its name."""
        return single_images(paths)

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return claims_to_be_raster(path)


def by_folder(paths: Sequence[str]) -> Iterator[list[str]]:
    """Yield the files of each folder."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(str(PurePath(path).parent), []).append(path)
    return iter(folders.values())


def is_image_name(path: str) -> bool:
    """Tell whether a file may be a raster by its name."""
    if PurePath(path).name in ZARR_GROUPS:
        return False
    return PurePath(path).suffix.lower() not in SIDE_SUFFIXES


def claims_to_be_raster(path: str) -> bool:
    """Tell whether a name claims that its file is a raster."""
    return PurePath(path).suffix.lower() in RASTER_SUFFIXES


def is_terrain(path: str, options: ItemOptions) -> bool:
    """Tell whether a file is the terrain under the images, which may stand among them."""
    terrain = options.terrain
    if not isinstance(terrain, RasterTerrain):
        return False
    return path == terrain.path or Path(path).resolve() == Path(terrain.path).resolve()


def source_of(header: RasterHeader, options: ItemOptions) -> SourceDefinition:
    """Return a file as an item's source, with what the author states of its pixels.

    Raises
    ------
    UnknownProduct
        The author names a band that the file does not have.
    """
    check_bands(header, options)
    return SourceDefinition(
        path=header.path,
        bands=options.bands,
        no_data=options.no_data,
        valid_range=options.valid_range,
    )


def check_bands(header: RasterHeader, options: ItemOptions) -> None:
    """Raise UnknownProduct where the author names bands that the file does not have."""
    count = len(header.bands)
    for band in options.bands:
        if not 1 <= band <= count:
            why = f"band {band} is asked for, but the file has {count}"
            raise UnknownProduct(header.path, why)
