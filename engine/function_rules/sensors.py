"""Arguments of functions that know the sensor of a raster."""

from __future__ import annotations

from typing import ClassVar

from engine.function_rules.base import FunctionRule


class TasseledCapRule(FunctionRule, tag="TasseledCap", frozen=True, kw_only=True):
    """Arguments of the TasseledCap function.

    Attributes
    ----------
    sensor_name : str
        "" = as the catalog's field SensorName tells.
    """

    sensor_name: str = ""


class ReflectanceRule(FunctionRule, tag="Reflectance", frozen=True, kw_only=True):
    """Arguments of the Reflectance function, one per band or one for all.

    Attributes
    ----------
    reflectance_gain_values, reflectance_bias_values : tuple of float
        Make reflectance of numbers with the sun overhead; () = what is known of the raster.
    radiance_gain_values, radiance_bias_values : tuple of float
        Of bands without reflectance: they do not count here.
    sun_elevation : float or None
        Degrees above the horizon; None = as the catalog's field SunElevation tells.
    albedo : bool
        The result is reflectance from 0 to 1; else it is scaled by the two numbers below.
    """

    radiance_gain_values: tuple[float, ...] = ()
    radiance_bias_values: tuple[float, ...] = ()
    reflectance_gain_values: tuple[float, ...] = ()
    reflectance_bias_values: tuple[float, ...] = ()
    sun_elevation: float | None = None
    albedo: bool = False
    scale_factor: float = 50_000.0
    offset: float = 5_000.0

    other_names: ClassVar[tuple[str, ...]] = ("ApparentReflectance",)
