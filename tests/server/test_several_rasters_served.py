"""Functions of several rasters on a live server, as the Python API and the JavaScript SDK send them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image
from rasterio.io import MemoryFile

from tests.server.conftest import NORTH, WEST

if TYPE_CHECKING:
    from tests.server.conftest import LiveServer

SERVICE = "arcgis/rest/services/test/picture/ImageServer"
SIDE = 64


def _asked(server: LiveServer, rule: dict[str, Any], **more: str) -> httpx.Response:
    box = f"{WEST},{NORTH - 10 * SIDE},{WEST + 10 * SIDE},{NORTH}"
    form = {
        "renderingRule": json.dumps(rule),
        "f": "image",
        "bbox": box,
        "bboxSR": "32633",
        "imageSR": "32633",
        "size": f"{SIDE},{SIDE}",
        "format": "tiff",
        "interpolation": "RSP_NearestNeighbor",
        **more,
    }
    return httpx.post(f"{server.url}/{SERVICE}/exportImage", data=form, timeout=60)


def _samples(server: LiveServer, rule: dict[str, Any]) -> np.ndarray:
    answer = _asked(server, rule)
    assert answer.headers["content-type"].startswith("image/"), answer.text[:300]
    with MemoryFile(answer.content) as file, file.open() as dataset:
        return np.asarray(dataset.read())


def _band(number: int) -> dict[str, Any]:
    return _rule("ExtractBand", BandIDs=[number])


def _rule(name: str, pixel_type: str = "UNKNOWN", **arguments: Any) -> dict[str, Any]:
    return {
        "rasterFunction": name,
        "rasterFunctionArguments": arguments,
        "outputPixelType": pixel_type,
    }


ROWS, COLS = np.mgrid[0:SIDE, 0:SIDE]
DATA = np.stack([ROWS % 256, COLS % 256, (ROWS + COLS) // 8 % 256]).astype(float)
R, G, B = DATA

RULES: dict[str, tuple[dict[str, Any], np.ndarray]] = {
    "argmax": (_rule("ArgStatistics", Rasters=["$$"], ArgStatisticsType=0), DATA.argmax(axis=0)),
    "duration": (
        _rule("ArgStatistics", Rasters=[_band(0), _band(1)], ArgStatisticsType=3, MinValue=0, MaxValue=31),
        np.select([(R < 32) & (G < 32), (R < 32) | (G < 32)], [2, 1], 0),
    ),
    "con": (
        _rule("Con", Rasters=[_rule("GreaterThan", Raster=_band(0), Raster2=_band(1)), 7, _band(2)]),
        np.where(R > G, 7, B),
    ),
    "minus": (_rule("Minus", "S16", Raster=_band(0), Raster2=_band(1)), R - G),
    "weighted sum": (
        _rule("WeightedSum", Rasters=[_band(0), _band(2)], Weights=[0.25, 2], Fields=["", ""]),
        0.25 * R + 2 * B,
    ),
    "weighted overlay": (
        _rule(
            "WeightedOverlay",
            Rasters=[_band(0), _band(1)],
            Influences=[50, 50],
            Remaps=["0 31 1;32 255 9", "0 15 3;16 255 5"],
            Fields=["VALUE", "VALUE"],
            EvalFrom=1,
            EvalTo=9,
        ),
        0.5 * np.where(R < 32, 1, 9) + 0.5 * np.where(G < 16, 3, 5),
    ),
    "change": (_rule("ComputeChange", Method=0, Raster=_band(0), Raster2=_band(1)), G - R),
    "amplitude": (
        _rule("Complex", ValueType="AMPLITUDE", Raster=_band(0), ImaginaryRaster=_band(1)),
        np.hypot(R, G),
    ),
    "direction": (
        _rule(
            "ExtractBand",
            BandIDs=[1],
            Raster=_rule(
                "VectorField",
                Raster1=_band(0),
                Raster2=_band(1),
                InputDataType="Vector-UV",
                OutputDataType="Vector-MagDir",
                AngleReferenceSystem=1,
            ),
        ),
        np.degrees(np.arctan2(G, R)),
    ),
    "constant": (_rule("Constant", Constant=[42]), np.full((SIDE, SIDE), 42.0)),
    "composite": (
        _rule("CreateColorComposite", Method=2, BandIndexesR="B3", BandIndexesG="B1*2", BandIndexesB="2"),
        np.stack([B, 2 * R, G]),
    ),
    "interpolated": (
        _rule("InterpolateIrregularData", InterpolationMethod=0, Radius=2, Raster=_band(2)),
        B,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_results_are_those_of_numpy(live_server: LiveServer, name: str) -> None:
    rule, wanted = RULES[name]
    found = _samples(live_server, rule)
    np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), rtol=1e-5, atol=1e-4)


def test_arrows_are_a_picture_with_nothing_between_them(live_server: LiveServer) -> None:
    field = _rule("VectorField", Raster1=_band(0), Raster2=_band(1))
    rule = _rule("VectorFieldRenderer", SymbologyName="Single Arrow", Raster=field)
    answer = _asked(live_server, rule, format="png32")
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))
    alpha = picture[..., 3]
    assert 0 < (alpha > 0).mean() < 0.4
    assert picture[alpha > 0][:, :3].min() == 38


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        (_rule("ArgStatistics", ArgStatisticsType=3), "MinValue"),
        (_rule("WeightedOverlay", Rasters=["$$"], Influences=[5]), "Influences"),
        (_rule("ComputeChange", Method=9), "Method"),
        (_rule("VectorFieldRenderer", SymbologyName="Dart"), "SymbologyName"),
        (_rule("CreateColorComposite"), "BandIndexesR"),
        (_rule("InterpolateIrregularData", Radius=1000), "Radius"),
        (_rule("Con", Raster=1), "Rasters"),
    ],
)
def test_bad_arguments_are_told_by_name(
    live_server: LiveServer, rule: dict[str, Any], named: str
) -> None:
    answer = _asked(live_server, rule, f="json")
    error = answer.json()["error"]
    assert error["code"] == 400
    assert named in json.dumps(error)
