"""itemRenderingRule on a live server: every operation answers about the items under it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    import httpx

HILLS = "demo/hills/ImageServer/"
SEVENS = {
    "rasterFunction": "Remap",
    "rasterFunctionArguments": {"InputRanges": [0, 256], "OutputValues": [7]},
}
RULE = json.dumps(
    {
        "mosaicMethod": "esriMosaicLockRaster",
        "lockRasterIds": [2],
        "itemRenderingRule": SEVENS,
    }
)


@pytest.fixture
def box(client: httpx.Client) -> dict[str, float]:
    found: dict[str, float] = client.get(HILLS + "2/info", params={"f": "json"}).json()["extent"]
    return found


def test_pixels_values_and_counts_are_those_of_the_items_under_the_rule(
    client: httpx.Client, box: dict[str, float]
) -> None:
    x, y = (box["xmin"] + box["xmax"]) / 2, (box["ymin"] + box["ymax"]) / 2
    bbox = f"{box['xmin']},{box['ymin']},{box['xmax']},{box['ymax']}"
    image = client.get(
        HILLS + "exportImage",
        params={"bbox": bbox, "size": "32,32", "format": "bsq", "f": "image", "mosaicRule": RULE},
    )
    assert (np.frombuffer(image.content[: 3 * 32 * 32], np.uint8) == 7).all()
    point = {
        "geometry": f"{x},{y}",
        "geometryType": "esriGeometryPoint",
        "mosaicRule": RULE,
        "f": "json",
    }
    assert client.get(HILLS + "identify", params=point).json()["value"] == "7, 7, 7"
    (sample,) = client.get(HILLS + "getSamples", params=point).json()["samples"]
    assert sample["value"] == "7 7 7"
    area = {
        "geometry": bbox,
        "geometryType": "esriGeometryEnvelope",
        "mosaicRule": RULE,
        "f": "json",
    }
    counts = client.get(HILLS + "computeStatisticsHistograms", params=area).json()
    assert [(band["min"], band["max"]) for band in counts["statistics"]] == [(7, 7)] * 3


@pytest.mark.parametrize(
    ("item_rule", "named"),
    [
        ({"rasterFunction": "Sloop"}, "Sloop"),
        (
            {
                "rasterFunction": "Clip",
                "rasterFunctionArguments": {
                    "ClippingGeometry": {"xmin": 0, "ymin": 0, "xmax": 1, "ymax": 1},
                    "ClippingType": 1,
                },
            },
            "Clip",
        ),
        ({"rasterFunction": "NDVI", "rasterFunctionArguments": {"VisibleBandID": 9}}, "9"),
    ],
)
def test_a_rule_that_items_cannot_have_is_named(
    client: httpx.Client, item_rule: dict[str, object], named: str
) -> None:
    rule = json.dumps({"itemRenderingRule": item_rule})
    asked = {"mosaicRule": rule, "f": "json"}
    body = client.get(HILLS + "exportImage", params={"bbox": "0,0,1,1", **asked}).json()
    assert body["error"]["code"] == 400
    told = body["error"]["message"] + " ".join(body["error"].get("details", []))
    assert "itemRenderingRule" in told
    assert named in told
