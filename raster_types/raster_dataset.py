"""Plain rasters: each file is one item, placed by its own geotransform."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.build.item_build import placement_problem
from engine.build.raster_record import ItemStatus, NewItem, RasterDefinition, SourceDefinition
from engine.errors import UnknownProduct
from raster_types.author_fields import parse_date_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.readers.header import RasterHeader
    from raster_types.base import ItemOptions, Product

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


class RasterDatasetType:
    """The raster type "raster-dataset"."""

    name = "raster-dataset"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield every file that may be a raster by its name."""
        for path in paths:
            if PurePath(path).suffix.lower() not in SIDE_SUFFIXES:
                yield (path,)

    def is_expected(self, path: str) -> bool:
        """Tell by the name's ending."""
        return PurePath(path).suffix.lower() in RASTER_SUFFIXES

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item of one file."""
        header = product.header(product.main)
        check_bands(header, options)
        problem = placement_problem(header, options.crs or header.crs)
        status, message = problem or (ItemStatus.ADDED, "")
        source = SourceDefinition(
            path=product.main,
            bands=options.bands,
            no_data=options.no_data,
            valid_range=options.valid_range,
            crs=options.crs,
        )
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(raster_type=self.name, sources=(source,)),
            headers=(header,),
            attributes=acquisition_attributes(header),
            status=status,
            message=message,
        )


def check_bands(header: RasterHeader, options: ItemOptions) -> None:
    """Raise UnknownProduct where the author names bands that the file does not have."""
    count = len(header.bands)
    for band in options.bands:
        if not 1 <= band <= count:
            why = f"band {band} is asked for, but the file has {count}"
            raise UnknownProduct(header.path, why)


def acquisition_attributes(header: RasterHeader) -> dict[str, str | int | float | None]:
    """Return what the header says of the acquisition; a file's own date is not that."""
    for tag in ("ACQUISITIONDATETIME", "ACQUISITION_DATE"):
        date = parse_date_text(header.tags.get(tag, ""))
        if date is not None:
            return {"AcqDate": date}
    return {}
