"""Functions of neighbours through the whole engine, as clients write them: tiles equal one export, strips the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engine.budget import UNLIMITED
from engine.extent import Extent
from engine.pixels import PixelBlock
from engine.plan import plan
from engine.render import render
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.test_mosaic_process import nearest, service_with

if TYPE_CHECKING:
    from engine.service import ImageService

RULES: dict[str, dict[str, Any]] = {
    "Contour": {"ContourType": "Lines", "ContourInterval": 5000, "SigmaGaussian": 2.5},
    "ElevationVoidFill": {"MaxVoidWidth": 9},
    "Curvature": {"CurvatureType": "Profile"},
    "AspectSlope": {"ZFactor": 0.001},
    "ShadedRelief": {"ColorrampName": "Slope", "Azimuth": 200, "ZFactor": 0.001},
    "Focal": {
        "NeighborhoodType": "Wedge",
        "StatisticType": "Percentile",
        "Radius": 5,
        "StartAngle": 30,
        "EndAngle": 200,
        "Percentile": 75,
    },
    "Statistics": {"Type": "Median", "KernelRows": 5, "KernelColumns": 7},
    "Convolution": {"Type": -1, "Rows": 3, "Columns": 3, "Kernel": [1, 2, 3, 4, 5, 6, 7, 8, 9]},
    "Pansharpening": {
        "PansharpeningType": "Esri",
        "PanImage": {
            "rasterFunction": "ExtractBand",
            "rasterFunctionArguments": {"BandIDs": [3]},
        },
        "MSImage": {
            "rasterFunction": "ExtractBand",
            "rasterFunctionArguments": {"BandIDs": [0, 1, 2]},
        },
        "Weights": [0.3, 0.4, 0.3, 0],
    },
}
HALF = 20037508.342789244
LEVEL = 15


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters of four bands side by side; noise, so that each neighbour counts."""
    return service_with(tmp_path_factory.mktemp("neighbours"), [], bands=4)


def _request(name: str) -> ImageRequest:
    rule = rendering_rule_of_json({"rasterFunction": name, "rasterFunctionArguments": RULES[name]})
    return nearest(rendering=rule)


@pytest.mark.parametrize("name", RULES)
def test_tiles_equal_one_export(service: ImageService, name: str) -> None:
    size = 2 * HALF / 2**LEVEL
    box = service.summary.extent_mercator
    assert box is not None
    col, row = int((box.xmin + HALF) / size), int((HALF - box.center_y) / size)
    rule = _request(name).rendering

    def tile(number: int) -> tuple[np.ndarray, np.ndarray]:
        view = View(tile=TileAddress(level=LEVEL, row=row, col=number))
        request = ImageRequest(view=view, rendering=rule, encoding=Encoding(format="bsq"))
        block = pixels_of(service, request)
        return block.data, np.broadcast_to(block.valid, block.data.shape)

    left, top = col * size - HALF, HALF - row * size
    both = Extent(left, top - size, left + 2 * size, top)
    whole = pixels_of(service, view_of(both, 512, 256, "EPSG:3857", rendering=rule))
    parts = [tile(col), tile(col + 1)]
    valid = np.concatenate([part[1] for part in parts], axis=2)
    np.testing.assert_array_equal(valid, np.broadcast_to(whole.valid, whole.data.shape))
    data = np.concatenate([part[0] for part in parts], axis=2)
    np.testing.assert_array_equal(data[valid], whole.data[valid])
    assert np.ptp(data[valid].astype(float)) > 0


@pytest.mark.parametrize("name", RULES)
def test_strips_equal_the_whole(service: ImageService, name: str) -> None:
    made = plan(service, _request(name))
    whole = pixels_of(service, _request(name))
    for first in (0, 70, 140):
        part = render(made.rows_of(first, 60), Work(service, UNLIMITED), made.pixel_type)
        assert isinstance(part, PixelBlock)
        rows = np.s_[:, first : first + 60]
        good = np.broadcast_to(whole.valid, whole.data.shape)[rows]
        np.testing.assert_array_equal(np.broadcast_to(part.valid, part.data.shape), good)
        np.testing.assert_array_equal(part.data[good], whole.data[rows][good])
