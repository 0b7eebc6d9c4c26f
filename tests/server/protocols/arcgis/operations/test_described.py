"""Operations that answer from the summary, and the small ones that ask."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PIL import Image

from engine.functions.picture import bind_picture
from engine.legend import legend_of
from engine.request import (
    ExplainRequest,
    HistogramsRequest,
    ImageRequest,
    KeyPropertiesRequest,
    LegendRequest,
    ThumbnailRequest,
)
from engine.results import HistogramsResult, KeyPropertiesResult
from engine.summary import AttributeTable, BandInfo, FieldInfo, Histogram
from server.instances.answer_context import AnswerContext
from server.protocols.arcgis.operations import (
    colormap,
    explain,
    histograms,
    item_info,
    key_properties,
    legend,
    raster_attribute_table,
    statistics,
    thumbnail,
)
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json
from server.protocols.arcgis.service_json import service_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question


def _legend(summary: ServiceSummary, request: LegendRequest | None = None) -> dict[str, Any]:
    request = request or LegendRequest()
    context = AnswerContext(service="demo/hills", summary=summary, request=request, options={})
    shown = legend_of(summary, bind_picture(summary, (), request.band_ids, request.rendering))
    layer: dict[str, Any] = json.loads(legend.answer(shown, context)[1])["layers"][0]
    return layer


def test_statistics_have_one_entry_per_band(ask: Callable[..., Question]) -> None:
    rows = statistics.describe(ask({}))["statistics"]
    assert rows == [{"min": 0, "max": 250, "mean": 100.5, "standardDeviation": 20}] * 3


def test_histograms_are_read_by_an_instance(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    asked = histograms.parse(ask({}))
    assert asked.request == HistogramsRequest()
    context = AnswerContext(service="s", summary=mosaic, request=asked.request, options={})
    result = HistogramsResult(histograms=(Histogram(min=-0.5, max=255.5, counts=(1, 2)),))
    body = json.loads(histograms.answer(result, context)[1])
    assert body == {"histograms": [{"size": 2, "min": -0.5, "max": 255.5, "counts": [1, 2]}]}


def test_key_properties_name_bands_and_known_wavelengths(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    red = BandInfo(name="Red", wavelength_min_nm=630, wavelength_max_nm=690)
    summary = msgspec.structs.replace(mosaic, bands=(red, *mosaic.bands[1:]))
    asked = key_properties.parse(ask({}, summary=summary))
    assert asked.request == KeyPropertiesRequest()
    context = AnswerContext(service="s", summary=summary, request=asked.request, options={})
    result = KeyPropertiesResult(properties={"SensorName": "MSI", "CloudCover": 3.5})
    body = json.loads(key_properties.answer(result, context)[1])
    assert body["BandProperties"][0] == {
        "BandName": "Red",
        "WavelengthMin": 630,
        "WavelengthMax": 690,
    }
    assert body["BandProperties"][1] == {"BandName": "Green"}
    assert (body["DataType"], body["SensorName"], body["CloudCover"]) == ("Generic", "MSI", 3.5)
    assert key_properties.parse(ask({"rasterId": "7"})).request == KeyPropertiesRequest(item=7)


def test_attribute_tables_have_a_feature_for_each_value(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    table = AttributeTable(
        fields=(
            FieldInfo(name="ObjectId", type="integer"),
            FieldInfo(name="Value", type="integer"),
            FieldInfo(name="ClassName", type="string", length=20),
            FieldInfo(name="Area", type="double"),
        ),
        rows=((5, 11, "Water", 2.5), (6, 21, "Wood", None)),
    )
    summary = msgspec.structs.replace(mosaic, attribute_table=table)
    body = raster_attribute_table.describe(ask({}, summary=summary))
    assert body["objectIdFieldName"] == "OBJECTID"
    told = [(each["name"], each["type"]) for each in body["fields"]]
    assert told == [
        ("OBJECTID", "esriFieldTypeOID"),
        ("Value", "esriFieldTypeInteger"),
        ("ClassName", "esriFieldTypeString"),
        ("Area", "esriFieldTypeDouble"),
    ]
    assert body["features"] == [
        {"attributes": {"OBJECTID": 0, "Value": 11, "ClassName": "Water", "Area": 2.5}},
        {"attributes": {"OBJECTID": 1, "Value": 21, "ClassName": "Wood", "Area": None}},
    ]
    assert raster_attribute_table.describe(ask({}))["features"] == []
    assert service_json("a", summary)["hasRasterAttributeTable"] is True
    assert service_json("a", mosaic)["hasRasterAttributeTable"] is False


def test_colormaps_list_values_with_their_colours(
    ask: Callable[..., Question], raster: ServiceSummary
) -> None:
    summary = msgspec.structs.replace(raster, colormap=((1, 255, 0, 0),))
    assert colormap.describe(ask({}, summary=summary)) == {"colormap": ((1, 255, 0, 0),)}


@pytest.mark.parametrize("fixture", ["tile", "time"])
def test_a_legend_has_the_shape_of_a_real_one(
    fixture: str, shared_data: Path, mosaic: ServiceSummary, raster: ServiceSummary
) -> None:
    folder = shared_data / "09_esri/service_json" / fixture
    real = json.loads((folder / "legend.json").read_text())["layers"][0]
    ours = _legend(mosaic if fixture == "tile" else raster)
    assert list(ours) == list(real)
    assert ours["legendType"] == real["legendType"]
    assert [list(swatch) for swatch in ours["legend"]] == [list(s) for s in real["legend"]]
    assert len(ours["legend"]) == len(real["legend"])


def test_swatches_are_pictures_of_their_colour(mosaic: ServiceSummary) -> None:
    red = _legend(mosaic)["legend"][0]
    assert red["label"] == "Red:    Red"
    picture = Image.open(io.BytesIO(base64.b64decode(red["imageData"])))
    assert picture.size == (red["width"], red["height"]) == (20, 20)
    assert picture.convert("RGB").getpixel((10, 10)) == (255, 0, 0)


def test_a_single_band_runs_from_high_to_low(mosaic: ServiceSummary) -> None:
    layer = _legend(mosaic, LegendRequest(band_ids=(1,)))
    assert layer["legendType"] == "Stretched"
    assert [swatch["label"] for swatch in layer["legend"]] == ["High : 250", "", "Low : 0"]


def test_a_palette_has_a_swatch_for_each_value(raster: ServiceSummary) -> None:
    classes = ((1, 255, 0, 0), (7, 0, 0, 255))
    layer = _legend(msgspec.structs.replace(raster, colormap=classes))
    assert layer["legendType"] == "Unique Values"
    assert [swatch["label"] for swatch in layer["legend"]] == ["1", "7"]
    assert layer["legend"][1]["values"] == [7]


def test_classes_have_their_names_in_legends(raster: ServiceSummary) -> None:
    table = AttributeTable(
        fields=(FieldInfo(name="VALUE", type="integer"), FieldInfo(name="Class", type="string")),
        rows=((1, "Water"), (7, ""), (9, "Wood")),
    )
    named = msgspec.structs.replace(
        raster, colormap=((1, 255, 0, 0), (7, 0, 0, 255)), attribute_table=table
    )
    assert [swatch["label"] for swatch in _legend(named)["legend"]] == ["Water", "7"]


def test_a_legend_follows_the_rendering_rule(mosaic: ServiceSummary) -> None:
    rule = rendering_rule_of_json(
        {
            "rasterFunction": "Stretch",
            "rasterFunctionArguments": {"StretchType": 5, "Min": 100, "Max": 200,
                                        "Statistics": [[20, 120, 60, 10]]},
        }
    )  # fmt: skip
    layer = _legend(mosaic, LegendRequest(band_ids=(1,), rendering=rule))
    assert [swatch["label"] for swatch in layer["legend"]] == ["High : 120", "", "Low : 20"]
    tops = [_pixel(swatch, 0) for swatch in layer["legend"]]
    assert tops[0] == (200, 200, 200)
    assert _pixel(layer["legend"][2], 19) == (100, 100, 100)


def test_a_legend_without_rule_is_of_the_samples(raster: ServiceSummary) -> None:
    classes = msgspec.structs.replace(raster, colormap=((1, 255, 0, 0), (7, 0, 0, 255)))
    layer = _legend(classes, LegendRequest(rendering=rendering_rule_of_json("None")))
    assert layer["legendType"] == "Stretched"
    assert [swatch["label"] for swatch in layer["legend"]] == ["High : 255", "", "Low : 0"]


def _pixel(swatch: dict[str, Any], row: int) -> tuple[int, ...]:
    picture = Image.open(io.BytesIO(base64.b64decode(swatch["imageData"]))).convert("RGB")
    return tuple(picture.getpixel((10, row)))


def test_the_band_of_a_legend_is_asked_for(ask: Callable[..., Question]) -> None:
    assert legend.parse(ask({"bandIds": "2"})).request == LegendRequest(band_ids=(2,))


def test_item_information_is_in_longitude_and_latitude(ask: Callable[..., Question]) -> None:
    body = item_info.describe(ask({}))
    assert body["title"] == "Hills"
    assert body["extent"] == [[15.0, 49.6], [15.2, 49.7]]


def test_the_thumbnail_is_pixels(ask: Callable[..., Question]) -> None:
    asked = thumbnail.parse(ask({}))
    assert asked.request == ThumbnailRequest()
    assert asked.is_final


def test_explain_takes_the_parameters_of_a_picture(ask: Callable[..., Question]) -> None:
    request = explain.parse(ask({"bbox": "0,0,1,1", "size": "10,20"})).request
    assert isinstance(request, ExplainRequest)
    assert isinstance(request.image, ImageRequest)
    assert request.image.view.height == 20
