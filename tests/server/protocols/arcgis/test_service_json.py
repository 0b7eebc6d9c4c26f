"""The root resource against real services' JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from config.definition import MosaicMethod, ServiceProperties
from engine.pixel_type import PixelType
from engine.results import DescribeResult
from engine.summary import BandStatistics
from server.protocols.arcgis.service_json import service_json

if TYPE_CHECKING:
    from pathlib import Path

    from engine.summary import ServiceSummary

# Of services with tiles made in advance or many dimensions, which these are not.
_OF_OTHER_KINDS = {"defaultVariable"}


def _plain(value: Any) -> Any:
    return json.loads(msgspec.json.encode(value))


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


@pytest.mark.parametrize("fixture", ["tile", "time", "rasterFns"])
def test_every_key_of_a_real_service_is_there_with_its_type(
    fixture: str, shared_data: Path, mosaic: ServiceSummary
) -> None:
    real = json.loads(
        (shared_data / "09_esri/service_json" / fixture / "imageserver.json").read_text()
    )
    # The real one with no-data values holds them for each band.
    ours = _plain(service_json("demo/hills", msgspec.structs.replace(mosaic, no_data=(0.0,) * 3)))
    missing = set(real) - set(ours) - _OF_OTHER_KINDS
    assert not missing
    for key, value in real.items():
        if key in _OF_OTHER_KINDS or value is None:
            continue
        assert _kind(ours[key]) == _kind(value), key
        if isinstance(value, dict):
            assert set(value) <= set(ours[key]), key


def test_extent_and_pixel_size_agree_to_a_tenth_of_a_pixel(mosaic: ServiceSummary) -> None:
    root = service_json("demo/hills", mosaic)
    columns = (root["extent"]["xmax"] - root["extent"]["xmin"]) / root["pixelSizeX"]
    assert abs(columns - round(columns)) < 0.1


def test_terria_refuses_a_layer_without_image_and_full_extent(mosaic: ServiceSummary) -> None:
    root = service_json("demo/hills", mosaic)
    assert "Image" in root["capabilities"].split(",")
    assert root["fullExtent"]["spatialReference"] == {"wkid": 32633, "latestWkid": 32633}
    assert isinstance(root["rasterFunctionInfos"], list)


def test_the_javascript_sdk_takes_the_first_template_as_the_default(mosaic: ServiceSummary) -> None:
    assert service_json("demo/hills", mosaic)["rasterFunctionInfos"][0]["name"] == "None"


def test_gdal_needs_a_level_0_and_more(mosaic: ServiceSummary) -> None:
    info = service_json("demo/hills", mosaic)["tileInfo"]
    assert [lod["level"] for lod in info["lods"]] == list(range(24))
    assert info["lods"][0]["resolution"] == pytest.approx(156543.03392800014)
    assert info["lods"][0]["scale"] == pytest.approx(591657527.591555, rel=1e-9)
    assert info["spatialReference"]["wkid"] == 102100


def test_qgis_knows_an_image_service_by_its_data_type(mosaic: ServiceSummary) -> None:
    root = service_json("demo/hills", mosaic)
    assert root["serviceDataType"].startswith("esriImageService")
    assert root["supportedImageFormatTypes"].split(",")[0] == "PNG32"


def test_tiles_stand_in_for_pictures_only_in_their_own_crs(
    mosaic: ServiceSummary, raster: ServiceSummary
) -> None:
    assert not service_json("a", mosaic)["singleFusedMapCache"]
    assert service_json("a", raster)["singleFusedMapCache"]


def test_a_single_raster_has_no_catalog(raster: ServiceSummary) -> None:
    root = service_json("dem", raster)
    assert root["fields"] == []
    assert root["objectIdField"] == ""
    assert root["allowedMosaicMethods"] == ""
    assert "Catalog" not in root["capabilities"]
    assert root["serviceSourceType"] == "esriImageServiceSourceTypeDataset"
    assert root["noDataValue"] == -9999


def test_the_field_of_the_raster_is_never_listed(mosaic: ServiceSummary) -> None:
    fields = service_json("demo/hills", mosaic)["fields"]
    assert [field["name"] for field in fields] == [
        "OBJECTID", "Shape", "Name", "Category", "AcqDate",
    ]  # fmt: skip
    assert fields[3]["domain"]["codedValues"][1] == {"name": "Primary", "code": 1}


def test_seamline_is_advertised_only_where_there_are_seamlines(mosaic: ServiceSummary) -> None:
    assert "Seamline" not in service_json("a", mosaic)["allowedMosaicMethods"]
    with_seamlines = msgspec.structs.replace(mosaic, has_seamlines=True)
    assert "Seamline" in service_json("a", with_seamlines)["allowedMosaicMethods"]


def test_the_default_method_is_spelled_as_real_servers_do(mosaic: ServiceSummary) -> None:
    root = service_json("a", mosaic)
    assert root["defaultMosaicMethod"] == "Northwest"
    assert root["allowedMosaicMethods"].startswith("NorthWest,Center,LockRaster,ByAttribute")
    by_date = ServiceProperties(mosaic_method=MosaicMethod.ATTRIBUTE, sort_field="AcqDate")
    root = service_json("a", msgspec.structs.replace(mosaic, properties=by_date))
    assert (root["defaultMosaicMethod"], root["sortField"]) == ("ByAttribute", "AcqDate")


def test_not_a_number_never_leaves_as_a_bare_token(mosaic: ServiceSummary) -> None:
    nan = BandStatistics(min=float("nan"), max=float("inf"), mean=1.0, std=1.0)
    text = msgspec.json.encode(
        service_json("a", msgspec.structs.replace(mosaic, statistics=(nan,) * 3))
    )
    root = json.loads(text, parse_constant=pytest.fail)
    assert root["minValues"] == ["NaN"] * 3


def test_a_rendering_rule_describes_its_output(mosaic: ServiceSummary) -> None:
    found = BandStatistics(min=-1, max=1, mean=0.25, std=0.5, count=9)
    shown = DescribeResult(
        pixel_type=PixelType.F32, names=("NDVI",), statistics=(found,), has_histograms=True
    )
    plain = service_json("a", msgspec.structs.replace(mosaic, no_data=(0.0,) * 3))
    root = service_json("a", msgspec.structs.replace(mosaic, no_data=(0.0,) * 3), shown)
    assert (root["pixelType"], root["bandCount"], root["bandNames"]) == ("F32", 1, ["NDVI"])
    assert (root["minValues"], root["maxValues"], root["stdvValues"]) == ([-1], [1], [0.5])
    assert root["serviceDataType"] == "esriImageServiceDataTypeProcessed"
    assert set(plain) - set(root) == {"noDataValue", "noDataValues"}
    assert root["extent"] == plain["extent"]


def test_a_palette_is_told(mosaic: ServiceSummary) -> None:
    assert service_json("a", mosaic)["hasColormap"] is False
    classes = msgspec.structs.replace(mosaic, colormap=((1, 2, 3, 4),))
    assert service_json("a", classes)["hasColormap"] is True
    shown = DescribeResult(pixel_type=PixelType.U8, names=("a",), colormap=((1, 2, 3, 4),))
    assert service_json("a", mosaic, shown)["hasColormap"] is True


def test_time_info_has_two_milliseconds(mosaic: ServiceSummary) -> None:
    assert service_json("a", mosaic)["timeInfo"]["timeExtent"] == [1000, 2000]


def test_a_band_without_any_pixel_has_no_figures(mosaic: ServiceSummary) -> None:
    none = BandStatistics(min=0, max=0, mean=0, std=0)
    zero = BandStatistics(min=0, max=0, mean=0, std=0, count=9)
    made = msgspec.structs.replace(mosaic, statistics=(none, zero, none))
    root = service_json("a", made)
    for key in ("minValues", "maxValues", "meanValues", "stdvValues"):
        assert root[key] == [None, 0, None]


def test_esridump_sees_what_queries_can_do(mosaic: ServiceSummary, raster: ServiceSummary) -> None:
    for summary, is_mosaic in ((mosaic, True), (raster, False)):
        body = service_json("a", summary)
        can = body["advancedQueryCapabilities"]
        assert body["supportsStatistics"] is is_mosaic
        assert body["supportsAdvancedQueries"] is is_mosaic
        for name in ("Statistics", "Pagination", "OrderBy", "Distinct", "HavingClause"):
            assert can[f"supports{name}"] is is_mosaic, name


def test_a_single_raster_offers_no_files_of_a_catalog(raster: ServiceSummary) -> None:
    properties = ServiceProperties(capabilities=("Image", "Catalog", "Download"))
    stated = msgspec.structs.replace(raster, properties=properties)
    offered = service_json("a", stated)["capabilities"].split(",")
    assert "Image" in offered
    assert not {"Catalog", "Download"} & set(offered)
