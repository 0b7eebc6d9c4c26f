"""GeoTIFF: georeference, compression, names, and how invalid pixels are told."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rasterio.io import DatasetReader, MemoryFile

from engine.errors import InvalidParameter
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions, Georeference
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Georeference("EPSG:32633", (5e5, 10.0, 0.0, 5e6, 0.0, -10.0))
# A transverse Mercator of nobody's register.
LOCAL = (
    'PROJCS["here",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",11.5],PARAMETER["scale_factor",1],'
    'PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def ramp(dtype: str, bands: int = 1, side: int = 20) -> PixelBlock:
    data = (np.arange(bands * side * side) % 120 + 1).astype(dtype).reshape(bands, side, side)
    return PixelBlock(data, np.ones((1, side, side), np.bool_))


def with_hole(block: PixelBlock) -> PixelBlock:
    valid = block.valid.copy()
    valid[:, 3:7, 5:9] = False
    return PixelBlock(block.data, valid)


@contextmanager
def opened(block: PixelBlock, options: EncodeOptions) -> Iterator[DatasetReader]:
    data = FORMATS["tiff"].encode(block, options).data
    with MemoryFile(data) as file, file.open() as dataset:
        yield dataset


def test_place_and_names_are_in_the_file() -> None:
    options = EncodeOptions(georeference=HERE, band_names=("red", "near infrared"))
    with opened(ramp("uint16", 2), options) as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert dataset.transform.to_gdal() == HERE.geotransform
        assert dataset.descriptions == ("red", "near infrared")


def test_a_crs_without_a_code_is_written_from_its_text() -> None:
    where = Georeference(LOCAL, HERE.geotransform, LOCAL)
    with opened(ramp("uint8"), EncodeOptions(georeference=where)) as dataset:
        assert dataset.crs.to_dict()["lon_0"] == 11.5


def test_a_crs_that_gdal_does_not_know_is_refused() -> None:
    where = Georeference("EPSG:999999", HERE.geotransform)
    with pytest.raises(InvalidParameter, match="imageSR"):
        FORMATS["tiff"].encode(ramp("uint8"), EncodeOptions(georeference=where))


@pytest.mark.parametrize(
    ("asked", "written"),
    [("LZ77", "deflate"), ("Deflate", "deflate"), ("lzw", "lzw"), ("ZSTD", "zstd"), ("None", None)],
)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("side", [20, 300])
def test_lossless_compressions_keep_every_bit(
    asked: str, written: str | None, dtype: str, side: int
) -> None:
    block = ramp(dtype, 2, side)
    with opened(block, EncodeOptions(georeference=HERE, compression=asked)) as dataset:
        assert (dataset.compression.value.lower() if dataset.compression else None) == written
        assert (dataset.read() == block.data).all()


def test_jpeg_compression_is_near_the_samples() -> None:
    y, x = np.mgrid[0:64, 0:64]
    data = np.stack((x * 3, y * 3, (x + y) * 2)).astype(np.uint8)
    block = PixelBlock(data, np.ones((1, 64, 64), np.bool_))
    options = EncodeOptions(georeference=HERE, compression="JPEG", quality=95)
    with opened(block, options) as dataset:
        assert np.abs(dataset.read().astype(int) - data).mean() < 3


def test_lerc_compression_keeps_its_tolerance() -> None:
    block = ramp("float32")
    options = EncodeOptions(georeference=HERE, compression="LERC", tolerance=0.5)
    with opened(block, options) as dataset:
        assert np.abs(dataset.read() - block.data).max() <= 0.5


def test_an_unknown_compression_names_the_known_ones() -> None:
    with pytest.raises(InvalidParameter, match=r"'RLE'.*LZ77"):
        FORMATS["tiff"].encode(ramp("uint8"), EncodeOptions(compression="RLE"))


@pytest.mark.parametrize("block", [ramp("uint16"), ramp("uint8", 2)])
def test_jpeg_is_refused_where_it_cannot_hold_the_samples(block: PixelBlock) -> None:
    with pytest.raises(InvalidParameter, match="JPEG"):
        FORMATS["tiff"].encode(block, EncodeOptions(compression="JPEG"))


def test_jpeg_is_refused_for_a_palette() -> None:
    options = EncodeOptions(compression="JPEG", colormap=((1, 9, 9, 9),))
    with pytest.raises(InvalidParameter, match="palette"):
        FORMATS["tiff"].encode(ramp("uint8", 1), options)


def test_a_declared_no_data_value_is_the_tag_and_the_fill() -> None:
    block = with_hole(ramp("int16", 2))
    with opened(block, EncodeOptions(georeference=HERE, no_data=(-99.0,))) as dataset:
        assert dataset.nodata == -99
        assert (dataset.read()[:, ~block.valid[0]] == -99).all()
        assert (dataset.read_masks() != 0)[0].tolist() == block.valid[0].tolist()


def test_a_declared_value_is_written_even_where_all_pixels_are_valid() -> None:
    with opened(ramp("int16"), EncodeOptions(georeference=HERE, no_data=(-99.0,))) as dataset:
        assert dataset.nodata == -99


def test_floats_without_a_declared_value_use_nan() -> None:
    block = with_hole(ramp("float32"))
    with opened(block, EncodeOptions(georeference=HERE)) as dataset:
        assert np.isnan(dataset.nodata)
        assert (np.isnan(dataset.read(1)) == ~block.valid[0]).all()


@pytest.mark.parametrize("no_data", [(), (5.0,), (256.0,), (1.0, 2.0)])
def test_integers_whose_values_are_all_in_use_get_a_mask(no_data: tuple[float, ...]) -> None:
    block = with_hole(ramp("uint8", 2))
    with opened(block, EncodeOptions(georeference=HERE, no_data=no_data)) as dataset:
        assert dataset.nodata is None
        assert ((dataset.read_masks() != 0) == block.valid).all()


def test_four_bands_of_bytes_are_no_colours_with_alpha() -> None:
    with opened(ramp("uint8", 4), EncodeOptions(georeference=HERE)) as dataset:
        assert [kind.name for kind in dataset.colorinterp] == ["gray", *["undefined"] * 3]


def test_a_palette_is_written_with_one_band() -> None:
    options = EncodeOptions(georeference=HERE, colormap=((0, 0, 0, 0), (7, 10, 20, 30)))
    with opened(ramp("uint8"), options) as dataset:
        assert dataset.colormap(1)[7] == (10, 20, 30, 255)
