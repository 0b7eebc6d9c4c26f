"""Landsat scenes: one item of spectral bands, companions beside it, values as processes.

Covers raster_types.landsat, raster_types.items.landsat_items and raster_types.items.stacked_bands.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from config.definition import Interpolation
from engine.build.band_mapping import offered_bands
from engine.chain import BY_RASTER_TYPE, RasterFunctionProcess, Sampler2D
from engine.errors import SourceUnavailable, UnknownProduct
from engine.function_rules import GainOffsetRule
from engine.item import COMPANION, PRIMARY
from engine.readers.header import read_header
from raster_types.base import ItemOptions, Product
from raster_types.landsat import LandsatType, metadata_stem
from tests.raster_types.landsat_scenes import (
    NAME,
    as_json,
    as_text,
    groups,
    read_items,
    write_band,
    write_scene,
)

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem

ALL = tuple(map(str, range(1, 12)))


def _rule(item: NewItem) -> GainOffsetRule:
    assert item.raster.process is not None
    (process,) = item.raster.process.rasters[0].process_chain
    assert isinstance(process, RasterFunctionProcess)
    assert process.made_by == BY_RASTER_TYPE
    assert isinstance(process.arguments, GainOffsetRule)
    return process.arguments


def test_a_scene_is_a_spectral_item_with_pan_and_thermal_as_companions(tmp_path: Path) -> None:
    write_scene(tmp_path, ALL)
    spectral, pan, thermal = read_items(tmp_path)
    names = [header.bands[0].name for header in spectral.headers]
    assert names == [
        "Coastal Aerosol", "Blue", "Green", "Red", "NIR", "SWIR 1", "SWIR 2", "Cirrus",
    ]  # fmt: skip
    assert [header.bands[0].wavelength_nm for header in spectral.headers][1:4] == [482, 561, 655]
    assert (spectral.name, spectral.category) == (NAME, PRIMARY)
    assert (pan.name, pan.category, len(pan.headers)) == (f"{NAME}_pan", COMPANION, 1)
    assert (thermal.name, thermal.category, len(thermal.headers)) == (
        f"{NAME}_thermal", COMPANION, 2,
    )  # fmt: skip


def test_level_1_becomes_reflectance_for_the_sun_and_thermal_radiance(tmp_path: Path) -> None:
    write_scene(tmp_path, ALL)
    spectral, _, thermal = read_items(tmp_path)
    rule = _rule(spectral)
    assert rule.gains == pytest.approx([2e-5 / math.sin(math.radians(30))] * 8)
    assert rule.offsets == pytest.approx([-0.1 / math.sin(math.radians(30))] * 8)
    assert spectral.attributes["Values"] == "top of atmosphere reflectance"
    assert (_rule(thermal).gains[0], _rule(thermal).offsets[0]) == (0.01, -50.0)
    assert (thermal.attributes["K1"], thermal.attributes["K2"]) == (799.0, 1329.2)


def test_radiance_and_numbers_as_delivered_are_had_for_the_asking(tmp_path: Path) -> None:
    write_scene(tmp_path, ("3", "4"))
    (radiance,) = read_items(tmp_path, ItemOptions(values="radiance"))
    (plain,) = read_items(tmp_path, ItemOptions(values="dn"))
    assert _rule(radiance).gains == (0.01, 0.01)
    assert plain.raster.process is None
    assert (radiance.attributes["Values"], plain.attributes["Values"]) == ("radiance", "dn")
    # For the function Reflectance, which counts in the sun.
    assert plain.attributes["ReflectanceGain"] == "2e-05 2e-05"
    assert plain.attributes["ReflectanceBias"] == "-0.1 -0.1"
    assert "ReflectanceGain" not in radiance.attributes


def test_what_the_metadata_say_become_fields(tmp_path: Path) -> None:
    write_scene(tmp_path, ("4",))
    (item,) = read_items(tmp_path)
    assert item.attributes["AcquisitionDate"] == "2023-06-10T10:01:02.345Z"
    said = {
        key: item.attributes[key] for key in ("WRSPath", "WRSRow", "CloudCover", "SunElevation")
    }
    assert said == {"WRSPath": 190, "WRSRow": 25, "CloudCover": 0.125, "SunElevation": 30.0}
    assert (item.attributes["PlatformName"], item.attributes["SensorName"]) == (
        "Landsat 9", "OLI_TIRS",
    )  # fmt: skip


def test_fill_is_no_data_where_files_do_not_say_so(tmp_path: Path) -> None:
    write_scene(tmp_path, ("4",))
    (item,) = read_items(tmp_path)
    assert [source.no_data for source in item.raster.sources] == ["0"]


def test_a_band_that_is_not_there_stays_empty_and_is_told(tmp_path: Path) -> None:
    write_scene(tmp_path, ("1", "2", "3", "4"), lacking=("1", "3"))
    (item,) = read_items(tmp_path)
    assert [source.bands for source in item.raster.sources] == [(0, 1, 0), (1,)]
    assert len(_rule(item).gains) == 4
    assert item.raster.notes == (
        "Its images of Coastal Aerosol, Green are not there: these bands stay empty.",
    )
    named = [
        (band.name, band.wavelength_nm) for _, band, _ in offered_bands(item.raster, item.headers)
    ]
    assert named == [("Coastal Aerosol", 443), ("Blue", 482), ("Green", 561), ("Red", 655)]


def test_quality_bands_come_only_when_asked_and_are_never_averaged(tmp_path: Path) -> None:
    write_scene(tmp_path, ("4",))
    assert len(read_items(tmp_path)) == 1
    for asked in ("QA", "QA_PIXEL", "qa_pixel"):
        _, quality = read_items(tmp_path, ItemOptions(extras=(asked,)))
        assert (quality.name, quality.category) == (f"{NAME}_QA_PIXEL", COMPANION)
        assert quality.raster.process is not None
        chain = quality.raster.process.rasters[0].process_chain
        assert chain == (Sampler2D(interpolation=Interpolation.NEAREST),)


def test_bands_are_chosen_by_common_name_or_number(tmp_path: Path) -> None:
    write_scene(tmp_path, ("2", "3", "4", "5"))
    (item,) = read_items(tmp_path, ItemOptions(assets=("nir", "red", "B3")))
    assert [header.bands[0].name for header in item.headers] == ["NIR", "Red", "Green"]
    (item,) = read_items(tmp_path, ItemOptions(bands=(3, 1)))
    assert [header.bands[0].name for header in item.headers] == ["Red", "Blue"]
    with pytest.raises(UnknownProduct, match=r"'teal' .* known are blue, green, red, nir08"):
        read_items(tmp_path, ItemOptions(assets=("teal",)))


def test_metadata_without_images_are_unavailable(tmp_path: Path) -> None:
    main = tmp_path / f"{NAME}_MTL.json"
    main.write_text(as_json(groups(("4", "5"))))
    with pytest.raises(SourceUnavailable, match="none of the 2 bands"):
        list(LandsatType().items(Product((str(main),), read_header), ItemOptions()))


def test_several_forms_of_metadata_and_several_scenes_share_a_folder() -> None:
    other = NAME.replace("20230610", "20230626")
    paths = [
        f"/a/{name}{end}"
        for name in (NAME, other)
        for end in ("_MTL.xml", "_MTL.json", "_MTL.txt", "_B4.TIF", "_thumb.png")
    ]
    products = list(LandsatType().match(paths))
    assert [product[0] for product in products] == [f"/a/{NAME}_MTL.txt", f"/a/{other}_MTL.txt"]
    assert [len(product) for product in products] == [5, 5]


def test_images_of_another_scene_are_left_to_others() -> None:
    other = NAME.replace("LC09", "LE07") + "_B4.TIF"
    paths = [f"/a/{NAME}_MTL.txt", f"/a/{other}", "/a/renamed_B4.TIF"]
    assert list(LandsatType().match(paths)) == [(paths[0], paths[2])]


def test_renamed_images_are_found_by_the_end_of_their_names(tmp_path: Path) -> None:
    write_band(tmp_path / "mine_B4.tif", 7)
    (tmp_path / "MTL.txt").write_text(as_text(groups(("4",))))
    (item,) = read_items(tmp_path)
    assert item.raster.sources[0].path.endswith("mine_B4.tif")


def test_names_of_metadata_are_known() -> None:
    assert metadata_stem("/a/LC08_X_MTL.txt") == "LC08_X"
    assert metadata_stem("/a/LC80980762015235LGN00.xml") == "LC80980762015235LGN00"
    assert metadata_stem("/a/LC08_B4.TIF.aux.xml") == ""


@pytest.mark.parametrize(
    ("folder", "names", "values"),
    [
        (
            "LC08_L2SP_017036_20130419",
            ["LC08_L2SP_017036_20130419_20200913_02_T2", "…_thermal"],
            ["surface reflectance", "kelvin"],
        ),
        (
            "LT05_224063_19880814",
            ["LT52240631988227CUB02", "…_thermal"],
            ["top of atmosphere reflectance", "radiance"],
        ),
    ],
)
def test_real_scenes_are_read(
    folder: str, names: list[str], values: list[str], shared_data: Path
) -> None:
    items = read_items(shared_data / "01_landsat" / folder)
    assert [item.name.replace(names[0] + "_", "…_") for item in items] == names
    assert [item.attributes["Values"] for item in items] == values
    assert [item.status.is_failed for item in items] == [False, False]
