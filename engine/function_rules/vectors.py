"""Arguments of functions of vector fields: winds, currents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class VectorFieldRule(FunctionRule, tag="VectorField", frozen=True, kw_only=True):
    """Arguments of the VectorField function, of two rasters or one with both parts as bands.

    Attributes
    ----------
    angle_reference_system : int
        Of directions: 0 geographic (north is 0, east 90), 1 arithmetic (east is 0, north 90).
    input_data_type, output_data_type : str
        Vector-UV or Vector-MagDir; of the input Unknown is Vector-UV.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Raster1", "Raster2?")

    angle_reference_system: int = 0
    input_data_type: str = "Vector-UV"
    output_data_type: str = "Vector-UV"

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "angle_reference_system": {"geographic": 0, "arithmetic": 1}
    }


class VectorFieldRendererRule(FunctionRule, tag="VectorFieldRenderer", frozen=True, kw_only=True):
    """Arguments of the VectorFieldRenderer function.

    Attributes
    ----------
    is_uv_components : bool or None
        Bands are parts to the east and to the north, else magnitude and direction; None = as VectorField says,
        else magnitude and direction.
    reference_system : int
        Of directions: 1 geographic (north is 0, east 90), 2 arithmetic (east is 0, north 90).
    mass_flow_angle_representation : int
        Directions say where it flows 0 from, 1 to.
    calculation_method : str
        Of a symbol's vector from the pixels of its tile: Vector Average, or Center.
    symbology_name : str
    symbol_tile_size : int
        Pixels from symbol to symbol.
    """

    is_uv_components: bool | None = None
    reference_system: int = 1
    mass_flow_angle_representation: int = 0
    calculation_method: str = "Vector Average"
    symbology_name: str = "Single Arrow"
    symbol_tile_size: int = 50

    esri_names: ClassVar[Mapping[str, str]] = {"is_uv_components": "IsUVComponents"}
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "reference_system": {"geographic": 1, "angular": 2, "arithmetic": 2},
        "mass_flow_angle_representation": {"from": 0, "to": 1},
    }
