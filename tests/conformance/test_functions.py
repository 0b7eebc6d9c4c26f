"""Every raster function keeps shape and validity, and returns the type it declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.function_rules import (
    ArgStatisticsRule,
    ArithmeticRule,
    AspectRule,
    AspectSlopeRule,
    BandArithmeticRule,
    CellStatisticsRule,
    ClipRule,
    ColormapRule,
    ColormapToRgbRule,
    ColorspaceConversionRule,
    ComplexRule,
    CompositeBandRule,
    ComputeChangeRule,
    ConstantRule,
    ContourRule,
    ContrastBrightnessRule,
    ConvolutionRule,
    CreateColorCompositeRule,
    CurvatureRule,
    ElevationVoidFillRule,
    ExtractBandRule,
    FocalRule,
    FunctionArguments,
    GainOffsetRule,
    GainSurfaceRule,
    GrayscaleRule,
    HillshadeRule,
    InterpolateIrregularDataRule,
    LocalRule,
    MaskRule,
    MergeRastersRule,
    NdviRule,
    PansharpeningRule,
    PythonRule,
    RasterCalculatorRule,
    ReflectanceRule,
    RemapRule,
    ResampleRule,
    ShadedReliefRule,
    Shape,
    SlopeRule,
    SpectralConversionRule,
    StatisticsHistogramRule,
    StatisticsRule,
    StretchRule,
    TableRule,
    TasseledCapRule,
    ThresholdRule,
    TransposeBitsRule,
    UnitConversionRule,
    VectorFieldRendererRule,
    VectorFieldRule,
    WeightedOverlayRule,
    WeightedSumRule,
)
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.python_functions.runner import use_runner
from engine.request_parts import RenderingRule
from engine.summary import Histogram
from tests.engine.hosted_runner import HostedRunner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Arguments with which a function works on whole numbers from 0 to 99; None = its defaults.
ARGUMENTS: dict[str, FunctionArguments] = {
    "StatisticsHistogram": StatisticsHistogramRule(statistics=((0, 9, 4, 1),)),
    "Clip": ClipRule(extent=Shape(wkb=shapely.to_wkb(shapely.box(0, 0, 5, 5)), crs="EPSG:4326")),
    "TasseledCap": TasseledCapRule(sensor_name="Landsat 8"),
    "Reflectance": ReflectanceRule(reflectance_gain_values=(2e-5,), sun_elevation=40),
    "ColorspaceConversion": ColorspaceConversionRule(),
    "TransposeBits": TransposeBitsRule(input_bit_positions=(0, 3), output_bit_positions=(6, 7)),
    "Resample": ResampleRule(resampling_type=2),
    "Stretch": StretchRule(),
    "Remap": RemapRule(input_ranges=(0, 50, 50, 100), output_values=(1, 2)),
    "Convolution": ConvolutionRule(kind=11),
    "Arithmetic": ArithmeticRule(operation=3, constants=(0.5,)),
    "GainOffset": GainOffsetRule(gains=(1.5,), offsets=(-1.0,)),
    "GainSurface": GainSurfaceRule(rows=1, cols=2, gains=(0.5, 1.5)),
    "NDVI": NdviRule(),
    "MergeRasters": MergeRastersRule(),
    "Table": TableRule(colors=((1, 200, 100, 0),)),
    "Pansharpening": PansharpeningRule(),
    "Python": PythonRule(
        name="WaterShare",
        rasters=("raster",),
        scalars='{"scale": 1, "mode": "Signed", "invert": false}',
    ),
    "Colormap": ColormapRule(colormap=((3, 255, 0, 0), (50, 0, 255, 0))),
    "ColormapToRGB": ColormapToRgbRule(),
    "Mask": MaskRule(no_data_values=("7 9",), included_ranges=(3, 80)),
    "ContrastBrightness": ContrastBrightnessRule(contrast_offset=20, brightness_offset=-5),
    "UnitConversion": UnitConversionRule(from_unit=9, to_unit=3),
    "Threshold": ThresholdRule(),
    "Statistics": StatisticsRule(kind=5),
    "Focal": FocalRule(neighborhood_type=2, statistic_type=11),
    "Slope": SlopeRule(slope_type=3),
    "Aspect": AspectRule(),
    "Hillshade": HillshadeRule(hillshade_type=1),
    "AspectSlope": AspectSlopeRule(),
    "Contour": ContourRule(contour_interval=10.0),
    "Curvature": CurvatureRule(curvature_type=2),
    "ElevationVoidFill": ElevationVoidFillRule(max_void_width=3),
    "ShadedRelief": ShadedReliefRule(),
    "Local": LocalRule(operation=41),
    "CellStatistics": CellStatisticsRule(operation=66),
    "ArgStatistics": ArgStatisticsRule(arg_statistics_type=2, undefined_class=9),
    "WeightedSum": WeightedSumRule(weights=(0.5,)),
    "WeightedOverlay": WeightedOverlayRule(remaps=("0 50 3; 50 99 NoData; 60 Restricted",)),
    "ComputeChange": ComputeChangeRule(method=4),
    "Complex": ComplexRule(),
    "CreateColorComposite": CreateColorCompositeRule(red="B1", green="B2 / B1", blue="B2"),
    "Constant": ConstantRule(constant=(3.0, 4.0)),
    "VectorField": VectorFieldRule(output_data_type="Vector-MagDir"),
    "VectorFieldRenderer": VectorFieldRendererRule(symbol_tile_size=8),
    "InterpolateIrregularData": InterpolateIrregularDataRule(interpolation_method=2),
    "RasterCalculator": RasterCalculatorRule(input_names=("x",), expression="x * 2 + 1"),
    "BandArithmetic": BandArithmeticRule(band_indexes="(B1 - B2) / (B1 + B2)"),
    "CompositeBand": CompositeBandRule(),
    "ExtractBand": ExtractBandRule(band_ids=(1, 0, 1)),
    "Grayscale": GrayscaleRule(),
    "SpectralConversion": SpectralConversionRule(conversion_matrix=(1, 0.5, 0.25, 2, 0, 1)),
}
# Functions that have results where there is no sample: that is what they are for.
MAKES_DATA = {"Constant", "ElevationVoidFill", "InterpolateIrregularData"}
KINDS = [PixelType.U8, PixelType.S16, PixelType.U16, PixelType.S32, PixelType.F32, PixelType.F64]


COLOURS = ((0, 1, 2, 3), (70, 4, 5, 6))
HISTOGRAMS = (Histogram(min=0, max=100, counts=(5, 1, 1, 9)),)
# Functions that take another count of bands than two.
BANDS = {"TasseledCap": 6, "ColorspaceConversion": 3}


@pytest.fixture(autouse=True)
def _runs_python(repo_root: Path) -> Iterator[None]:
    use_runner(HostedRunner(repo_root / "tests/python_functions"))
    yield
    use_runner(None)


def rule_of(name: str) -> RenderingRule:
    """A rule that the function can run."""
    return RenderingRule(function=name, arguments=ARGUMENTS[name])


@pytest.mark.parametrize("shape", [(1, 1), (5, 8)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_output_has_the_declared_type_and_the_valid_pixels_of_the_input(
    name: str, kind: PixelType, shape: tuple[int, int]
) -> None:
    random = np.random.default_rng(1)
    bands = BANDS.get(name, 2)
    data = random.integers(0, 100, (bands, *shape)).astype(kind.dtype_name)
    block = PixelBlock(data, random.random((1, *shape)) > 0.5)
    bound = FUNCTIONS[name].bind(
        BandsInfo(kind, bands, histograms=HISTOGRAMS * bands, colormap=COLOURS), rule_of(name)
    )
    answer = bound.apply(block)
    assert answer.data.dtype == bound.output.pixel_type.dtype_name
    assert answer.data.shape == (bound.output.bands, *shape)
    # A function may have no result where others have (0 / 0), never one where there is no sample.
    assert name in MAKES_DATA or not (answer.valid & ~block.valid).any()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_invalid_input_gives_all_invalid_output(name: str) -> None:
    bands = BANDS.get(name, 2)
    block = PixelBlock(np.full((bands, 3, 3), np.nan, np.float32), np.zeros((1, 3, 3), np.bool_))
    bound = FUNCTIONS[name].bind(
        BandsInfo(PixelType.F32, bands, histograms=HISTOGRAMS * bands, colormap=COLOURS),
        rule_of(name),
    )
    # Constant takes no raster at all.
    assert name == "Constant" or not bound.apply(block).valid.any()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_padding_is_a_count_of_pixels(name: str) -> None:
    assert FUNCTIONS[name].padding(rule_of(name)) >= 0
