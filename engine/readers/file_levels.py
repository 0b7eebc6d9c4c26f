"""The levels of a raster file's pyramid: their sizes and blocks, and which of them can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError

from engine.errors import SourceError
from engine.item import Level
from engine.pixel_type import pixel_type_of_dtype
from engine.readers.drivers import open_raster
from engine.readers.source_state import SourceState
from engine.readers.tiff_directories import tiff_images
from engine.source_name import is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasterio.io import DatasetReader

    from engine.readers.header import RasterHeader

# One decoded block; larger ones (an untiled file in one strip, a bomb) would not fit beside others.
MAX_BLOCK_BYTES = 256 << 20


def block_bytes(dataset: DatasetReader) -> int:
    """Return the bytes that decoding one block takes, all bands where they are interleaved."""
    rows, cols = dataset.block_shapes[0]
    per_pixel = 16 if "complex" in dataset.dtypes[0] else _bytes_of(dataset.dtypes[0])
    bands = 1 if str(dataset.profile.get("interleave", "")).lower() == "band" else dataset.count
    return int(rows) * int(cols) * per_pixel * bands


def _bytes_of(dtype: str) -> int:
    ptype = pixel_type_of_dtype(dtype)
    return 8 if ptype is None else ptype.bytes_per_sample


def level_of(dataset: DatasetReader) -> Level:
    """Return size and blocks of what is open."""
    rows, cols = dataset.block_shapes[0]
    return Level(dataset.width, dataset.height, min(cols, dataset.width), min(rows, dataset.height))


def overview_levels(header: RasterHeader, count: int) -> tuple[Level, ...]:
    """Return the overviews that can be used: ever smaller, in sane blocks, with the same mask."""
    levels: list[Level] = []
    before = header.levels[0]
    for level in _tiff_overviews(header, count) or _opened_overviews(header, count):
        if level.width > before.width or level.height > before.height:
            break
        if (level.width, level.height) == (before.width, before.height):
            break
        levels.append(level)
        before = level
    if levels and header.mask == "dataset" and not _mask_is_in(header, len(levels) - 1):
        return ()
    return tuple(levels)


def _tiff_overviews(header: RasterHeader, count: int) -> tuple[Level, ...]:
    """Return the overviews in a TIFF file by its directories; () where GDAL must be asked.

    GDAL has counted them. It opens each as a raster of its own, CRS and all, which takes a
    millisecond; a COG has half a dozen.
    """
    if header.driver != "GTiff" or header.mask == "dataset" or not count:
        return ()
    images = () if is_remote(header.path) else tiff_images(header.path) or ()
    sample = max(band.pixel_type.bytes_per_sample for band in header.bands)
    levels = []
    for image in images[1:]:
        if image.is_mask or not image.is_reduced:
            continue
        together = image.samples if image.is_chunky else 1
        size = image.block_width * image.block_height * sample * together
        if image.samples != len(header.bands) or not 0 < size <= MAX_BLOCK_BYTES:
            return ()
        levels.append(
            Level(
                image.width,
                image.height,
                min(image.block_width, image.width),
                min(image.block_height, image.height),
            )
        )
    return tuple(levels) if len(levels) == count else ()


def _opened_overviews(header: RasterHeader, count: int) -> Iterator[Level]:
    """Yield overviews up to the first that cannot be used: in sane blocks, with the same mask."""
    for index in range(count):
        try:
            with _open(header, index) as dataset:
                level = level_of(dataset)
                usable = block_bytes(dataset) <= MAX_BLOCK_BYTES and _same_mask(header, dataset)
        except (SourceError, RasterioError, MemoryError):
            # A broken overview ends the pyramid; full resolution still serves.
            return
        if not usable:
            return
        yield level


def _open(header: RasterHeader, overview: int | None = None) -> DatasetReader:
    known = SourceState(header.size, header.mtime_ns)
    return open_raster(header.path, header.driver, overview, known=known)


def _mask_is_in(header: RasterHeader, overview: int) -> bool:
    """Tell whether the file's mask has overviews, too; GDAL takes missing ones for "all is valid".

    Reads small masks, no pixels: only where the overview claims to be all valid, full resolution is
    asked at as many places.
    """
    try:
        with _open(header, overview) as dataset:
            rows, cols = min(dataset.height, 512), min(dataset.width, 512)
            if not (dataset.read_masks(1, out_shape=(rows, cols)) != 0).all():
                return True
        with _open(header) as dataset:
            return bool((dataset.read_masks(1, out_shape=(rows, cols)) != 0).all())
    except (SourceError, RasterioError, MemoryError):
        return False


def _same_mask(header: RasterHeader, dataset: DatasetReader) -> bool:
    """Tell whether an overview has the mask that full resolution has: without it, collars show."""
    if header.mask == "dataset":
        return all(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)
    return bool(dataset.count == len(header.bands))
