"""Tasseled cap: coefficients are rotations, found by sensor; covers engine.functions.tasseled_cap_tables."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import TasseledCapRule
from engine.functions.base import BandsInfo
from engine.functions.tasseled_cap import TasseledCap
from engine.functions.tasseled_cap_tables import (
    ETM,
    IKONOS,
    MSI,
    OLI,
    QUICKBIRD,
    TABLES,
    TM4,
    TM5,
    TM_REFLECTANCE,
    WORLDVIEW2,
    TasseledCapTable,
    table_of,
)
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule


def _info(bands: int, **properties: str) -> BandsInfo:
    return BandsInfo(PixelType.F32, bands, properties=tuple(properties.items()))


def _ran(info: BandsInfo, data: np.ndarray, arguments: TasseledCapRule | None = None) -> PixelBlock:
    rule = RenderingRule(function="TasseledCap", arguments=arguments)
    block = PixelBlock(data.astype(np.float32), np.ones((1, *data.shape[1:]), np.bool_))
    return TasseledCap().bind(info, rule).apply(block)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_coefficients_are_rows_of_a_rotation(table: TasseledCapTable) -> None:
    rows = np.array(table.rows)
    if table is TM5:
        # Fitted to TM 4 by regression, not turned: length alone is about one.
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 0.9, atol=0.11)
        return
    # As far as four, or three, published digits tell.
    digits = 1.5e-3 if table in (TM4, IKONOS, QUICKBIRD) else 7e-4
    np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=digits)


@pytest.mark.parametrize(
    ("sensor", "platform", "values", "table"),
    [
        ("OLI_TIRS", "Landsat 8", "surface reflectance", OLI),
        ("OLI_TIRS", "Landsat 9", "", OLI),
        ("ETM", "Landsat 7", "dn", ETM),
        ("TM", "Landsat 4", "dn", TM4),
        ("TM", "Landsat 5", "dn", TM5),
        ("TM", "Landsat 5", "top of atmosphere reflectance", TM_REFLECTANCE),
        ("MSI", "Sentinel-2A", "surface reflectance", MSI),
        ("Landsat 8", "", "", OLI),
        ("QB02", "", "", QUICKBIRD),
        ("IKONOS-2", "", "", IKONOS),
        ("WV02", "WorldView-2", "", WORLDVIEW2),
        ("MSS", "Landsat 5", "", None),
        ("PHR1A", "Pleiades", "", None),
        ("", "", "", None),
    ],
)
def test_tables_go_by_sensor_platform_and_what_numbers_are(
    sensor: str, platform: str, values: str, table: TasseledCapTable | None
) -> None:
    assert table_of(sensor, platform, values) is table


@pytest.mark.parametrize(("bands", "first"), [(6, 0), (7, 1)])
def test_brightness_is_the_sum_of_bands_in_the_sensors_order(bands: int, first: int) -> None:
    data = np.random.default_rng(1).random((bands, 4, 5))
    got = _ran(_info(bands, sensorname="OLI_TIRS", platformname="Landsat 8"), data)
    wanted = np.einsum("cb,brk->crk", np.array(OLI.rows), data[first : first + 6])
    np.testing.assert_allclose(got.data, wanted, rtol=1e-5, atol=1e-6)


def test_constants_are_added() -> None:
    data = np.zeros((6, 1, 1))
    got = _ran(_info(6, sensorname="TM", platformname="Landsat 5", values="dn"), data)
    assert got.data[:, 0, 0].tolist() == pytest.approx([10.3695, -0.7310, -3.3828, 0.7879])


def test_bands_are_found_by_wavelength_whatever_their_order() -> None:
    middles = (2190.0, 842.0, 443.0, 665.0, 1610.0, 560.0, 490.0)
    info = BandsInfo(
        PixelType.F32,
        7,
        wavelengths_nm=tuple((middle - 10, middle + 10) for middle in middles),
        properties=(("sensorname", "MSI"),),
    )
    data = np.random.default_rng(2).random((7, 3, 3))
    got = _ran(info, data)
    wanted = np.einsum("cb,brk->crk", np.array(MSI.rows), data[[6, 5, 3, 1, 4, 0]])
    np.testing.assert_allclose(got.data, wanted, rtol=1e-5, atol=1e-6)


def test_the_rule_may_name_the_sensor_and_the_results_have_names() -> None:
    rule = RenderingRule(function="TasseledCap", arguments=TasseledCapRule(sensor_name="QuickBird"))
    bound = TasseledCap().bind(BandsInfo(PixelType.U16, 4), rule)
    assert bound.output.names == ("Brightness", "Greenness", "Wetness", "Fourth")
    assert bound.output.pixel_type is PixelType.F32


@pytest.mark.parametrize(
    ("info", "told"),
    [
        (BandsInfo(PixelType.U16, 6), "not known.*SensorName"),
        (_info(6, sensorname="PHR1A"), "PHR1A"),
        (_info(3, sensorname="ETM"), "3 bands"),
        (_info(4, sensorname="WV02"), "4 bands"),
    ],
)
def test_what_cannot_be_is_told(info: BandsInfo, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        _ran(info, np.zeros((info.bands, 1, 1)))
