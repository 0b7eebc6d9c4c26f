"""The pictures people look at: products of an invented landscape, against a golden sheet seen by eye."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from affine import Affine
from PIL import Image, ImageChops

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.compile_raster import compile_raster
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from server.demo.demo_templates import LAND_PRODUCTS, TERRAIN_PRODUCTS
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "products.png"
SIDE, SHOWN, ACROSS = 256, 128, 4
PLACE = Affine(30.0, 0.0, 540_000.0, 0.0, -30.0, 5_200_000.0)

MORE_LAND: dict[str, Any] = {
    "sharper": {
        "rasterFunction": "Stretch",
        "outputPixelType": "U8",
        "rasterFunctionArguments": {
            "StretchType": 5,
            "Statistics": [[400, 1400, 900, 200]] * 3,
            "Raster": {
                "rasterFunction": "Convolution",
                "rasterFunctionArguments": {
                    "Type": 20,
                    "Raster": {
                        "rasterFunction": "ExtractBand",
                        "rasterFunctionArguments": {"BandIds": [2, 1, 0]},
                    },
                },
            },
        },
    },
    "two classes": {
        "rasterFunction": "Colormap",
        "rasterFunctionArguments": {
            "Colormap": [[0, 40, 90, 170], [1, 230, 200, 90]],
            "Raster": {
                "rasterFunction": "Threshold",
                "rasterFunctionArguments": {
                    "ThresholdType": 1,
                    "Raster": {
                        "rasterFunction": "ExtractBand",
                        "rasterFunctionArguments": {"BandIds": [3]},
                    },
                },
            },
        },
    },
}
MORE_TERRAIN: dict[str, Any] = {
    "from six sides": {
        "rasterFunction": "Hillshade",
        "rasterFunctionArguments": {"HillshadeType": 1},
    },
    "curvature": {
        "rasterFunction": "Stretch",
        "rasterFunctionArguments": {
            "StretchType": 5,
            "Statistics": [[-0.4, 0.4, 0, 0.1]],
            "Raster": {"rasterFunction": "Curvature"},
        },
        "outputPixelType": "U8",
    },
}


def _heights() -> NDArray[np.float32]:
    """Hills of sines alone, which are the same on every machine; the corner has no data."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE * 2 * np.pi
    z = 500 + 180 * np.sin(x * 1.3 + 0.4) * np.cos(y * 1.7) + 90 * np.sin(2.9 * x + 2.3 * y)
    z += 30 * np.cos(7 * x - 5 * y) + 12 * np.sin(13 * y + 3 * np.sin(4 * x))
    z[:40, :40] = -9999
    heights: NDArray[np.float32] = z.astype(np.float32)
    return heights


def _land(z: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Blue, green, red and near infrared: water below, forest, rock above."""
    green = np.clip((z - 330) / 200, 0, 1) * np.clip((760 - z) / 200, 0, 1)
    wet = z < 340
    bands = [700 + 0.4 * z, 800 + 0.5 * z - 150 * green, 700 + 0.8 * z - 500 * green]
    bands.append(900 + 0.9 * z + 2600 * green)
    water = np.array([900, 700, 400, 150])[:, None, None]
    return np.where(z < 0, 0, np.where(wet, water, np.stack(bands))).astype(np.uint16)


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Image.Image:
    """All products side by side."""
    folder = tmp_path_factory.mktemp("products")
    heights = _heights()
    write_raster(folder / "heights.tif", heights[None], transform=PLACE, nodata=-9999)
    write_raster(folder / "land.tif", _land(heights), transform=PLACE, nodata=0)
    pictures: list[Image.Image] = []
    for name, rules in (
        ("land", {**LAND_PRODUCTS, **MORE_LAND}),
        ("heights", {**TERRAIN_PRODUCTS, **MORE_TERRAIN}),
    ):
        compile_raster(folder / f"{name}.tif", folder / f"{name}.zmd")
        service = open_service(str(folder / f"{name}.zmd"))
        for rule in rules.values():
            request = ImageRequest(
                view=View(extent=service.summary.extent, width=SHOWN, height=SHOWN),
                encoding=Encoding(format="png32"),
                rendering=rendering_rule_of_json(rule),
            )
            with Image.open(BytesIO(bytes(answer(service, request, UNLIMITED).body))) as picture:
                pictures.append(picture.convert("RGBA"))
        service.close()
    down = -(-len(pictures) // ACROSS)
    made: Image.Image = Image.new("RGB", (ACROSS * SHOWN, down * SHOWN), "white")
    for number, product in enumerate(pictures):
        made.paste(product, (number % ACROSS * SHOWN, number // ACROSS * SHOWN), product)
    return made.quantize(128, dither=Image.Dither.NONE)


def test_products_look_like_their_golden_sheet(
    sheet: Image.Image, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--regenerate-golden"):
        sheet.save(GOLDEN, optimize=True)
    with Image.open(GOLDEN) as golden:
        assert golden.size == sheet.size
        apart = np.asarray(
            ImageChops.difference(golden.convert("RGB"), sheet.convert("RGB")), np.float64
        )
    per_product = apart.reshape(-1, SHOWN, ACROSS, SHOWN, 3).mean(axis=(1, 3, 4))
    assert per_product.max() < 1.0, per_product.round(2)
