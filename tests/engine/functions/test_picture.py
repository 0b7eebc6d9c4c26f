"""What a person sees first: the default picture of each kind of service, and rendering rules."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from config.definition import PictureStretch, ServiceProperties
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import StretchRule
from engine.functions.picture import Picture, bind_picture, to_picture, to_rgbv
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Rgbv, rgbv_of_planes
from engine.request_parts import RenderingRule
from engine.summary import BandInfo, BandStatistics, Histogram, ServiceSummary

STATISTICS = BandStatistics(min=0, max=1000, mean=400, std=100, count=100)
HISTOGRAM = Histogram(min=0, max=1000, counts=(1,) * 100)
NARROW = [PixelType.U8, PixelType.S8, PixelType.U16, PixelType.S16]
RAW = RenderingRule(function="None")


def service(kind: PixelType, bands: int, **changes: Any) -> ServiceSummary:
    return ServiceSummary(
        properties=changes.pop("properties", ServiceProperties()),
        crs="EPSG:32633",
        extent=Extent(0, 0, 100, 100),
        pixel_size_x=1,
        pixel_size_y=1,
        pixel_type=kind,
        bands=tuple(BandInfo(name=f"B{band + 1}") for band in range(bands)),
        statistics=changes.pop("statistics", (STATISTICS,) * bands),
        picture_bands=changes.pop("picture_bands", (0, 1, 2) if bands >= 3 else (0,)),
        **changes,
    )


def bound(summary: ServiceSummary, **options: Any) -> Picture:
    return bind_picture(summary, (HISTOGRAM,) * len(summary.bands), **options)


def block(kind: PixelType, *planes: list[float]) -> PixelBlock:
    data = np.array(planes, kind.dtype_name)[:, np.newaxis]
    return PixelBlock(data, np.ones((1, 1, data.shape[2]), np.bool_))


def stretch(**arguments: Any) -> RenderingRule:
    return RenderingRule(function="Stretch", arguments=StretchRule(**arguments))


def test_three_bands_of_bytes_are_the_picture() -> None:
    picture = bound(service(PixelType.U8, 3))
    assert picture.is_identity
    pixels = rgbv_of_planes(block(PixelType.U8, [1, 2], [3, 4], [5, 6]))
    assert to_rgbv(pixels, picture) is pixels


def test_one_band_of_bytes_is_grey_as_it_is() -> None:
    picture = bound(service(PixelType.U8, 1))
    pixels = block(PixelType.U8, [1, 200])
    assert picture.is_grey
    assert not picture.is_identity
    assert to_picture(pixels, picture) is pixels
    assert to_rgbv(pixels, picture).rgba()[0].tolist() == [[1, 1, 1, 255], [200, 200, 200, 255]]


@pytest.mark.parametrize("kind", [PixelType.U16, PixelType.S16, PixelType.S32, PixelType.F32])
def test_other_types_are_clipped_at_2_and_98_percent(kind: PixelType) -> None:
    picture = bound(service(kind, 3))
    values = [0.0, 20.0, 500.0, 980.0, 1000.0]
    answer = to_rgbv(block(kind, values, values, values), picture).rgba()[0]
    assert answer[:, 0].tolist() == [0, 0, 128, 255, 255]
    assert not picture.is_identity


def test_more_than_three_bands_show_those_of_the_summary() -> None:
    picture = bound(service(PixelType.U16, 7, picture_bands=(3, 2, 1)))
    assert picture.bands == (3, 2, 1)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [((2,), (2,)), ((4, 1), (4,)), ((2, 1, 0), (2, 1, 0)), ((4, 3, 2, 1), (4, 3, 2))],
)
def test_band_ids_choose_the_bands(asked: tuple[int, ...], shown: tuple[int, ...]) -> None:
    assert bound(service(PixelType.U16, 5), band_ids=asked).bands == shown


@pytest.mark.parametrize("asked", [(0, 1, 5), (-1,)])
def test_band_ids_outside_the_service_are_refused(asked: tuple[int, ...]) -> None:
    with pytest.raises(InvalidParameter, match=r"bandIds.*0 to 4"):
        bound(service(PixelType.U16, 5), band_ids=asked)


def test_each_band_is_cut_by_its_own_statistics() -> None:
    ranges = [(0, 10), (100, 200), (1000, 3000)]
    statistics = tuple(BandStatistics(min=a, max=b, mean=a, std=1) for a, b in ranges)
    summary = service(PixelType.U16, 3, statistics=statistics)
    picture = bound(summary, band_ids=(2, 1, 0), rule=stretch(stretch_type=5))
    assert [(s.lo, s.hi) for s in picture.stretches] == [(1000, 3000), (100, 200), (0, 10)]


def test_a_palette_shows_its_colours() -> None:
    summary = service(PixelType.U8, 1, colormap=((1, 10, 20, 30), (2, 0, 0, 0)))
    picture = bound(summary)
    assert not picture.is_grey
    answer = to_picture(block(PixelType.U8, [1, 2, 3]), picture)
    assert isinstance(answer, Rgbv)
    assert answer.rgba()[0].tolist() == [[10, 20, 30, 255], [0, 0, 0, 255], [0, 0, 0, 0]]


def test_rendering_none_shows_samples_instead_of_a_palette() -> None:
    summary = service(PixelType.U8, 1, colormap=((1, 10, 20, 30),))
    answer = to_rgbv(block(PixelType.U8, [1]), bound(summary, rule=RAW))
    assert answer.rgba()[0].tolist() == [[1, 1, 1, 255]]


def test_rendering_none_clamps_wide_samples_to_bytes() -> None:
    picture = bound(service(PixelType.S16, 1), rule=RAW)
    answer = to_rgbv(block(PixelType.S16, [-5, 77, 300]), picture)
    assert answer.rgba()[0, :, 0].tolist() == [0, 77, 255]


@pytest.mark.parametrize(
    ("setting", "cut"),
    [
        (PictureStretch.PERCENT_CLIP, (20, 980)),
        (PictureStretch.MIN_MAX, (0, 1000)),
        (PictureStretch.STANDARD_DEVIATION, (200, 600)),
        (PictureStretch.NONE, (0, 65535)),
    ],
)
def test_the_definition_chooses_the_stretch(
    setting: PictureStretch, cut: tuple[float, float]
) -> None:
    properties = ServiceProperties(picture_stretch=setting)
    picture = bound(service(PixelType.U16, 1, properties=properties))
    assert (picture.stretches[0].lo, picture.stretches[0].hi) == pytest.approx(cut)


@pytest.mark.parametrize("kind", NARROW)
def test_tables_agree_with_the_stretch_of_every_value(kind: PixelType) -> None:
    low, high = (int(limit) for limit in kind.limits)
    values = np.arange(low, high + 1)
    picture = bound(service(kind, 1), rule=stretch(stretch_type=5, gamma=(0.6,)))
    answer = to_rgbv(block(kind, values.tolist()), picture).rgba()[0, :, 0]
    wanted = np.rint(picture.stretches[0].values(values.astype(np.float64)))
    assert (answer == wanted).all()


@pytest.mark.parametrize("gamma", [0.4, 1.0, 2.2])
def test_floats_agree_with_the_stretch_of_every_value(gamma: float) -> None:
    values = np.linspace(-100, 1100, 20001).astype(np.float32)
    picture = bound(service(PixelType.F32, 1), rule=stretch(stretch_type=5, gamma=(gamma,)))
    answer = to_rgbv(block(PixelType.F32, values.tolist()), picture).rgba()[0, :, 0]
    exact = picture.stretches[0].values(values.astype(np.float64))
    # One of 65536 steps off at most, which a steep gamma turns into a grey value near black.
    assert np.abs(answer - exact).max() <= (0.51 if gamma == 1.0 else 1.0)


def test_words_and_planes_are_stretched_alike() -> None:
    random = np.random.default_rng(8)
    planes = PixelBlock(
        random.integers(0, 256, (3, 9, 11), np.uint8), random.random((1, 9, 11)) > 0.3
    )
    picture = bound(service(PixelType.U8, 3), rule=stretch(stretch_type=3, gamma=(1.4,)))
    by_words = to_rgbv(rgbv_of_planes(planes), picture).words
    assert (by_words == to_rgbv(planes, picture).words).all()


@pytest.mark.parametrize("form", ["planes", "words"])
@pytest.mark.parametrize("kind", [PixelType.U8, PixelType.U16, PixelType.F64])
def test_dynamic_range_takes_the_view_s_own_statistics(kind: PixelType, form: str) -> None:
    picture = bound(service(kind, 3), rule=stretch(stretch_type=5, dynamic_range=True))
    pixels = block(kind, [50, 60], [70, 90], [10, 20])
    given = rgbv_of_planes(pixels) if form == "words" and kind is PixelType.U8 else pixels
    answer = to_rgbv(given, picture).rgba()[0]
    assert answer[:, :3].tolist() == [[0, 0, 0], [255, 255, 255]]


@pytest.mark.parametrize("kind", [PixelType.U8, PixelType.U16, PixelType.F32])
@pytest.mark.parametrize(("match", "shown"), [("", True), ("all", True), ("any", False)])
def test_a_pixel_with_an_invalid_band_follows_the_interpretation(
    kind: PixelType, match: str, shown: bool
) -> None:
    pixels = block(kind, [100], [200], [50])
    pixels = PixelBlock(pixels.data, np.array([True, False, True]).reshape(3, 1, 1))
    answer = to_rgbv(pixels, bound(service(kind, 3), match=match)).rgba()[0, 0]
    assert bool(answer[3]) is shown
    assert answer[1] == 0


@pytest.mark.parametrize("kind", [PixelType.U8, PixelType.U16, PixelType.F32])
@pytest.mark.parametrize("bands", [1, 3])
def test_an_all_invalid_block_is_transparent(kind: PixelType, bands: int) -> None:
    pixels = PixelBlock(np.full((bands, 2, 2), 99, kind.dtype_name), np.zeros((1, 2, 2), np.bool_))
    assert not to_rgbv(pixels, bound(service(kind, bands))).words.any()


def test_grey_keeps_one_band_and_its_validity() -> None:
    pixels = block(PixelType.U16, [0, 500, 1000])
    pixels = PixelBlock(pixels.data, np.array([[[True, True, False]]]))
    answer = to_picture(pixels, bound(service(PixelType.U16, 1)))
    assert isinstance(answer, PixelBlock)
    assert answer.data.dtype == np.uint8
    assert answer.data.tolist() == [[[0, 128, 0]]]
    assert answer.valid.tolist() == [[[True, True, False]]]


def test_small_unsigned_types_are_stretched_to_be_seen() -> None:
    statistics = (BandStatistics(min=0, max=1, mean=0.5, std=0.5),)
    summary = service(PixelType.U1, 1, statistics=statistics)
    counts = Histogram(min=-0.5, max=1.5, counts=(50, 50))
    picture = bind_picture(summary, (counts,))
    assert to_rgbv(block(PixelType.U1, [0, 1]), picture).rgba()[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    ("summary", "rule", "text"),
    [
        (service(PixelType.U8, 3), None, "bands 1, 2, 3 as they are"),
        (service(PixelType.U16, 1), None, "bands 1 stretched from 20 to 980"),
        (service(PixelType.U8, 1, colormap=((0, 1, 2, 3),)), None, "bands 1 by palette"),
        (
            service(PixelType.U16, 1),
            stretch(stretch_type=5, dynamic_range=True),
            "bands 1 stretched by the view's own statistics",
        ),
    ],
)
def test_a_picture_describes_itself(
    summary: ServiceSummary, rule: RenderingRule | None, text: str
) -> None:
    assert bound(summary, rule=rule).describe() == text


def test_a_service_without_statistics_shows_the_range_of_its_type() -> None:
    summary = msgspec.structs.replace(service(PixelType.U16, 1), statistics=())
    picture = bind_picture(summary)
    assert (picture.stretches[0].lo, picture.stretches[0].hi) == (0, 65535)


def test_a_band_without_statistics_is_stretched_as_another_of_the_picture() -> None:
    nothing = BandStatistics(min=0, max=0, mean=0, std=0)
    own = BandStatistics(min=5, max=7, mean=6, std=1, count=10)
    summary = service(PixelType.F32, 4, statistics=(STATISTICS, nothing, own, nothing))
    picture = bind_picture(summary, (), (1, 2, 3))
    assert [(each.lo, each.hi) for each in picture.stretches] == [(5, 7)] * 3
    # Where no band of the picture has any, another of the service.
    picture = bind_picture(summary, (), (3,))
    assert [(each.lo, each.hi) for each in picture.stretches] == [(0, 1000)]
