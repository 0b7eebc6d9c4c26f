"""Large TIFFs strip by strip: GDAL makes the header, instances the strips, nobody holds the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from isal import isal_zlib
from rasterio.io import MemoryFile

from engine.errors import InvalidParameter
from engine.formats.raw_samples import interleaved, little_endian
from engine.formats.tiff import (
    base_profile,
    compression_name,
    declared_no_data,
    describe,
    georeference_profile,
)
from engine.tiff_layout import TiffLayout, is_big, only_strip, prepared

if TYPE_CHECKING:
    from engine.formats.base import EncodeOptions
    from engine.pixels import Array, PixelBlock

_COMPRESSIONS = {"NONE": "none", "DEFLATE": "deflate", "LZW": "lzw", "ZSTD": "zstd"}
_CODE_NONE = 1
_CODE_DEFLATE = 8
# 4 GB less what incompressible strips may grow by and the header takes.
_MOST_CLASSIC_BYTES = 3_900_000_000
_DEFLATE_LEVEL = 1


@dataclass(frozen=True, slots=True)
class RasterShape:
    """Dimensions and sample type (a numpy name) of a whole image."""

    width: int
    height: int
    bands: int
    dtype: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One row block: the bytes of its parts one behind the other, and the size of each."""

    data: bytes
    sizes: tuple[int, ...]


def make_layout(shape: RasterShape, rows_per_strip: int, options: EncodeOptions) -> TiffLayout:
    """Return the header of a TIFF whose strips are still to come.

    Floats say invalid by the no-data tag (NaN where none is declared), integers by an internal mask,
    since no value is known to be free before the pixels are.

    Raises
    ------
    InvalidParameter
        A compression that strips made one by one cannot have, or an unknown CRS.
    """
    compression = compression_name(options.compression)
    if compression not in _COMPRESSIONS:
        raise InvalidParameter(
            "compression", options.compression, "None, LZ77, LZW or ZSTD for an image of this size"
        )
    dtype = np.dtype(shape.dtype)
    no_data = declared_no_data(options, dtype)
    if no_data is None and dtype.kind == "f":
        no_data = float("nan")
    size = shape.width * shape.height * shape.bands * dtype.itemsize
    profile = base_profile(shape.width, shape.height, shape.bands, shape.dtype)
    profile |= georeference_profile(options.georeference, shape.height)
    profile |= {
        "compress": compression,
        "tiled": False,
        "blockysize": min(rows_per_strip, shape.height),
        "sparse_ok": True,
        "bigtiff": "YES" if size > _MOST_CLASSIC_BYTES else "NO",
    }
    if no_data is not None:
        profile["nodata"] = no_data
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), MemoryFile() as file:
        with file.open(**profile) as dataset:
            describe(dataset, options)
            if dtype.kind != "f":
                # One zero written into an empty mask creates it and allocates nothing.
                dataset.write_mask(np.zeros((1, 1), np.uint8), window=((0, 1), (0, 1)))
        template = bytes(file.getbuffer())
    rows_per_strip = min(rows_per_strip, shape.height)
    header, parts = prepared(
        template,
        -(-shape.height // rows_per_strip),
        mask_compression=_CODE_NONE if compression == "NONE" else _CODE_DEFLATE,
    )
    return TiffLayout(
        width=shape.width,
        height=shape.height,
        bands=shape.bands,
        dtype=shape.dtype,
        sample_bytes=dtype.itemsize,
        rows_per_strip=rows_per_strip,
        compression=_COMPRESSIONS[compression],
        big=is_big(header),
        header=header,
        parts=parts,
        fill=0.0 if no_data is None else no_data,
    )


def encode_strip(block: PixelBlock, layout: TiffLayout) -> Strip:
    """Return one row block as it stands in the file.

    Parameters
    ----------
    block
        `layout.rows_of(strip)` whole rows of the image, of the layout's type.

    Raises
    ------
    ValueError
        The block does not fit the layout.
    """
    fits = block.cols == layout.width and block.bands == layout.bands
    if not fits or block.data.dtype != layout.dtype or block.rows > layout.rows_per_strip:
        raise ValueError(
            f"a {block.data.shape} block of {block.data.dtype} does not fit the layout"
        )
    samples = interleaved(_filled(block, layout.fill))
    parts = [_compressed(samples, layout.compression)]
    if layout.has_mask:
        bits = np.packbits(block.valid_any(), axis=1).tobytes()
        parts.append(bits if layout.compression == "none" else _deflated(bits))
    return Strip(b"".join(parts), tuple(map(len, parts)))


def _filled(block: PixelBlock, fill: float) -> Array:
    if block.valid.all():
        return block.data
    return np.where(block.valid, block.data, block.data.dtype.type(fill))


def _deflated(data: bytes | memoryview) -> bytes:
    return bytes(isal_zlib.compress(data, _DEFLATE_LEVEL))


def _compressed(samples: Array, compression: str) -> bytes | memoryview:
    """Compress (rows, cols, bands) samples as one strip."""
    if compression == "none":
        return little_endian(samples)
    if compression == "deflate":
        return _deflated(little_endian(samples))
    return _by_gdal(samples, compression)


def _by_gdal(samples: Array, compression: str) -> bytes:
    """Have GDAL write a file of one strip and cut the strip out of it."""
    rows, cols, bands = samples.shape
    profile = base_profile(cols, rows, bands, samples.dtype.name) | georeference_profile(None, rows)
    profile |= {"compress": compression, "tiled": False, "blockysize": rows, "bigtiff": "NO"}
    with MemoryFile() as file:
        with file.open(**profile) as dataset:
            dataset.write(np.moveaxis(samples, 2, 0))
        return only_strip(bytes(file.getbuffer()))
