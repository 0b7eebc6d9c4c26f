"""Reflectance by gains and sun, against the handbook's formula written out; covers engine.function_rules.sensors."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import ReflectanceRule
from engine.functions.base import BandsInfo
from engine.functions.reflectance import Reflectance
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json

# REFLECTANCE_MULT_BAND_n, REFLECTANCE_ADD_BAND_n and SUN_ELEVATION of Landsat 8 products.
GAIN, BIAS, SUN = 2.0e-5, -0.1, 41.5
NUMBERS = np.array([[[5000, 7500, 20000, 55000]], [[5200, 9000, 30000, 60000]]], np.uint16)


def _ran(arguments: ReflectanceRule, **properties: str | float) -> PixelBlock:
    info = BandsInfo(PixelType.U16, 2, properties=tuple(properties.items()))
    rule = RenderingRule(function="Reflectance", arguments=arguments)
    valid = np.ones((1, *NUMBERS.shape[1:]), np.bool_)
    return Reflectance().bind(info, rule).apply(PixelBlock(NUMBERS, valid))


def _handbook() -> np.ndarray:
    return np.asarray((GAIN * NUMBERS.astype(float) + BIAS) / np.sin(np.radians(SUN)))


def test_albedo_is_the_formula_of_the_handbook() -> None:
    rule = ReflectanceRule(
        reflectance_gain_values=(GAIN,),
        reflectance_bias_values=(BIAS,),
        sun_elevation=SUN,
        albedo=True,
    )
    got = _ran(rule)
    assert got.data.dtype == np.float32
    np.testing.assert_allclose(got.data, _handbook(), rtol=1e-6)


def test_without_albedo_it_is_scaled_to_sixteen_bits() -> None:
    rule = ReflectanceRule(
        reflectance_gain_values=(GAIN, GAIN),
        reflectance_bias_values=(BIAS, BIAS),
        sun_elevation=SUN,
    )
    got = _ran(rule)
    wanted = np.clip(np.rint(_handbook() * 50_000 + 5_000), 0, 65_535)
    assert got.data.dtype == np.uint16
    np.testing.assert_array_equal(got.data, wanted)
    own = ReflectanceRule(
        reflectance_gain_values=(GAIN,),
        reflectance_bias_values=(BIAS,),
        sun_elevation=SUN,
        scale_factor=10_000,
        offset=0,
    )
    np.testing.assert_array_equal(_ran(own).data, np.clip(np.rint(_handbook() * 10_000), 0, 65_535))


def test_what_the_catalog_knows_does_where_the_rule_says_nothing() -> None:
    got = _ran(
        ReflectanceRule(albedo=True),
        reflectancegain=f"{GAIN} {GAIN}",
        reflectancebias=BIAS,
        sunelevation=SUN,
    )
    np.testing.assert_allclose(got.data, _handbook(), rtol=1e-6)


def test_rasters_of_reflectance_are_scaled_alone() -> None:
    got = _ran(
        ReflectanceRule(scale_factor=0.5, offset=1), values="surface reflectance", sunelevation=SUN
    )
    np.testing.assert_array_equal(got.data, np.rint(NUMBERS * 0.5 + 1))


def test_clients_name_it_in_two_ways() -> None:
    for name in ("Reflectance", "ApparentReflectance"):
        rule = rendering_rule_of_json(
            {
                "rasterFunction": name,
                "rasterFunctionArguments": {"Albedo": True, "SunElevation": "30"},
            }
        )
        assert rule.function == "Reflectance"
        assert rule.arguments == ReflectanceRule(albedo=True, sun_elevation=30)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (ReflectanceRule(), "none.*ReflectanceGainValues"),
        (ReflectanceRule(radiance_gain_values=(1,)), "radiance alone"),
        (ReflectanceRule(reflectance_gain_values=(1, 2, 3), sun_elevation=9), "1 or 2"),
        (ReflectanceRule(reflectance_gain_values=(1,)), "not known.*SunElevation"),
        (ReflectanceRule(reflectance_gain_values=(1,), sun_elevation=0), "SunElevation"),
        (ReflectanceRule(reflectance_gain_values=(1,), sun_elevation=91), "SunElevation"),
        (
            ReflectanceRule(reflectance_gain_values=(1,), sun_elevation=9, scale_factor=0),
            "ScaleFactor",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(rule: ReflectanceRule, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        _ran(rule)
