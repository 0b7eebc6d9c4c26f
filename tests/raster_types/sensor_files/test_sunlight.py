"""How far the sun is and how bright, against the almanac and published numbers."""

from __future__ import annotations

import math

import pytest

from raster_types.sensor_files.sunlight import gains_text, maxar_gains, sun_distance


@pytest.mark.parametrize(
    ("date", "distance"),
    [("2009-10-08", 0.998987), ("2023-01-04", 0.98330), ("2023-07-06", 1.01668), ("", 1.0)],
)
def test_the_sun_is_as_far_as_the_almanac_says(date: str, distance: float) -> None:
    assert sun_distance(date) == pytest.approx(distance, abs=5e-4)


def test_the_published_example_comes_out() -> None:
    """Radiometric Use of WorldView-2 Imagery: radiance of the gain alone, then reflectance with the sun overhead."""
    texts = {"abscalfactor": "9.295654e-03", "effectivebandwidth": "5.430000e-02"}
    (gain,) = maxar_gains("WV02", [("B", texts)], "2009-10-08")
    radiance = 9.295654e-03 / 5.43e-02
    assert gain == pytest.approx(radiance * math.pi * 0.998987**2 / 1974.2416, rel=1e-3)


@pytest.mark.parametrize(
    ("satellite", "band", "texts"),
    [
        ("WV99", "B", {"abscalfactor": "0.01", "effectivebandwidth": "0.05"}),
        ("WV02", "Q", {"abscalfactor": "0.01", "effectivebandwidth": "0.05"}),
        ("WV02", "B", {"abscalfactor": "0.01"}),
        ("WV02", "B", {"abscalfactor": "zap", "effectivebandwidth": "0.05"}),
    ],
)
def test_what_is_not_known_of_one_band_is_known_of_none(
    satellite: str, band: str, texts: dict[str, str]
) -> None:
    good = {"abscalfactor": "0.01", "effectivebandwidth": "0.05"}
    assert maxar_gains(satellite, [("R", good), (band, texts)], "2020-01-01") == ()


def test_gains_are_a_text_with_blanks_between() -> None:
    assert gains_text((2e-05, 0.123456789123)) == "2e-05 0.123456789"
    assert gains_text(()) == ""
