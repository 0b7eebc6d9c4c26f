"""The compressor of PNG rows against zlib's own reader."""

from __future__ import annotations

import heapq
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from isal import isal_zlib
from PIL import Image

from engine.formats.deflate_rle import deflate_rle
from engine.formats.png_writer import ColourType, filtered_up, filtered_up_rgb, write_png

DISTANCES = (1, 2, 3, 4)


def packed(data: np.ndarray, distance: int = 1) -> bytes:
    """Compress, and make sure that zlib reads it back (its checksum included)."""
    stream = deflate_rle(data, distance)
    assert zlib.decompress(stream) == data.tobytes()
    return stream


def texture(side: int) -> np.ndarray:
    """Smooth colours with a grain, and how valid they are."""
    row, col = np.mgrid[0:side, 0:side]
    random = np.random.default_rng(3)
    planes = [
        120
        + 60 * np.sin(row / (20 + 7 * k))
        + 40 * np.cos(col / 31)
        + random.normal(0, 4, row.shape)
        for k in range(3)
    ]
    return np.dstack([*planes, np.full(row.shape, 255)]).astype(np.uint8)


@pytest.mark.small
@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 15, 16, 17, 64, 257])
@pytest.mark.parametrize("distance", DISTANCES)
def test_short_data_of_any_length_come_back(size: int, distance: int) -> None:
    random = np.random.default_rng(size)
    packed(random.integers(0, 256, size, np.uint8), distance)
    packed(random.integers(0, 2, size, np.uint8), distance)
    packed(np.zeros(size, np.uint8), distance)
    packed(np.full(size, 255, np.uint8), distance)


@pytest.mark.small
def test_a_run_is_cut_into_matches_of_3_to_258_bytes() -> None:
    for size in (8, 256, 264, 512, 520, 528, 768, 776, 784):
        assert len(packed(np.zeros(8 + size, np.uint8))) < 60


@pytest.mark.small
@pytest.mark.parametrize("distance", DISTANCES)
def test_the_first_word_starts_no_run(distance: int) -> None:
    for fill in (0, 1, 255):
        packed(np.full(16, fill, np.uint8), distance)


@pytest.mark.small
@pytest.mark.parametrize("distance", DISTANCES)
def test_repeated_pixels_are_runs_at_their_distance(distance: int) -> None:
    pixels = np.tile(np.arange(10, 10 + distance, dtype=np.uint8), 256)
    assert len(packed(pixels, distance)) < 60


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 300)), max_size=30),
    st.sampled_from(DISTANCES),
)
def test_any_mixture_of_repeats_comes_back(parts: list[tuple[bytes, int]], distance: int) -> None:
    packed(np.frombuffer(b"".join(part * times for part, times in parts), np.uint8), distance)


@given(st.binary(max_size=3000), st.sampled_from(DISTANCES))
def test_any_bytes_come_back(data: bytes, distance: int) -> None:
    packed(np.frombuffer(data, np.uint8), distance)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=256), st.integers(0, 99))
def test_any_shares_of_bytes_come_back(shares: list[int], seed: int) -> None:
    counts = [4**share for share in shares]
    data = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    packed(np.random.default_rng(seed).permutation(data))


def test_codes_are_limited_to_fifteen_bits() -> None:
    shares = [1, 1]
    while len(shares) < 25:
        shares.append(shares[-1] + shares[-2])
    data = np.repeat(np.arange(25, dtype=np.uint8), shares)
    np.random.default_rng(1).shuffle(data)
    # The best code without a limit: its rarest bytes have codes of 24 bits.
    heap, bits = sorted(shares), 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        heapq.heappush(heap, joined)
        bits += joined
    assert len(packed(data)) < 1.005 * bits / 8 + 100


@pytest.mark.parametrize("size", [256, 65534, 65535, 65536, 200_001, 700_003])
def test_random_bytes_are_stored(size: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8)
    assert len(packed(data)) <= size + 5 * (size // 65535 + 4) + 6


def test_random_and_smooth_blocks_follow_one_another() -> None:
    noise = np.random.default_rng(2).integers(0, 256, 400_000, np.uint8)
    smooth = np.zeros(400_000, np.uint8)
    for parts in ((noise, smooth), (smooth, noise), (noise[:-3], smooth[:-2], noise, smooth)):
        packed(np.concatenate(parts), 3)


def test_ramps_come_back() -> None:
    packed(np.arange(70_000, dtype=np.uint32).astype(np.uint8))
    packed(np.arange(256, dtype=np.uint8).repeat(300))


def test_rows_out_of_order_and_off_boundaries_are_taken_as_they_are() -> None:
    data = np.random.default_rng(4).integers(0, 9, (40, 41), np.uint8)
    for view in (data[:, ::2], data.T, data.reshape(-1)[3:], data[::-1]):
        packed(view)
    data.setflags(write=False)
    packed(data)


@pytest.mark.parametrize("distance", [0, 5, -1])
def test_a_distance_that_no_pixel_has_is_refused(distance: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 4"):
        deflate_rle(np.zeros(9, np.uint8), distance)


def test_the_same_picture_gives_the_same_file() -> None:
    rows = filtered_up(texture(64))
    assert deflate_rle(rows, 4) == deflate_rle(rows.copy(), 4)


def test_pictures_are_about_as_small_as_igzip_makes_them() -> None:
    pixels = texture(256)
    for rows, distance in ((filtered_up_rgb(pixels), 3), (filtered_up(pixels), 4)):
        assert len(packed(rows, distance)) < 1.05 * len(isal_zlib.compress(rows, 1))


def test_pillow_reads_a_large_picture() -> None:
    pixels = np.tile(texture(1000), (3, 4, 1))
    file = write_png(filtered_up_rgb(pixels), 4000, ColourType.RGB)
    assert (np.asarray(Image.open(BytesIO(file))) == pixels[:, :, :3]).all()
