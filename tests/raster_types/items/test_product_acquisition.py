"""How images were taken: the kit's vendor files against GDAL's reading of them, and made ones.

Covers raster_types.items.product_acquisition and raster_types.sensor_files.acquisition, acquisition_dimap,
acquisition_text, acquisition_xml and acquisition_sidecar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import rasterio

from engine.dates import parse_date_ms
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from raster_types.sensor_files.acquisition import Acquisition, measured
from raster_types.sensor_files.acquisition_dimap import read_dimap_acquisition
from raster_types.sensor_files.acquisition_sidecar import acquisition_names, read_acquisition
from raster_types.sensor_files.acquisition_text import read_ikonos_metadata
from raster_types.sensor_files.acquisition_xml import (
    read_rapideye_acquisition,
    read_resurs_acquisition,
)
from raster_types.sensor_files.xml_tree import parse_xml
from tests.raster_types.products import write_window

if TYPE_CHECKING:
    from pathlib import Path

VENDORS = {
    "md_dg.tif": "WV03",
    "md_dg_2.tif": "WV03",
    "md_eros.tif": "EROS-B1",
    "md_ge_rgb_0010000.tif": "IKONOS-2",
    "md_kompsat.tif": "KOMPSAT2",
    "md_ov.tif": "OV-3",
    "md_rdk1.tif": "RDK1",
    "md_re.tif": "RE-0",
    "alos/IMG-md_alos.tif": "ALOS",
    "spot/md_spot.tif": "SPOT 4",
}


@pytest.mark.parametrize("name", VENDORS)
def test_vendors_files_of_the_kit_say_what_gdal_reads_in_them(shared_data: Path, name: str) -> None:
    path = shared_data / "04_rpc_satellite/gdal_vendor_md" / name
    (item,) = read_product(ProductJob("raster-dataset", (str(path),), ItemOptions()))
    with rasterio.open(path) as file:
        expected = file.tags(ns="IMAGERY")
    found = item.attributes
    assert found["PlatformName"] == VENDORS[name]
    assert expected["SATELLITEID"].startswith(VENDORS[name])
    taken, theirs = (
        parse_date_ms(str(text))
        for text in (found["AcquisitionDate"], expected["ACQUISITIONDATETIME"])
    )
    assert taken == theirs
    cloud = float(expected.get("CLOUDCOVER", "999"))
    # GDAL takes KOMPSAT's class for a share, and the first of IKONOS's images for all.
    if cloud <= 100 and "kompsat" not in name and "md_ge" not in name:
        assert found["CloudCover"] == pytest.approx(cloud / 100, abs=0.01)


def test_the_metadata_of_the_component_at_hand_are_taken(shared_data: Path) -> None:
    path = shared_data / "04_rpc_satellite/gdal_vendor_md/md_ge_metadata.txt"
    text = path.read_text()
    assert read_ikonos_metadata(text, "md_ge_rgb_0010000").cloud_cover == 0.06
    assert read_ikonos_metadata(text, "md_ge_rgb_0000000").cloud_cover == 0.16
    assert read_ikonos_metadata(text, "md_ge_pan_0010000").gsd_m == 0.87


def test_placeholders_and_unknowns_say_nothing(shared_data: Path) -> None:
    texts = {"a": "SUN_AZIMUTH", "b": "999", "c": "nan", "d": "12.5 %"}
    assert [measured(texts, (key,), 0, 100) for key in "abcdx"] == [None, None, None, 12.5, None]
    assert measured(texts, ("a", "d"), 0, 100) == 12.5
    root = parse_xml(
        "x", "<Dimap_Document><Strip_Source/><CLOUD_COVERAGE>x</CLOUD_COVERAGE></Dimap_Document>"
    )
    assert read_dimap_acquisition(root).is_empty
    assert Acquisition().attributes() == {}


def test_spot_and_pleiades_are_named_as_their_makers_do() -> None:
    for mission, index, name in (
        ("PHR", "1A", "PHR1A"),
        ("SPOT", "6", "SPOT 6"),
        ("PNEO", "4", "PNEO4"),
    ):
        text = f"<d><Strip_Source><MISSION>{mission}</MISSION><MISSION_INDEX>{index}</MISSION_INDEX></Strip_Source></d>"
        found = read_dimap_acquisition(parse_xml("x", text))
        assert found.platform == name
        assert found.altitude_m < 7e5


def test_rapideye_and_resurs_need_not_be_well_formed() -> None:
    text = (
        "<re:a><eop:incidenceAngle uom='deg'>5.5</eop:incidenceAngle><re:azimuthAngle>278</re:azimuthAngle>"
        "<re:spaceCraftViewAngle>-5</re:spaceCraftViewAngle><opt:illuminationElevationAngle>61"
        "</opt:illuminationElevationAngle><opt:illuminationAzimuthAngle>-170</opt:illuminationAzimuthAngle>"
    )
    found = read_rapideye_acquisition(text)
    assert (found.sensor_elevation_deg, found.sensor_azimuth_deg, found.off_nadir_deg) == (
        84.5,
        278,
        5,
    )
    assert (found.sun_elevation_deg, found.sun_azimuth_deg) == (61, 190)
    assert read_resurs_acquisition("dSceneDate = 31/12/2014\n").date == "2014-12-31T00:00:00.000Z"
    assert read_resurs_acquisition("dSceneDate = 31/13/2014\n").date == ""


def test_a_file_about_other_things_says_nothing() -> None:
    for name in ("a.xml", "a.txt", "a.pass", "a.pvl", "a.imd"):
        for text in (
            "",
            "<a><b>1</b></a>",
            "<!DOCTYPE x><x/>",
            "plain words",
            "\x00\xff" * 50,
            "=" * 5000,
        ):
            assert read_acquisition(name, text, "a.tif").is_empty, (name, text[:10])


def test_names_are_tried_from_the_likeliest_on() -> None:
    names = acquisition_names("/x/PO_1_rgb_0010000.tif")
    assert names[0] == "po_1_rgb_0010000.imd"
    assert "po_1_metadata.txt" in names
    assert "dim_p1_r1c1.xml" in acquisition_names("IMG_P1_R1C1.TIF")


def test_a_rasters_own_tags_fill_what_files_beside_it_lack(tmp_path: Path) -> None:
    path = write_window(tmp_path / "a.tif", (0, 4, 0, 4))
    with rasterio.open(path, "r+") as file:
        file.update_tags(
            ACQUISITIONDATETIME="2020-01-02 03:04:05", CLOUDCOVER="30", SATELLITEID="X1"
        )
    (tmp_path / "a.pass").write_text("satellite  EROS-B1\noverall_cc  5\n")
    (item,) = read_product(ProductJob("raster-dataset", (str(path),), ItemOptions()))
    assert item.attributes["AcquisitionDate"] == "2020-01-02T03:04:05.000Z"
    assert (item.attributes["PlatformName"], item.attributes["CloudCover"]) == ("EROS-B1", 0.05)
