"""Every output format: pixels come back as they were, by decoders that are not ours."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import lerc
import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile

from engine.format_names import FORMAT_NAMES
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions, Georeference
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Pixels, Rgbv, rgbv_of_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

PICTURES = [name for name, entry in FORMATS.items() if entry.is_picture]
DATA = [name for name, entry in FORMATS.items() if not entry.is_picture]
EXACT = ["png", "png24", "png32", "bmp"]
TRANSPARENT = ["png", "png8", "png24", "png32", "webp", "gif", "jpgpng"]
ON_WHITE = ["jpg", "jpeg", "bmp"]
SHAPES = [(1, 1), (1, 7), (13, 1), (16, 16), (37, 53)]
TYPES = sorted({kind.dtype_name for kind in PixelType})
HERE = Georeference("EPSG:32633", (5e5, 10.0, 0.0, 5e6, 0.0, -10.0))
OPTIONS = EncodeOptions(georeference=HERE)


def smooth(bands: int, rows: int, cols: int) -> NDArray[np.uint8]:
    """Ramps and waves: what a lossy format keeps within a few grey values."""
    y, x = np.mgrid[0:rows, 0:cols]
    planes = [
        128 + 60 * np.sin(x / 23 + band) + 40 * np.cos(y / 31 - band) for band in range(bands)
    ]
    return np.stack(planes).astype(np.uint8)


def corner(rows: int, cols: int) -> NDArray[np.bool_]:
    """False in a corner triangle, on whole 16 × 16 squares; True elsewhere."""
    y, x = np.mgrid[0:rows, 0:cols]
    return np.asarray((y // 16 + x // 16) >= 2)[np.newaxis]


def decoded(data: bytes) -> NDArray[np.uint8]:
    """(rows, cols, 4) as Pillow reads a picture."""
    return np.asarray(Image.open(BytesIO(data)).convert("RGBA"))


def whole(pixels: NDArray[np.uint8]) -> Rgbv:
    return rgbv_of_planes(PixelBlock(pixels, np.ones((1, *pixels.shape[1:]), np.bool_)))


def read_back(name: str, data: bytes, like: PixelBlock) -> PixelBlock:
    """Decode a data format with rasterio, lerc, or by the byte layout of the reference."""
    if name == "tiff":
        with MemoryFile(data) as file, file.open() as dataset:
            return PixelBlock(dataset.read(), dataset.read_masks() != 0)
    if name == "lerc":
        status, values, mask, *_ = lerc.decode(data)
        assert status == 0
        values = values.reshape(like.data.shape)
        valid = np.ones((1, *values.shape[1:]), np.bool_) if mask is None else mask.astype(np.bool_)
        return PixelBlock(values, np.broadcast_to(valid, values.shape))
    size = like.data.size * like.data.itemsize
    values = np.frombuffer(data[:size], like.data.dtype.newbyteorder("<"))
    bands, rows, cols = like.data.shape
    if name == "bip":
        values = np.moveaxis(values.reshape(rows, cols, bands), 2, 0)
    bits = np.unpackbits(np.frombuffer(data[size:], np.uint8), count=rows * cols)
    valid = bits.reshape(rows, cols) != 0 if data[size:] else np.ones((rows, cols), np.bool_)
    return PixelBlock(values.reshape(like.data.shape), np.broadcast_to(valid, like.data.shape))


def block_of(dtype: str, bands: int, shape: tuple[int, int]) -> PixelBlock:
    """Random samples over the type's range, a third of the pixels invalid."""
    random = np.random.default_rng(7)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        data = random.normal(0, 1000, (bands, *shape)).astype(kind)
    else:
        limits = np.iinfo(kind)
        data = random.integers(limits.min, limits.max, (bands, *shape), kind, endpoint=True)
    return PixelBlock(data, random.random((1, *shape)) > 0.3)


def test_the_registry_and_the_names_the_front_knows_agree() -> None:
    assert set(FORMATS) == set(FORMAT_NAMES)
    for name, entry in FORMATS.items():
        assert entry.is_picture is FORMAT_NAMES[name].is_picture
        assert entry.extension == FORMAT_NAMES[name].extension


@pytest.mark.parametrize("name", FORMATS)
def test_media_type_is_the_one_the_front_announces(name: str) -> None:
    encoded = FORMATS[name].encode(whole(smooth(3, 16, 16)), OPTIONS)
    assert encoded.media_type == FORMAT_NAMES[name].media_type


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PICTURES)
def test_an_opaque_picture_comes_back(name: str, shape: tuple[int, int]) -> None:
    pixels = smooth(3, *shape)
    answer = decoded(FORMATS[name].encode(whole(pixels), EncodeOptions(quality=95)).data)
    assert answer.shape == (*shape, 4)
    assert (answer[:, :, 3] == 255).all()
    worst = 0 if name in EXACT else 24
    difference = np.abs(answer[:, :, :3].astype(int) - np.moveaxis(pixels, 0, 2))
    assert difference.max() <= worst
    assert difference.mean() <= worst / 6


@pytest.mark.parametrize("name", PICTURES)
def test_a_grey_picture_comes_back_as_grey(name: str) -> None:
    pixels = smooth(1, 37, 53)
    block = PixelBlock(pixels, np.ones((1, 37, 53), np.bool_))
    answer = decoded(FORMATS[name].encode(block, EncodeOptions(quality=95)).data).astype(int)
    assert np.abs(answer[:, :, 0] - pixels[0]).max() <= (0 if name in EXACT else 12)
    assert np.abs(np.ptp(answer[:, :, :3], axis=2)).max() <= 2


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("name", TRANSPARENT)
def test_invalid_pixels_are_transparent_and_no_others(name: str, bands: int) -> None:
    block = PixelBlock(smooth(bands, 48, 64), corner(48, 64))
    answer = decoded(FORMATS[name].encode(block, OPTIONS).data)
    assert ((answer[:, :, 3] == 255) == block.valid[0]).all()
    assert set(np.unique(answer[:, :, 3])) == {0, 255}


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("name", ON_WHITE)
def test_invalid_pixels_are_white_where_a_format_has_no_alpha(name: str, bands: int) -> None:
    block = PixelBlock(smooth(bands, 48, 64), corner(48, 64))
    # Full chroma: at 4:2:0 the decoder blends colours over the edge.
    answer = decoded(FORMATS[name].encode(block, EncodeOptions(quality=95)).data)
    invalid = answer[~block.valid[0]]
    assert invalid[:, :3].min() >= (255 if name == "bmp" else 250)


@pytest.mark.parametrize("form", ["planes", "words"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_without_any_valid_pixel_is_blank(name: str, form: str) -> None:
    block = PixelBlock(smooth(3, 20, 30), np.zeros((1, 20, 30), np.bool_))
    pixels: Pixels = rgbv_of_planes(block) if form == "words" else block
    answer = decoded(FORMATS[name].encode(pixels, OPTIONS).data)
    assert answer.shape == (20, 30, 4)
    if name in TRANSPARENT:
        assert (answer[:, :, 3] == 0).all()
    else:
        assert (answer == 255).all()


@pytest.mark.parametrize("name", PICTURES)
def test_both_forms_of_pixels_give_the_same_bytes(name: str) -> None:
    block = PixelBlock(smooth(3, 33, 40), corner(33, 40))
    by_planes = FORMATS[name].encode(block, OPTIONS)
    assert FORMATS[name].encode(rgbv_of_planes(block), OPTIONS) == by_planes


@pytest.mark.parametrize("name", FORMATS)
def test_what_invalid_pixels_hold_never_reaches_the_bytes(name: str) -> None:
    block = PixelBlock(smooth(3, 33, 40), corner(33, 40))
    other = PixelBlock(np.where(block.valid, block.data, np.uint8(99)), block.valid)
    assert FORMATS[name].encode(block, OPTIONS) == FORMATS[name].encode(other, OPTIONS)


@pytest.mark.parametrize("bands", [1, 4])
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", DATA)
def test_samples_of_every_type_come_back_exactly(name: str, dtype: str, bands: int) -> None:
    block = block_of(dtype, bands, (19, 23))
    answer = read_back(name, FORMATS[name].encode(block, OPTIONS).data, block)
    valid = np.broadcast_to(block.valid, block.data.shape)
    assert answer.data.dtype == block.data.dtype
    assert (answer.valid == valid).all()
    assert (answer.data[valid] == block.data[valid]).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DATA)
def test_data_of_odd_sizes_comes_back(name: str, shape: tuple[int, int]) -> None:
    block = PixelBlock(block_of("int16", 2, shape).data, np.ones((1, *shape), np.bool_))
    answer = read_back(name, FORMATS[name].encode(block, OPTIONS).data, block)
    assert answer.valid.all()
    assert (answer.data == block.data).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("name", DATA)
def test_data_without_any_valid_pixel_says_so(name: str, dtype: str) -> None:
    block = PixelBlock(block_of(dtype, 3, (9, 10)).data, np.zeros((1, 9, 10), np.bool_))
    answer = read_back(name, FORMATS[name].encode(block, OPTIONS).data, block)
    assert not answer.valid.any()


@pytest.mark.parametrize("dtype", ["uint16", "float64"])
@pytest.mark.parametrize("name", ["tiff", "lerc"])
def test_validity_that_differs_by_band_is_kept(name: str, dtype: str) -> None:
    data = block_of(dtype, 3, (21, 22)).data
    valid = np.random.default_rng(3).random(data.shape) > 0.4
    answer = read_back(
        name, FORMATS[name].encode(PixelBlock(data, valid), OPTIONS).data, PixelBlock(data, valid)
    )
    assert (answer.valid == valid).all()
    assert (answer.data[valid] == data[valid]).all()


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_format_refuses_samples_that_are_no_picture(name: str) -> None:
    with pytest.raises(ValueError, match="uint16"):
        FORMATS[name].encode(block_of("uint16", 3, (4, 4)), OPTIONS)
