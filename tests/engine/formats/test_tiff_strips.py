"""TIFFs made strip by strip are read back bit for bit by GDAL."""

from __future__ import annotations

import numpy as np
import pytest
from rasterio.io import MemoryFile

from engine.errors import InvalidParameter
from engine.formats.base import EncodeOptions, Georeference
from engine.formats.tiff_strips import RasterShape, encode_strip, make_layout
from engine.pixels import PixelBlock
from engine.tiff_layout import TiffLayout, finish, uncompressed_sizes

HERE = Georeference("EPSG:32633", (5e5, 10.0, 0.0, 5e6, 0.0, -10.0))
ROWS, COLS = 41, 33


def options(compression: str, no_data: tuple[float, ...] = ()) -> EncodeOptions:
    return EncodeOptions(
        compression=compression, georeference=HERE, no_data=no_data, band_names=("first",)
    )


def pixels(dtype: str, bands: int) -> PixelBlock:
    random = np.random.default_rng(11)
    kind = np.dtype(dtype)
    data = random.integers(0, 120, (bands, ROWS, COLS)).astype(kind)
    return PixelBlock(data, random.random((1, ROWS, COLS)) > 0.3)


def assembled(block: PixelBlock, layout: TiffLayout) -> bytes:
    strips = []
    for strip in range(layout.strips):
        first = strip * layout.rows_per_strip
        rows = slice(first, first + layout.rows_of(strip))
        strips.append(encode_strip(PixelBlock(block.data[:, rows], block.valid[:, rows]), layout))
    sizes = [strip.sizes for strip in strips]
    if layout.compression == "none":
        assert sizes == uncompressed_sizes(layout)
    return finish(layout, sizes) + b"".join(strip.data for strip in strips)


@pytest.mark.parametrize("rows_per_strip", [1, 16, 64])
@pytest.mark.parametrize("compression", ["None", "LZ77", "LZW", "ZSTD"])
@pytest.mark.parametrize(
    ("dtype", "bands"), [("uint8", 1), ("uint8", 3), ("int8", 2), ("uint16", 4), ("float64", 2)]
)
def test_gdal_reads_every_pixel_and_its_validity(
    dtype: str, bands: int, compression: str, rows_per_strip: int
) -> None:
    block = pixels(dtype, bands)
    layout = make_layout(
        RasterShape(COLS, ROWS, bands, dtype), rows_per_strip, options(compression)
    )
    with MemoryFile(assembled(block, layout)) as file, file.open() as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert dataset.transform.to_gdal() == HERE.geotransform
        assert dataset.descriptions[0] == "first"
        valid = dataset.read_masks() != 0
        assert (valid == block.valid).all()
        assert (dataset.read()[valid] == block.data[valid]).all()


def test_a_declared_no_data_value_is_tag_and_fill() -> None:
    block = pixels("int16", 2)
    layout = make_layout(RasterShape(COLS, ROWS, 2, "int16"), 16, options("LZ77", (-99.0,)))
    with MemoryFile(assembled(block, layout)) as file, file.open() as dataset:
        assert dataset.nodata == -99
        assert (dataset.read()[:, ~block.valid[0]] == -99).all()


def test_an_image_beyond_four_gigabytes_has_64_bit_offsets() -> None:
    layout = make_layout(RasterShape(40000, 40000, 3, "uint8"), 64, options("None"))
    assert layout.big
    header = finish(layout, uncompressed_sizes(layout))
    assert header[:4] == b"II+\0"
    assert len(header) == len(layout.header) < 100_000


def test_an_image_below_four_gigabytes_is_a_classic_tiff() -> None:
    layout = make_layout(RasterShape(20000, 20000, 3, "uint8"), 64, options("LZ77"))
    assert not layout.big
    assert layout.header[:4] == b"II*\0"


@pytest.mark.parametrize("compression", ["JPEG", "LERC", "RLE"])
def test_compressions_that_need_the_whole_image_are_refused(compression: str) -> None:
    with pytest.raises(InvalidParameter, match="compression"):
        make_layout(RasterShape(COLS, ROWS, 3, "uint8"), 16, options(compression))


def test_a_block_of_another_shape_or_type_is_refused() -> None:
    layout = make_layout(RasterShape(COLS, ROWS, 3, "uint8"), 16, options("None"))
    whole = pixels("uint8", 3)
    with pytest.raises(ValueError, match="does not fit"):
        encode_strip(whole, layout)
    rows = PixelBlock(whole.data[:, :16].astype(np.uint16), whole.valid[:, :16])
    with pytest.raises(ValueError, match="does not fit"):
        encode_strip(rows, layout)
