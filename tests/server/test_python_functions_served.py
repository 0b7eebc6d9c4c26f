"""Registered functions through a running server: pixels, errors, new versions, and who must not suffer."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.parse

import httpx
import numpy as np
import pytest
import rasterio

from server.python_functions.store import FunctionStore
from server.site.publishing import Publisher

BOX = "480000,5542440,482560,5545000"
BAD = """import time
import numpy as np


class Own:
    def getParameterInfo(self):
        return [
            {"name": "raster", "dataType": "raster"},
            {"name": "how", "dataType": "string", "value": "good"},
        ]

    def updateRasterInfo(self, **kwargs):
        self.how = kwargs["how"]
        return kwargs

    def updatePixels(self, tlc, shape, props, **p):
        if self.how == "raise":
            raise ValueError("bad pixels")
        if self.how == "shape":
            p["raster_pixels"] = p["raster_pixels"][:, 1:]
        if self.how == "memory":
            np.ones(10**9)
        while self.how == "loop":
            pass
        p["output_pixels"] = p["raster_pixels"] + VALUE
        return p
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory, compiled_picture, repo_root):
    folder = tmp_path_factory.mktemp("functions")
    Publisher(folder).publish(compiled_picture, "test/picture")
    examples = repo_root / "tests/python_functions"
    store = FunctionStore(folder)
    store.add("WaterShare", examples / "WaterShare.py")
    store.add("Ridge", examples / "Ridge.py", [examples / "smoothing.py"])
    store.add("Change", examples / "Change.py")
    _register(folder, 1)
    return folder


def _register(data, value):
    file = data / "Own.py"
    file.write_text(BAD.replace("VALUE", str(value)), "utf-8")
    FunctionStore(data).add("Own", file)


@pytest.fixture(scope="module")
def server(serve, data):
    with serve(data, SWATH_INSTANCES="1", SWATH_FUNCTIONS_TIME_S="2") as live:
        yield live


def export(server, function, arguments=None, form="tiff", size=256, box=BOX):
    rule = {"rasterFunction": function, "rasterFunctionArguments": arguments or {}}
    query = {
        "bbox": box,
        "size": f"{size},{size}",
        "format": form,
        "f": "image",
        "renderingRule": json.dumps(rule),
    }
    address = f"{server.url}/arcgis/rest/services/test/picture/ImageServer/exportImage"
    return httpx.get(f"{address}?{urllib.parse.urlencode(query)}", timeout=60)


def pixels(answer):
    assert answer.headers["content-type"].startswith("image/tiff"), answer.text[:300]
    with rasterio.open(io.BytesIO(answer.content)) as file:
        return file.read(masked=True)


def source():
    rows, cols = np.mgrid[0:256, 0:256]
    return np.stack([rows % 256, cols % 256, (rows + cols) // 8 % 256]).astype(float)


def test_an_index_of_a_registered_function_is_what_numpy_makes_of_the_bands(server):
    found = pixels(export(server, "WaterShare", {"scale": 3}))
    infrared, green = source()[:2]
    with np.errstate(invalid="ignore"):
        expected = 3 * (green - infrared) / (green + infrared)
    assert found.dtype == np.float32
    shown = ~np.ma.getmaskarray(found)[0]
    assert shown.sum() == 256 * 256 - 1
    np.testing.assert_allclose(found.data[0][shown], expected[shown], atol=1e-6)


def test_pictures_and_chains_take_registered_functions_like_any_other(server):
    inner = {"rasterFunction": "Ridge", "rasterFunctionArguments": {"DEM": "$$", "radius": 3}}
    picture = export(server, "Stretch", {"Raster": inner, "StretchType": 5}, "png")
    assert picture.headers["content-type"] == "image/png"
    two = {
        "before": "$$",
        "after": {
            "rasterFunction": "Arithmetic",
            "rasterFunctionArguments": {"Raster2": 2, "Operation": 1},
        },
        "threshold": 1,
    }
    assert export(server, "Change", two, "png").headers["content-type"] == "image/png"


def ask(server, operation, **parameters):
    address = f"{server.url}/arcgis/rest/services/test/picture/ImageServer/{operation}"
    return httpx.get(address, params={"f": "json", **parameters}, timeout=60).json()


def test_other_operations_take_registered_functions_too(server):
    rule = json.dumps({"rasterFunction": "WaterShare", "rasterFunctionArguments": {"scale": 3}})
    # The centre of pixel (40, 100): rows 40, cols 100.
    point = '{"x": 481005, "y": 5544595, "spatialReference": {"wkid": 32633}}'
    told = ask(
        server, "identify", geometry=point, geometryType="esriGeometryPoint", renderingRule=rule
    )
    assert float(told["value"]) == pytest.approx(3 * (100 - 40) / 140, abs=1e-4)
    box = '{"xmin": 480000, "ymin": 5542440, "xmax": 482560, "ymax": 5545000}'
    told = ask(
        server,
        "computeStatisticsHistograms",
        geometry=box,
        geometryType="esriGeometryEnvelope",
        renderingRule=rule,
    )
    assert len(told["statistics"]) == 1
    assert -3 <= told["statistics"][0]["min"] < told["statistics"][0]["max"] <= 3


def test_tiles_with_padding_equal_one_export(server):
    arguments = {
        "dem": {"rasterFunction": "ExtractBand", "rasterFunctionArguments": {"BandIds": [2]}}
    }
    whole = pixels(
        export(server, "Ridge", arguments, size=128, box="481000,5543000,482280,5544280")
    )
    corners = [(481000, 5543640), (481640, 5543640), (481000, 5543000), (481640, 5543000)]
    parts = [
        pixels(export(server, "Ridge", arguments, size=64, box=f"{x},{y},{x + 640},{y + 640}"))
        for x, y in corners
    ]
    joined = np.concatenate(
        [np.concatenate(parts[:2], axis=2), np.concatenate(parts[2:], axis=2)], axis=1
    )
    np.testing.assert_array_equal(joined, whole)
    assert np.abs(whole).max() > 0


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("raise", "Raster function 'Own' failed at line 18: ValueError: bad pixels."),
        ("shape", "Raster function 'Own' failed"),
        ("memory", "takes more memory than it may"),
    ],
)
def test_a_bad_function_is_an_error_of_its_request_that_names_it(server, how, why):
    answer = export(server, "Own", {"how": how})
    error = answer.json()["error"]
    assert error["code"] == 500
    assert why in str(error)
    assert "Traceback" not in answer.text
    assert pixels(export(server, "Own"))[0, 7, 0] == 8


def test_an_endless_loop_ends_and_takes_no_other_request_for_long(server):
    found = {}

    def loop():
        found["loop"] = export(server, "Own", {"how": "loop"}).json()["error"]

    thread = threading.Thread(target=loop)
    thread.start()
    time.sleep(0.3)
    begun = time.monotonic()
    # The only instance is the one that waits for the loop.
    other = export(server, "None", size=200)
    took = time.monotonic() - begun
    thread.join()
    assert pixels(other).shape == (3, 200, 200)
    assert took < 20.0
    assert "longer than the limit of 2 s" in str(found["loop"])
    assert server.process.poll() is None


def test_clients_name_functions_and_never_send_code(server):
    answer = export(server, "PythonAdapter", {"PythonModule": "/srv/x.py", "ClassName": "X"})
    assert answer.json()["error"]["code"] == 400
    assert "code is never taken" in answer.text
    answer = export(server, "WaterShare", {"mode": "Loud"})
    assert answer.json()["error"]["code"] == 400
    assert "Signed, Absolute" in answer.text


def test_a_new_version_answers_soon_and_old_answers_are_not_kept(server, data):
    assert pixels(export(server, "Own"))[0, 0, 0] == 1
    _register(data, 5)
    for _ in range(100):
        if pixels(export(server, "Own"))[0, 0, 0] == 5:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the new version does not answer")
    FunctionStore(data).remove("Own")
    for _ in range(100):
        answer = export(server, "Own")
        if answer.headers["content-type"].startswith("application/json"):
            assert "Invalid value 'Own'" in answer.text
            return
        time.sleep(0.1)
    pytest.fail("the function still answers")
