"""GeoTIFF through GDAL: all bands, their own type, georeferenced, with no-data tag or internal mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.io import DatasetWriter, MemoryFile

from engine.errors import InvalidParameter
from engine.format_names import FORMAT_NAMES
from engine.formats.base import Encoded, EncodeOptions, Georeference
from engine.formats.picture_pixels import planes_of
from engine.formats.raw_samples import interleaved, little_endian
from engine.helper_threads import fill
from engine.no_data import representable
from engine.tiff_layout import TiffLayout, finish, is_big, prepared, uncompressed_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixels import Array, PixelBlock, Pixels

COMPRESSIONS = {
    "": "NONE",
    "none": "NONE",
    "lz77": "DEFLATE",
    "deflate": "DEFLATE",
    "lzw": "LZW",
    "zstd": "ZSTD",
    "jpeg": "JPEG",
    "lerc": "LERC",
}
_WITH_PREDICTOR = ("DEFLATE", "LZW", "ZSTD")
_TILE = 256
# Uncompressed files are written in strips of about so many bytes: readers of windows need few of them.
_STRIP_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class _Samples:
    """What is written: data with fill, and how a reader learns what is invalid."""

    data: Array
    no_data: float | None
    mask: NDArray[np.bool_] | None


def compression_name(asked: str) -> str:
    """Return GDAL's name of a compression.

    Raises
    ------
    InvalidParameter
    """
    found = COMPRESSIONS.get(asked.strip().lower())
    if found is None:
        raise InvalidParameter("compression", asked, "None, LZ77, Deflate, LZW, ZSTD, JPEG or LERC")
    return found


def declared_no_data(options: EncodeOptions, dtype: np.dtype[Any]) -> float | None:
    """Return the one no-data value that the options declare for all bands and the type holds, or None."""
    values = {representable(value, dtype) for value in options.no_data}
    return values.pop() if len(values) == 1 else None


def base_profile(width: int, height: int, bands: int, dtype: str) -> dict[str, object]:
    """Return the creation options that every TIFF of these dimensions has.

    Only three uint8 bands are colours; without saying so GDAL takes the fourth for alpha.
    """
    colour = bands == 3 and dtype == "uint8"
    return {
        "driver": "GTiff",
        "width": width,
        "height": height,
        "count": bands,
        "dtype": dtype,
        "interleave": "pixel",
        "photometric": "RGB" if colour else "MINISBLACK",
        **({} if colour else {"alpha": "NO"}),
    }


def georeference_profile(georeference: Georeference | None, height: int) -> dict[str, object]:
    """Return CRS and geotransform for rasterio; without either, pixels from the lower left corner.

    Raises
    ------
    InvalidParameter
        GDAL does not know the CRS.
    """
    if georeference is None:
        return {"transform": rasterio.Affine(1.0, 0.0, 0.0, 0.0, -1.0, height)}
    profile: dict[str, object] = {
        "transform": rasterio.Affine.from_gdal(*georeference.geotransform)
    }
    text = georeference.crs
    if text and not text.startswith(("EPSG:", "ESRI:")):
        text = georeference.wkt or text
    try:
        return {**profile, "crs": CRS.from_user_input(text)} if text else profile
    except CRSError as err:
        raise InvalidParameter(
            "imageSR", text, "a coordinate system that GeoTIFF can name"
        ) from err


def describe(dataset: DatasetWriter, options: EncodeOptions) -> None:
    """Write band names, and the colour table of a one-band raster."""
    for band, name in enumerate(options.band_names[: dataset.count], start=1):
        dataset.set_band_description(band, name)
    if options.colormap and dataset.count == 1 and dataset.dtypes[0] in ("uint8", "uint16"):
        dataset.write_colormap(1, {value: (r, g, b, 255) for value, r, g, b in options.colormap})


def _collides(block: PixelBlock, value: float) -> bool:
    return bool(((block.data == block.data.dtype.type(value)) & block.valid).any())


def _free_value(block: PixelBlock, options: EncodeOptions) -> float | None:
    """Return a value that no valid sample has, to mean no data; None where none was found."""
    dtype = block.data.dtype
    if dtype.kind == "f":
        declared = declared_no_data(options, dtype)
        return float("nan") if declared is None else declared
    limits = np.iinfo(dtype)
    candidates = [*options.no_data, limits.min, limits.max]
    for candidate in candidates:
        value = representable(candidate, dtype)
        if value is not None and not _collides(block, value):
            return value
    return None


def _filled(block: PixelBlock, value: float) -> Array:
    if block.valid.all():
        return block.data
    return np.where(block.valid, block.data, block.data.dtype.type(value))


def _samples(block: PixelBlock, options: EncodeOptions) -> _Samples:
    """Choose how invalid pixels are written.

    A declared no-data value that no valid sample has is the tag; NaN for floats; else an internal mask,
    or, where validity differs by band and one mask cannot say it, any value that is free.
    """
    declared = declared_no_data(options, block.data.dtype)
    if declared is not None and not _collides(block, declared):
        return _Samples(_filled(block, declared), declared, None)
    if block.valid.all():
        return _Samples(block.data, None, None)
    if block.data.dtype.kind == "f" or block.valid.shape[0] > 1:
        value = _free_value(block, options)
        if value is not None:
            return _Samples(_filled(block, value), value, None)
    return _Samples(_filled(block, 0), None, block.valid_any())


def check_compression(asked: str, dtype: str, bands: int, *, has_palette: bool) -> None:
    """Refuse a compression that cannot hold such samples; called before anything is rendered.

    Raises
    ------
    InvalidParameter
        It is unknown, or JPEG of what is not 1 or 3 bands of uint8 without a palette.
    """
    if compression_name(asked) != "JPEG":
        return
    if dtype != "uint8" or bands not in (1, 3) or has_palette:
        palette = " with a palette" if has_palette else ""
        raise InvalidParameter(
            "compression",
            "JPEG",
            f"None, LZ77, LZW or ZSTD for {bands} band(s) of {dtype}{palette}"
            " (JPEG holds 1 or 3 bands of uint8 without a palette)",
        )


def _profile(block: PixelBlock, options: EncodeOptions) -> dict[str, object]:
    profile = base_profile(block.cols, block.rows, block.bands, block.data.dtype.name)
    has_palette = bool(options.colormap) and block.bands == 1
    dtype = block.data.dtype.name
    check_compression(options.compression, dtype, block.bands, has_palette=has_palette)
    compression = compression_name(options.compression)
    profile |= georeference_profile(options.georeference, block.rows)
    profile["compress"] = compression
    if min(block.cols, block.rows) >= _TILE:
        profile |= {"tiled": True, "blockxsize": _TILE, "blockysize": _TILE}
    if compression in _WITH_PREDICTOR:
        profile["predictor"] = 3 if block.data.dtype.kind == "f" else 2
    if compression == "JPEG":
        profile["jpeg_quality"] = min(100, max(1, options.quality))
        if block.bands == 3:
            profile["photometric"] = "YCBCR"
    if compression == "LERC":
        profile["max_z_error"] = options.tolerance
    return profile


def _uncompressed(
    samples: _Samples, profile: dict[str, object], options: EncodeOptions
) -> memoryview:
    """Return a file whose header GDAL made; the samples go behind it as they are, copied once."""
    bands, rows, cols = samples.data.shape
    dtype = samples.data.dtype
    rows_per_strip = min(rows, max(1, _STRIP_BYTES // (cols * bands * dtype.itemsize)))
    strips = {
        "tiled": False,
        "blockysize": rows_per_strip,
        "sparse_ok": True,
        "bigtiff": "IF_SAFER",
    }
    with MemoryFile() as file:
        with file.open(**(profile | strips)) as dataset:
            describe(dataset, options)
        template = bytes(file.getbuffer())
    header, parts = prepared(template, -(-rows // rows_per_strip), mask_compression=1)
    layout = TiffLayout(
        width=cols,
        height=rows,
        bands=bands,
        dtype=dtype.name,
        sample_bytes=dtype.itemsize,
        rows_per_strip=rows_per_strip,
        compression="none",
        big=is_big(header),
        header=header,
        parts=parts,
    )
    start = finish(layout, uncompressed_sizes(layout))
    body = little_endian(interleaved(samples.data))
    # numpy asks for huge pages, which makes filling a large buffer several times faster.
    file_bytes = np.empty(len(start) + len(body), np.uint8)
    file_bytes[: len(start)] = np.frombuffer(start, np.uint8)
    fill(file_bytes[len(start) :], np.frombuffer(body, np.uint8))
    return file_bytes.data


class Tiff:
    """The `tiff` format."""

    extension = FORMAT_NAMES["tiff"].extension
    is_picture = False

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Encoded:
        """Return a GeoTIFF.

        Raises
        ------
        InvalidParameter
            An unknown compression or CRS, or JPEG of samples that JPEG cannot hold.
        """
        block = planes_of(pixels)
        samples = _samples(block, options)
        profile = _profile(block, options)
        if samples.no_data is not None:
            profile["nodata"] = samples.no_data
        media_type = FORMAT_NAMES["tiff"].media_type
        if profile["compress"] == "NONE" and samples.mask is None:
            return Encoded(_uncompressed(samples, profile, options), media_type)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), MemoryFile() as file:
            with file.open(**profile) as dataset:
                describe(dataset, options)
                dataset.write(samples.data)
                if samples.mask is not None:
                    dataset.write_mask(samples.mask)
            return Encoded(bytes(file.getbuffer()), media_type)
