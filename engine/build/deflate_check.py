"""Check the checksums of deflated blocks of a GeoTIFF, which GDAL decodes without looking at them."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from rasterio.enums import Compression, Interleaving

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


def has_checksums(dataset: DatasetReader) -> bool:
    """Tell whether a file's blocks are deflated, and all of them are in the file itself."""
    compression = dataset.compression
    is_deflated = isinstance(compression, Compression) and compression.value.lower() in (
        "deflate",
        "adobe_deflate",
    )
    beside = any(str(name).lower().endswith((".ovr", ".msk")) for name in dataset.files)
    return bool(dataset.driver == "GTiff" and is_deflated and not beside)


def bad_block(dataset: DatasetReader, level: int, block: tuple[int, int]) -> str:
    """Return what is wrong with a block's bytes, "" for nothing.

    Parameters
    ----------
    dataset
        At full resolution.
    level
        0 = full resolution, then GDAL's overviews.
    block : (row, col)
        Among the blocks of its level.
    """
    row, col = block
    bands = range(1, dataset.count + 1) if dataset.interleaving == Interleaving.band else (1,)
    overview = None if level == 0 else level - 1
    for band in bands:
        place, size = (
            dataset.get_tag_item(f"BLOCK_{what}_{col}_{row}", "TIFF", bidx=band, ovr=overview)
            for what in ("OFFSET", "SIZE")
        )
        if not place or not size:
            # Sparse: the file has no such block.
            continue
        with Path(dataset.name).open("rb") as file:
            file.seek(int(place))
            packed = file.read(int(size))
        try:
            zlib.decompress(packed)
        except zlib.error as err:
            return f"its bytes are not as they were written ({err})"
    return ""
