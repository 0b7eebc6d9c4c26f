"""Functions that choose and combine bands, against their published formulas worked out by numpy.

Covers engine.functions.ndvi, engine.functions.extract_band, engine.functions.composite_band,
engine.functions.band_arithmetic, engine.functions.band_indices, engine.functions.grayscale and
engine.functions.spectral_conversion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.chain import RasterFunctionProcess
from engine.errors import InvalidParameter
from engine.function_rules import (
    BandArithmeticRule,
    CompositeBandRule,
    ExtractBandRule,
    FunctionArguments,
    GainOffsetRule,
    GrayscaleRule,
    NdviRule,
    SpectralConversionRule,
    StretchRule,
)
from engine.functions import FUNCTIONS
from engine.functions.band_indices import BAND_INDICES
from engine.functions.base import BandsInfo, CombiningFunction
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.process_steps import bind_steps, steps_for_bands
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Floats = NDArray[np.float64]
RNG = np.random.default_rng(11)
REFLECTANCE = RNG.uniform(0.02, 0.6, (7, 9, 11))
BLOCK = PixelBlock(REFLECTANCE, RNG.random((1, 9, 11)) > 0.1)
INFO = BandsInfo(PixelType.F64, 7)


def _ran(
    name: str,
    arguments: FunctionArguments,
    block: PixelBlock = BLOCK,
    info: BandsInfo = INFO,
    pixel_type: PixelType | None = None,
) -> PixelBlock:
    rule = RenderingRule(function=name, arguments=arguments, output_pixel_type=pixel_type)
    return FUNCTIONS[name].bind(info, rule).apply(block)


def _gemi(b: Sequence[Floats]) -> Floats:
    eta = (2 * (b[0] ** 2 - b[1] ** 2) + 1.5 * b[0] + 0.5 * b[1]) / (b[0] + b[1] + 0.5)
    return np.asarray(eta * (1 - 0.25 * eta) - (b[1] - 0.125) / (1 - b[1]))


def _tsavi(b: Sequence[Floats]) -> Floats:
    s, a, x = 0.33, 0.5, 1.5
    return np.asarray(s * (b[0] - s * b[1] - a) / (a * b[0] + b[1] - a * s + x * (1 + s * s)))


def _difference(b: Sequence[Floats]) -> Floats:
    return np.asarray((b[0] - b[1]) / (b[0] + b[1]))


# By Esri's number: the numbers that follow the bands, and the formula in numpy.
FORMULAS: dict[int, tuple[str, Callable[[Sequence[Floats]], Floats]]] = {
    1: ("", _difference),
    2: (" 0.33", lambda b: (b[0] - b[1]) / (b[0] + b[1] + 0.33) * 1.33),
    3: (" 0.33 0.5 1.5", _tsavi),
    4: ("", lambda b: 0.5 * (2 * b[0] + 1 - np.sqrt((2 * b[0] + 1) ** 2 - 8 * (b[0] - b[1])))),
    5: ("", _gemi),
    6: (" 0.3 0.5", lambda b: (b[0] - 0.3 * b[1] - 0.5) / np.sqrt(1 + 0.3**2)),
    7: (
        "",
        lambda b: np.tensordot([-0.2848, -0.2435, -0.5436, 0.7243, 0.0840, -0.1800], b, 1),
    ),
    9: ("", lambda b: (b[1] - b[0]) / (b[1] + b[0] - b[2])),
    10: ("", _difference),
    11: ("", lambda b: b[0] / b[1]),
    12: ("", _difference),
    13: ("", lambda b: b[0] / b[1]),
    14: (
        "",
        lambda b: (
            1.5
            * (1.2 * (b[0] - b[2]) - 2.5 * (b[1] - b[2]))
            / np.sqrt((2 * b[0] + 1) ** 2 - (6 * b[0] - 5 * np.sqrt(b[1])) - 0.5)
        ),
    ),
    15: ("", lambda b: 100 * (b[0] - b[1]) - 10 * (b[0] - b[2])),
    16: ("", lambda b: b[0] / b[1] - 1),
    17: ("", lambda b: b[0] / b[1] - 1),
    18: ("", lambda b: -_difference(b)),
    19: ("", lambda b: 2.5 * (b[0] - b[1]) / (b[0] + 6 * b[1] - 7.5 * b[2] + 1)),
    20: ("", lambda b: b[0] / b[1]),
    21: ("", lambda b: b[0] / b[1]),
    22: ("", lambda b: b[0] / b[1]),
    23: (
        "",
        lambda b: (b[0] - 0.5 * b[1] - 0.5 * b[2]) / (b[0] + 0.5 * b[1] + 0.5 * b[2]),
    ),
    24: ("", lambda b: 1 / ((0.1 - b[0]) ** 2 + (0.06 - b[1]) ** 2)),
    **dict.fromkeys(range(25, 30), ("", _difference)),
}


@pytest.mark.parametrize("method", sorted(BAND_INDICES))
def test_every_index_is_its_published_formula(method: int) -> None:
    order = (5, 2, 6, 0, 3, 1)
    index = BAND_INDICES[method]
    bands = [REFLECTANCE[band] for band in order]
    words = " ".join(str(band + 1) for band in order[: index.bands])
    if method == 8:
        a, b, c, d, e = bands[:5]
        wanted = [100 * d / e, 100 * d / a, 100 * (b / c) * (d / c)]
    else:
        more, formula = FORMULAS[method]
        words += more
        with np.errstate(all="ignore"):
            wanted = [formula(bands[: index.bands])]
    got = _ran("BandArithmetic", BandArithmeticRule(method=method, band_indexes=words))
    assert got.data.dtype == np.float32
    valid = np.broadcast_to(got.valid, got.data.shape)
    for band, each in enumerate(wanted):
        np.testing.assert_array_equal(valid[band], BLOCK.valid[0] & np.isfinite(each))
        np.testing.assert_allclose(got.data[band][valid[band]], each[valid[band]], rtol=1e-5)


def test_an_expression_of_the_user_has_bands_from_1_and_names() -> None:
    info = BandsInfo(PixelType.F64, 7, names=("Blue", "Green", "Red", "NIR", "a", "b", "c"))
    got = _ran(
        "BandArithmetic", BandArithmeticRule(band_indexes="(NIR - b3) / (B4 + red)"), info=info
    )
    wanted = _difference([REFLECTANCE[3], REFLECTANCE[2]])
    good = got.valid[0]
    np.testing.assert_allclose(got.data[0][good], wanted[good], rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "text", "says"),
    [
        (0, "B8 + 1", "B1 to B7"),
        (0, "__import__('os')", "BandIndexes"),
        (1, "4", "2 bands"),
        (1, "4 9", "bands from 1 to 7"),
        (2, "4 3", "then L"),
        (2, "4 3 x", "numbers"),
        (99, "4 3", "Method"),
        (1, "0 1", "bands from 1"),
    ],
)
def test_a_bad_band_or_method_is_named(method: int, text: str, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran("BandArithmetic", BandArithmeticRule(method=method, band_indexes=text))


def test_ndvi_is_whole_numbers_to_200_or_scientific() -> None:
    data = np.array([[[10, 100, 0, 50]], [[30, 20, 0, 50]]], np.uint8)
    block = PixelBlock(data, np.ones((1, 1, 4), np.bool_))
    info = BandsInfo(PixelType.U8, 2)
    whole = _ran("NDVI", NdviRule(), block, info)
    assert whole.data.dtype == np.uint8
    assert whole.valid[0, 0].tolist() == [True, True, False, True]
    # floor(100 · 0.5 + 100.5), floor(100 · -2/3 + 100.5), 0 / 0, floor(100.5)
    assert whole.data[0, 0, [0, 1, 3]].tolist() == [150, 33, 100]
    exact = _ran("NDVI", NdviRule(scientific_output=True), block, info)
    np.testing.assert_allclose(exact.data[0, 0, [0, 1, 3]], [0.5, -2 / 3, 0.0])


NAMED = BandsInfo(
    PixelType.F64,
    7,
    names=("Coastal", "Blue", "Green", "Red", "NIR", "Pan", "SWIR"),
    wavelengths_nm=(
        (430, 450),
        (450, 510),
        (530, 590),
        (640, 670),
        (850, 880),
        (500, 680),
        (None, None),
    ),
)


@pytest.mark.parametrize(
    ("arguments", "bands"),
    [
        (ExtractBandRule(band_ids=(3, 2, 1)), (3, 2, 1)),
        (ExtractBandRule(band_ids=(12,)), (6,)),
        (ExtractBandRule(band_names=("nir", "Band_4", "b1")), (4, 3, 0)),
        (ExtractBandRule(band_wavelengths=(655, 560, 480)), (3, 2, 1)),
        (ExtractBandRule(method=1, band_wavelengths=(1000,)), (4,)),
    ],
)
def test_bands_are_found_by_number_name_and_wavelength(
    arguments: ExtractBandRule, bands: tuple[int, ...]
) -> None:
    rule = RenderingRule(function="ExtractBand", arguments=arguments)
    made = FUNCTIONS["ExtractBand"].bind(NAMED, rule)
    got = made.apply(BLOCK)
    np.testing.assert_array_equal(got.data, REFLECTANCE[list(bands)])
    assert made.output.names == tuple(NAMED.names[band] for band in bands)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (ExtractBandRule(), "BandIDs"),
        (ExtractBandRule(band_ids=(-1,)), "BandIDs"),
        (ExtractBandRule(band_ids=(7,), missing_band_action=1), "bands from 0 to 6"),
        (ExtractBandRule(band_names=("Purple",)), "Coastal, Blue"),
        (ExtractBandRule(method=1, band_wavelengths=(1000,), missing_band_action=1), "within 0 nm"),
        (ExtractBandRule(band_ids=(1,), missing_band_action=7), "MissingBandAction"),
        (ExtractBandRule(method=5, band_ids=(1,)), "Method"),
    ],
)
def test_a_band_that_is_not_there_is_named(arguments: ExtractBandRule, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        _ran("ExtractBand", arguments, info=NAMED)


def test_composite_bands_stand_in_a_row_in_a_type_that_holds_all() -> None:
    function = FUNCTIONS["CompositeBand"]
    assert isinstance(function, CombiningFunction)
    one = PixelBlock(np.array([[[1, 2]]], np.uint8), np.array([[[True, False]]]))
    two = PixelBlock(np.array([[[-5, 300]], [[7, 8]]], np.int16), np.array([[[True, True]]]))
    infos = [BandsInfo(PixelType.U8, 1), BandsInfo(PixelType.S16, 2)]
    made = function.bind_inputs(
        infos, RenderingRule(function="CompositeBand", arguments=CompositeBandRule())
    )
    got = made.combine([one, two])
    assert got.data.dtype == np.int16
    assert got.data[:, 0, 0].tolist() == [1, -5, 7]
    assert np.broadcast_to(got.valid, got.data.shape)[:, 0, 1].tolist() == [False, True, True]


def test_grayscale_weighs_bands_to_a_sum_of_1() -> None:
    got = _ran("Grayscale", GrayscaleRule(conversion_parameters=(1, 3)))
    np.testing.assert_allclose(got.data[0], (REFLECTANCE[0] + 3 * REFLECTANCE[1]) / 4)
    usual = _ran("Grayscale", GrayscaleRule())
    np.testing.assert_allclose(
        usual.data[0], np.tensordot([0.299, 0.587, 0.114], REFLECTANCE[:3], 1)
    )
    with pytest.raises(InvalidParameter, match="ConversionParameters"):
        _ran("Grayscale", GrayscaleRule(conversion_parameters=(1, -1)))


def test_spectral_conversion_is_a_matrix() -> None:
    matrix: NDArray[Any] = RNG.normal(size=(3, 7))
    got = _ran(
        "SpectralConversion", SpectralConversionRule(conversion_matrix=tuple(matrix.ravel()))
    )
    np.testing.assert_allclose(got.data, np.tensordot(matrix, REFLECTANCE, 1), rtol=1e-12)
    with pytest.raises(InvalidParameter, match="rows of 7 numbers"):
        _ran("SpectralConversion", SpectralConversionRule(conversion_matrix=(1.0,) * 8))


def test_a_chain_reads_some_bands_only_where_each_comes_of_the_same_band() -> None:
    gains = RasterFunctionProcess(
        function="GainOffset", arguments=GainOffsetRule(gains=(1, 2, 3, 4, 5, 6, 7))
    )
    grey = RasterFunctionProcess(function="Grayscale", arguments=GrayscaleRule())
    stretch = RasterFunctionProcess(function="Stretch", arguments=StretchRule())
    few = steps_for_bands(bind_steps([gains, stretch], INFO), (4, 0))
    assert few is not None
    part = few.apply(PixelBlock(np.ascontiguousarray(REFLECTANCE[[4, 0]]), BLOCK.valid))
    whole = bind_steps([gains, stretch], INFO).apply(BLOCK)
    np.testing.assert_array_equal(part.data, whole.data[[4, 0]])
    assert steps_for_bands(bind_steps([grey], INFO), (0,)) is None
