"""Arguments of functions that weigh, compare or colour several rasters or bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class WeightedSumRule(FunctionRule, tag="WeightedSum", frozen=True, kw_only=True):
    """Arguments of the WeightedSum function.

    Attributes
    ----------
    weights : tuple of float
        One a raster; () = all 1.
    fields : tuple of str
        What is added of each raster: "Value", its samples; () = that.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)

    weights: tuple[float, ...] = ()
    fields: tuple[str, ...] = ()


class WeightedOverlayRule(FunctionRule, tag="WeightedOverlay", frozen=True, kw_only=True):
    """Arguments of the WeightedOverlay function.

    Attributes
    ----------
    influences : tuple of int
        Percent, one a raster, 100 together; () = all alike.
    remaps : tuple of str
        One a raster: "value new; value new …", or "low high new" for a range; the new value may be NoData or
        Restricted. "" = samples as they are.
    eval_from, eval_to : int
        The scale that new values are on.
    fields : tuple of str
        As of WeightedSum.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Rasters*",)

    influences: tuple[int, ...] = ()
    remaps: tuple[str, ...] = ()
    eval_from: int = 1
    eval_to: int = 9
    fields: tuple[str, ...] = ()


class ComputeChangeRule(FunctionRule, tag="ComputeChange", frozen=True, kw_only=True):
    """Arguments of the ComputeChange function, from Raster to Raster2.

    Attributes
    ----------
    method : int
        0 difference, 1 relative difference, 2 change of class, 3 distance between spectra, 4 angle between
        them (radians), 5 the band (from 0) with most change.
    keep_method : int
        Of classes: 1 all pixels, 2 those that changed, 3 those that did not.
    from_class_values, to_class_values : tuple of int
        Classes that count; () = all.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Raster", "Raster2")

    method: int = 0
    keep_method: int = 1
    from_class_values: tuple[int, ...] = ()
    to_class_values: tuple[int, ...] = ()

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "method": {
            "difference": 0,
            "relativedifference": 1,
            "categoricaldifference": 2,
            "spectraleuclideandistance": 3,
            "spectralangledifference": 4,
            "bandwithmostchange": 5,
        },
        "keep_method": {"all": 1, "changedpixelsonly": 2, "unchangedpixelsonly": 3},
    }


class ComplexRule(FunctionRule, tag="Complex", frozen=True, kw_only=True):
    """Arguments of the Complex function, of a real and an imaginary raster, or one with both as its bands.

    Attributes
    ----------
    value_type : str
        AMPLITUDE, PHASE (radians) or COMPLEX (both parts as bands).
    """

    inputs: ClassVar[tuple[str, ...]] = ("Raster", "ImaginaryRaster?")

    value_type: str = "AMPLITUDE"


class CreateColorCompositeRule(FunctionRule, tag="CreateColorComposite", frozen=True, kw_only=True):
    """Arguments of the CreateColorComposite function.

    Attributes
    ----------
    method : int
        What bands are called by: 0 names, 2 numbers (B1, B2 …).
    red, green, blue : str
        A band, or an expression of bands.
    """

    method: int = 0
    red: str = ""
    green: str = ""
    blue: str = ""

    esri_names: ClassVar[Mapping[str, str]] = {
        "red": "BandIndexesR",
        "green": "BandIndexesG",
        "blue": "BandIndexesB",
    }
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "method": {"bandnames": 0, "bandids": 2},
    }


class ConstantRule(FunctionRule, tag="Constant", frozen=True, kw_only=True):
    """Arguments of the Constant function, which takes no raster.

    Attributes
    ----------
    constant : tuple of float
        One a band of the result.
    """

    inputs: ClassVar[tuple[str, ...]] = ()

    constant: tuple[float, ...] = ()
