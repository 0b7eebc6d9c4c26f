"""Arguments of functions that choose and combine bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class NdviRule(FunctionRule, tag="NDVI", frozen=True, kw_only=True):
    """Arguments of the NDVI function.

    Attributes
    ----------
    visible_band, infrared_band : int
        From 0.
    scientific_output : bool
        -1 to 1 as floating point; else whole numbers from 0 to 200.
    """

    visible_band: int = 0
    infrared_band: int = 1
    scientific_output: bool = False

    esri_names: ClassVar[Mapping[str, str]] = {
        "visible_band": "VisibleBandID",
        "infrared_band": "InfraredBandID",
    }


class ExtractBandRule(FunctionRule, tag="ExtractBand", frozen=True, kw_only=True):
    """Arguments of the ExtractBand function.

    Attributes
    ----------
    method : int
        What counts: 0 names, 1 wavelengths, 2 numbers; the one that is given, where it is one.
    band_ids : tuple of int
        From 0.
    band_wavelengths : tuple of float
        Nanometres.
    missing_band_action : int
        0 the best match instead, 1 an error.
    wavelength_match_tolerance : float
        Nanometres that a band may lie off a wavelength.
    """

    method: int | None = None
    band_ids: tuple[int, ...] = ()
    band_names: tuple[str, ...] = ()
    band_wavelengths: tuple[float, ...] = ()
    missing_band_action: int = 0
    wavelength_match_tolerance: float = 0.0

    esri_names: ClassVar[Mapping[str, str]] = {"band_ids": "BandIDs"}


class CompositeBandRule(FunctionRule, tag="CompositeBand", frozen=True, kw_only=True):
    """Arguments of the CompositeBand function: it has none but its rasters."""

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)


class BandArithmeticRule(FunctionRule, tag="BandArithmetic", frozen=True, kw_only=True):
    """Arguments of the BandArithmetic function.

    Attributes
    ----------
    method : int
        0 the expression in `band_indexes`, else Esri's number of an index.
    band_indexes : str
        Numbers of bands from 1 with blanks between, and the index's own numbers after them; or an
        expression of bands B1, B2 ….
    """

    method: int = 0
    band_indexes: str = ""


class GrayscaleRule(FunctionRule, tag="Grayscale", frozen=True, kw_only=True):
    """Arguments of the Grayscale function.

    Attributes
    ----------
    conversion_parameters : tuple of float
        A weight a band; (): the first three bands as televisions weigh them, or all alike.
    """

    conversion_parameters: tuple[float, ...] = ()


class SpectralConversionRule(FunctionRule, tag="SpectralConversion", frozen=True, kw_only=True):
    """Arguments of the SpectralConversion function.

    Attributes
    ----------
    conversion_matrix : tuple of float
        A row of weights for each band of the result, row by row.
    """

    conversion_matrix: tuple[float, ...] = ()


class PansharpeningRule(FunctionRule, tag="Pansharpening", frozen=True, kw_only=True):
    """Arguments of the Pansharpening function.

    Attributes
    ----------
    pansharpening_type : int
        0 IHS, 1 Brovey, 2 Esri, 3 simple mean, 4 Gram-Schmidt.
    weights : tuple of float
        Of red, green, blue and infrared in the panchromatic band; scaled so that they sum to 1.
    use_fourth_band_of_ms_as_ir : bool
        The fourth multispectral band is the infrared, where no raster is.
    sensor : str
        Not used: weights are as they are given.
    multispectral_only : bool
        The multispectral bands as they are, as where pixels are no finer than theirs.
    """

    inputs: ClassVar[tuple[str, ...]] = ("PanImage", "MSImage", "InfraredImage?")

    pansharpening_type: int = 2
    weights: tuple[float, ...] = (0.166, 0.167, 0.167, 0.5)
    use_fourth_band_of_ms_as_ir: bool = True
    sensor: str = ""
    multispectral_only: bool = False

    esri_names: ClassVar[Mapping[str, str]] = {
        "use_fourth_band_of_ms_as_ir": "UseFourthBandOfMSAsIR"
    }
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "pansharpening_type": {
            "ihs": 0,
            "brovey": 1,
            "esri": 2,
            "simplemean": 3,
            "mean": 3,
            "gramschmidt": 4,
        }
    }
