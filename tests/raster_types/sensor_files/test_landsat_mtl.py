"""MTL and ESPA metadata of all sensors.

Covers raster_types.sensor_files.landsat_mtl, landsat_text, landsat_bands and landsat_espa.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from engine.errors import InvalidParameter
from raster_types.sensor_files.landsat_bands import Role, bands_of, sensor_family, sun_irradiance
from raster_types.sensor_files.landsat_espa import read_espa
from raster_types.sensor_files.landsat_mtl import LandsatProduct, read_mtl
from raster_types.sensor_files.landsat_text import read_groups
from tests.raster_types.landsat_scenes import as_json, as_text, as_xml, groups

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = {
    "LC08_L1TP_193024_20180824_20200831_02_T1_MTL.txt": (8, "OLI_TIRS", 11, "L1TP"),
    "LC08_L1TP_195025_20130707_20170503_01_T1_MTL.txt": (8, "OLI_TIRS", 11, "L1TP"),
    "LC80980762015235LGN00.xml": (8, "OLI_TIRS", 7, "SR"),
    "LE07_L1TP_160031_20110416_20161210_01_T1.xml": (7, "ETM", 6, "SR"),
    "LE07_L1TP_160031_20110416_20161210_01_T1_MTL.TXT": (7, "ETM", 9, "L1TP"),
    "LM50490251987214PAC00_MTL.txt": (5, "MSS", 4, "L1T"),
    "LT05_L1TP_047027_20101006_20160512_01_T1_MTL.txt": (5, "TM", 7, "L1TP"),
    "LT05_L1TP_218072_20100801_20161015_01_T1_MTL.txt": (5, "TM", 7, "L1TP"),
    "mss_MTL.txt": (3, "MSS", 4, "L1T"),
}


def _read(path: Path) -> LandsatProduct:
    text = path.read_bytes().decode("utf-8", "replace")
    return read_espa(text) if "<espa_metadata" in text else read_mtl(text)


@pytest.mark.parametrize("name", SAMPLES)
def test_metadata_of_every_sensor_say_bands_values_and_day(name: str, shared_data: Path) -> None:
    found = _read(shared_data / "01_landsat/mtl_samples" / name)
    assert (found.spacecraft, found.sensor, len(found.files), found.level) == SAMPLES[name]
    assert found.acquisition.date[:4].isdigit()
    assert found.acquisition.sun_elevation_deg is not None
    known = {band.key: band for band in bands_of(found.sensor, found.spacecraft)}
    assert set(found.files) <= set(known)
    spectral = [key for key in found.files if known[key].role is Role.SPECTRAL]
    assert all(found.calibration[key].reflectance is not None for key in spectral)
    assert 0.0 < found.calibration[spectral[0]].reflectance.gain < 0.01


def test_three_forms_of_one_file_say_the_same(shared_data: Path) -> None:
    stem = "LC08_L2SP_017036_20130419_20200913_02_T2_MTL"
    folder = shared_data / "01_landsat/LC08_L2SP_017036_20130419"
    first, second, third = (_read(folder / f"{stem}.{end}") for end in ("txt", "json", "xml"))
    assert first == second == third


def test_level_2_takes_nothing_of_the_level_1_it_was_made_of(shared_data: Path) -> None:
    stem = "LC08_L2SP_017036_20130419_20200913_02_T2_MTL.json"
    found = _read(shared_data / "01_landsat/LC08_L2SP_017036_20130419" / stem)
    assert list(found.files) == [*map(str, range(1, 8)), "ST_B10"]
    red, warmth = found.calibration["4"], found.calibration["ST_B10"]
    assert red.reflectance is not None
    assert warmth.kelvin is not None
    assert (red.reflectance.gain, red.reflectance.offset, red.radiance) == (2.75e-05, -0.2, None)
    assert (warmth.kelvin.gain, warmth.kelvin.offset) == (0.00341802, 149.0)
    assert found.is_level_2


def test_made_metadata_read_alike_in_all_forms() -> None:
    made = groups(("3", "4", "10"))
    products = [read_mtl(write(made)) for write in (as_text, as_json, as_xml)]
    assert products[0] == products[1] == products[2]
    assert products[0].quality == {
        "QUALITY_L1_PIXEL": made["PRODUCT_CONTENTS"]["FILE_NAME_QUALITY_L1_PIXEL"]
    }
    assert products[0].calibration["10"].k1 == 799.0


def test_reflectance_follows_from_radiance_where_only_that_is_said(shared_data: Path) -> None:
    folder = shared_data / "01_landsat/LT05_224063_19880814"
    found = _read(folder / "LT52240631988227CUB02_MTL.txt")
    red = found.calibration["3"]
    assert red.radiance is not None
    assert red.reflectance is not None
    # Day 227: the earth is 1.0128 astronomical units from the sun.
    want = red.radiance.gain * math.pi * 1.0128**2 / (1536 * math.sin(math.radians(49.75588889)))
    assert red.reflectance.gain == pytest.approx(want, rel=2e-4)


def test_two_ways_to_reflectance_agree_within_the_sun_s_own_figures(shared_data: Path) -> None:
    name = "LE07_L1TP_160031_20110416_20161210_01_T1_MTL.TXT"
    text = (shared_data / "01_landsat/mtl_samples" / name).read_text()
    said = read_mtl(text).calibration["3"].reflectance
    lines = (line for line in text.splitlines() if " REFLECTANCE_" not in line)
    derived = read_mtl("\n".join(lines)).calibration["3"].reflectance
    assert said is not None
    assert derived is not None
    assert derived.gain == pytest.approx(said.gain, rel=0.02)


def test_the_sun_below_the_horizon_leaves_numbers_without_reflectance() -> None:
    made = groups(("4",))
    made["IMAGE_ATTRIBUTES"]["SUN_ELEVATION"] = "-5.0"
    assert read_mtl(as_text(made)).calibration["4"].reflectance is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1, 2]", "<a>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "plain words", "A = 1"],
)
def test_what_is_no_metadata_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        read_mtl(text)
    with pytest.raises(InvalidParameter):
        read_espa(text)


def test_groups_inside_groups_stand_beside_them() -> None:
    text = 'GROUP = A\n x = 1\n GROUP = B\n  y = "two"\n END_GROUP = B\n z = 3\nEND_GROUP = A\n\0\0'
    assert read_groups(text) == {"A": {"X": "1", "Z": "3"}, "B": {"Y": "two"}}


def test_sensors_have_their_bands_in_the_order_of_items() -> None:
    assert [band.key for band in bands_of("MSS", 2)][:4] == ["4", "5", "6", "7"]
    assert [band.key for band in bands_of("MSS", 5)] == ["1", "2", "3", "4"]
    assert (sensor_family("OLI"), sensor_family("TIRS"), sensor_family("X")) == ("OLI", "OLI", "")
    assert sun_irradiance("TM", 5, "3") == 1536
    assert sun_irradiance("OLI_TIRS", 8, "4") is None
    for sensor, number in (("OLI_TIRS", 9), ("ETM", 7), ("TM", 4), ("MSS", 1)):
        waves = {band.name: band.wavelength_nm for band in bands_of(sensor, number)}
        assert 540 < waves["Green"] < 580 < waves["Red"] < 680
