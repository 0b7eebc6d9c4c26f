"""Arguments of functions that change the values of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.band_statistics import Histogram
from engine.function_rules.base import FunctionRule


class StretchRule(FunctionRule, tag="Stretch", frozen=True, kw_only=True):
    """Arguments of the Stretch function, in Esri's meaning of the numbers.

    Attributes
    ----------
    stretch_type : int
        0 none, 3 deviation, 4 equalization, 5 min-max, 6 clip, 7 gaussian, 8 specification, 9 sigmoid.
    statistics : (min, max, mean, deviation) of each band, or of all
    histograms : one per band, or one for all
        Of the raster; of histogram specification those that the result shall have.
    compute_gamma : bool
        Bring the mean of each band to the middle of the output; then `gamma` does not count.
    """

    stretch_type: int = 0
    standard_deviations: float = 2.0
    min_percent: float = 0.0
    max_percent: float = 0.0
    out_min: float = 0.0
    out_max: float = 255.0
    statistics: tuple[tuple[float, float, float, float], ...] = ()
    dynamic_range: bool = False
    gamma: tuple[float, ...] = ()
    histograms: tuple[Histogram, ...] = ()
    compute_gamma: bool = False
    sigmoid_strength_level: int = 2

    esri_names: ClassVar[Mapping[str, str]] = {
        "standard_deviations": "NumberOfStandardDeviations",
        "out_min": "Min",
        "out_max": "Max",
        "dynamic_range": "DRA",
    }
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "stretch_type": {
            "none": 0,
            "standarddeviation": 3,
            "standarddeviations": 3,
            "histogramequalization": 4,
            "minmax": 5,
            "minimummaximum": 5,
            "percentclip": 6,
            "gaussian": 7,
            "histogramspecification": 8,
            "sigmoid": 9,
        }
    }


class RemapRule(FunctionRule, tag="Remap", frozen=True, kw_only=True):
    """Arguments of the Remap function.

    Attributes
    ----------
    input_ranges : pairs of (lowest, end), one after the other
        The end is not included, but for a pair of equal numbers, which is that value. The first range
        that holds a sample decides.
    output_values : one per range
    no_data_ranges : pairs as above
        What they hold becomes no data, whatever the input ranges say.
    allow_unmatched : bool
        What no range holds keeps its value.
    replacement_value : float or None
        Else it takes this one; None = it becomes no data.
    is_last_range_inclusive : bool
        The last range includes its end.
    """

    input_ranges: tuple[float, ...] = ()
    output_values: tuple[float, ...] = ()
    no_data_ranges: tuple[float, ...] = ()
    allow_unmatched: bool = False
    replacement_value: float | None = None
    is_last_range_inclusive: bool = False

    esri_names: ClassVar[Mapping[str, str]] = {
        "is_last_range_inclusive": "IsLastInputRangeInclusive"
    }


class ConvolutionRule(FunctionRule, tag="Convolution", frozen=True, kw_only=True):
    """Arguments of the Convolution function.

    Attributes
    ----------
    kind : int
        Esri's number of a kernel (`engine.functions.convolution_kernels`); -1 = the one given here,
        255 = none.
    rows, columns : int
        Of the kernel given here.
    kernel : rows × columns floats
        Row by row from the top, as it is laid over the pixels.
    """

    kind: int = -1
    rows: int = 3
    columns: int = 3
    kernel: tuple[float, ...] = ()

    esri_names: ClassVar[Mapping[str, str]] = {"kind": "Type"}


class GainOffsetRule(FunctionRule, tag="GainOffset", frozen=True, kw_only=True):
    """Arguments of the GainOffset function: out = in · gain + offset.

    Attributes
    ----------
    gains, offsets : one for all bands, or one per band
    """

    gains: tuple[float, ...] = (1.0,)
    offsets: tuple[float, ...] = (0.0,)


class GainSurfaceRule(FunctionRule, tag="GainSurface", frozen=True, kw_only=True):
    """Arguments of the GainSurface function: gains of rows × cols nodes, bilinear between them.

    The outer nodes lie on the raster's edges. Row by row from the top, for all bands or band by band.
    """

    rows: int = 1
    cols: int = 1
    gains: tuple[float, ...] = (1.0,)


class MaskRule(FunctionRule, tag="Mask", frozen=True, kw_only=True):
    """Arguments of the Mask function.

    Attributes
    ----------
    no_data_values : tuple of str
        Numbers with blanks between, a text a band or one for all.
    included_ranges : tuple of float
        Least and largest value, a pair a band or one for all; others are no data.
    no_data_interpretation : int
        0 each band by itself, 1 only where all bands have such values.
    """

    no_data_values: tuple[str, ...] = ()
    included_ranges: tuple[float, ...] = ()
    no_data_interpretation: int = 0


class ContrastBrightnessRule(FunctionRule, tag="ContrastBrightness", frozen=True, kw_only=True):
    """Arguments of the ContrastBrightness function: both from -100 to 100."""

    contrast_offset: float = 0.0
    brightness_offset: float = 0.0


class ThresholdRule(FunctionRule, tag="Threshold", frozen=True, kw_only=True):
    """Arguments of the Threshold function.

    Attributes
    ----------
    threshold_type : int
        1 Otsu's, of the service's histogram.
    """

    threshold_type: int = 1


class UnitConversionRule(FunctionRule, tag="UnitConversion", frozen=True, kw_only=True):
    """Arguments of the UnitConversion function: Esri's numbers of units of length, speed or heat."""

    from_unit: int = 9
    to_unit: int = 9


class StatisticsHistogramRule(FunctionRule, tag="StatisticsHistogram", frozen=True, kw_only=True):
    """Arguments of the StatisticsHistogram function: what is known of the raster, for later functions.

    Attributes
    ----------
    statistics : (min, max, mean, deviation) of each band, or of all
    histograms : one per band, or one for all
    """

    statistics: tuple[tuple[float, float, float, float], ...] = ()
    histograms: tuple[Histogram, ...] = ()


class TransposeBitsRule(FunctionRule, tag="TransposeBits", frozen=True, kw_only=True):
    """Arguments of the TransposeBits function.

    Attributes
    ----------
    input_bit_positions, output_bit_positions : tuple of int
        From 0, the lowest one; each bit of the input goes to the place in the same position of the list.
    constant_fill_check : bool
        The other bits are those of `constant_fill_value`; else of the raster FillRaster, or 0.
    """

    input_bit_positions: tuple[int, ...] = ()
    output_bit_positions: tuple[int, ...] = ()
    constant_fill_check: bool = False
    constant_fill_value: int = 0

    inputs: ClassVar[tuple[str, ...]] = ("Raster", "FillRaster?")
