"""Arguments of raster functions as records, one for each function; part of `engine.request_parts`.

The front reads rendering rules into them without knowing what the functions do.
"""

from engine.function_rules.bands import (
    BandArithmeticRule,
    CompositeBandRule,
    ExtractBandRule,
    GrayscaleRule,
    NdviRule,
    PansharpeningRule,
    SpectralConversionRule,
)
from engine.function_rules.base import FunctionRule
from engine.function_rules.colours import (
    ColormapRule,
    ColormapToRgbRule,
    ColorspaceConversionRule,
    RampPart,
    TableRule,
)
from engine.function_rules.focal import (
    FocalRule,
    InterpolateIrregularDataRule,
    StatisticsRule,
)
from engine.function_rules.local import (
    ArgStatisticsRule,
    ArithmeticRule,
    CellStatisticsRule,
    LocalRule,
    MergeRastersRule,
    RasterCalculatorRule,
)
from engine.function_rules.outside import OutsideRule
from engine.function_rules.overlay import (
    ComplexRule,
    ComputeChangeRule,
    ConstantRule,
    CreateColorCompositeRule,
    WeightedOverlayRule,
    WeightedSumRule,
)
from engine.function_rules.places import (
    ClipRule,
    ResampleRule,
    Shape,
)
from engine.function_rules.python import PythonRule
from engine.function_rules.samples import (
    ContrastBrightnessRule,
    ConvolutionRule,
    GainOffsetRule,
    GainSurfaceRule,
    MaskRule,
    RemapRule,
    StatisticsHistogramRule,
    StretchRule,
    ThresholdRule,
    TransposeBitsRule,
    UnitConversionRule,
)
from engine.function_rules.sensors import (
    ReflectanceRule,
    TasseledCapRule,
)
from engine.function_rules.terrain import (
    AspectRule,
    AspectSlopeRule,
    ContourRule,
    CurvatureRule,
    ElevationVoidFillRule,
    HillshadeRule,
    ShadedReliefRule,
    SlopeRule,
)
from engine.function_rules.vectors import VectorFieldRendererRule, VectorFieldRule

__all__ = [
    "ArgStatisticsRule",
    "ArithmeticRule",
    "AspectRule",
    "AspectSlopeRule",
    "BandArithmeticRule",
    "CellStatisticsRule",
    "ClipRule",
    "ColormapRule",
    "ColormapToRgbRule",
    "ColorspaceConversionRule",
    "ComplexRule",
    "CompositeBandRule",
    "ComputeChangeRule",
    "ConstantRule",
    "ContourRule",
    "ContrastBrightnessRule",
    "ConvolutionRule",
    "CreateColorCompositeRule",
    "CurvatureRule",
    "ElevationVoidFillRule",
    "ExtractBandRule",
    "FocalRule",
    "FunctionArguments",
    "FunctionRule",
    "GainOffsetRule",
    "GainSurfaceRule",
    "GrayscaleRule",
    "HillshadeRule",
    "InterpolateIrregularDataRule",
    "LocalRule",
    "MaskRule",
    "MergeRastersRule",
    "NdviRule",
    "OutsideRule",
    "PansharpeningRule",
    "PythonRule",
    "RampPart",
    "RasterCalculatorRule",
    "ReflectanceRule",
    "RemapRule",
    "ResampleRule",
    "ShadedReliefRule",
    "Shape",
    "SlopeRule",
    "SpectralConversionRule",
    "StatisticsHistogramRule",
    "StatisticsRule",
    "StretchRule",
    "TableRule",
    "TasseledCapRule",
    "ThresholdRule",
    "TransposeBitsRule",
    "UnitConversionRule",
    "VectorFieldRendererRule",
    "VectorFieldRule",
    "WeightedOverlayRule",
    "WeightedSumRule",
]

FunctionArguments = (
    StretchRule
    | RemapRule
    | ConvolutionRule
    | ArithmeticRule
    | GainOffsetRule
    | GainSurfaceRule
    | BandArithmeticRule
    | CompositeBandRule
    | ExtractBandRule
    | GrayscaleRule
    | SpectralConversionRule
    | CellStatisticsRule
    | LocalRule
    | MergeRastersRule
    | TableRule
    | RasterCalculatorRule
    | ArgStatisticsRule
    | MaskRule
    | ContrastBrightnessRule
    | ThresholdRule
    | UnitConversionRule
    | ColormapRule
    | ColormapToRgbRule
    | WeightedSumRule
    | WeightedOverlayRule
    | ComputeChangeRule
    | ComplexRule
    | CreateColorCompositeRule
    | ConstantRule
    | VectorFieldRule
    | VectorFieldRendererRule
    | InterpolateIrregularDataRule
    | NdviRule
    | PansharpeningRule
    | AspectRule
    | AspectSlopeRule
    | ContourRule
    | CurvatureRule
    | ElevationVoidFillRule
    | ShadedReliefRule
    | HillshadeRule
    | SlopeRule
    | FocalRule
    | StatisticsRule
    | StatisticsHistogramRule
    | ClipRule
    | TasseledCapRule
    | ReflectanceRule
    | PythonRule
    | ColorspaceConversionRule
    | TransposeBitsRule
    | ResampleRule
    | OutsideRule
)
