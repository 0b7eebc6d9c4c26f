"""Companions that are asked for by themselves show: their own bands, stretched by their own values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio

from config.definition import MosaicMethod
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.function_rules import StretchRule
from engine.plan import plan
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, RenderingRule, View
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from tests.raster_types.landsat_scenes import NAME, write_scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.service import ImageService

_THERMAL = MosaicRule(where="Tag = 'Thermal'")
# It brings no statistics.
_MIN_MAX = RenderingRule(function="Stretch", arguments=StretchRule(stretch_type=5))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageService]:
    """A scene in reflectance and its thermal band, of which each row is warmer than the one above."""
    tmp_path = tmp_path_factory.mktemp("companions")
    write_scene(tmp_path / "scene", ("2", "3", "4", "5", "10"))
    with rasterio.open(tmp_path / "scene" / f"{NAME}_B10.TIF", "r+") as file:
        rows = np.arange(20, dtype=np.uint16)[:, np.newaxis]
        file.write(np.broadcast_to(20_000 + 100 * rows, (1, 20, 20)))
    folder = DefinitionFolder.create(tmp_path / "a.isdef")
    request = AddRequest(raster_type="landsat", paths=[tmp_path / "scene"], options=ItemOptions())
    add_rasters(folder, request)
    build_definition(folder)
    compile_definition(folder.path, tmp_path / "a.zmd")
    opened = open_service(str(tmp_path / "a.zmd"))
    yield opened
    opened.close()


def _request(service: ImageService, form: str = "png", **asked: object) -> ImageRequest:
    view = View(extent=service.summary.extent, width=20, height=20)
    return ImageRequest(view=view, encoding=Encoding(format=form), **asked)  # type: ignore[arg-type]  # -- shorthand


@pytest.mark.parametrize(
    "asked",
    [
        {"mosaic": _THERMAL},
        {"mosaic": _THERMAL, "band_ids": (0,)},
        {"mosaic": MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(2,))},
        {"mosaic": _THERMAL, "rendering": _MIN_MAX},
    ],
)
def test_a_thermal_band_shows_from_cold_to_warm(
    service: ImageService, asked: dict[str, object]
) -> None:
    request = _request(service, **asked)
    made = plan(service, request)
    assert made.bands == (0,)
    assert made.picture is not None
    assert made.picture.dynamic is not None
    grey, alpha = _decoded(bytes(answer(service, request, UNLIMITED).body))
    # The service's box is a whole number of pixels, the scene a little less.
    column = grey[alpha[:, 10] == 255, 10].astype(int)
    assert column.size >= 18
    assert (column[0], column[-1]) == (0, 255)
    assert (np.diff(column) >= 0).all()


def test_the_scene_itself_and_data_of_companions_stay_as_they_are(service: ImageService) -> None:
    scene = plan(service, _request(service))
    assert scene.bands == (2, 1, 0)
    assert scene.picture is not None
    assert scene.picture.dynamic is None
    assert plan(service, _request(service, "bsq", mosaic=_THERMAL)).bands == (0, 1, 2, 3)
    raw = plan(service, _request(service, mosaic=_THERMAL, rendering=RenderingRule()))
    assert raw.picture is not None
    assert raw.picture.dynamic is None
    both = plan(service, _request(service, mosaic=MosaicRule(where="OBJECTID > 0")))
    assert both.bands == (2, 1, 0)


def _decoded(body: bytes) -> tuple[np.ndarray, np.ndarray]:
    with rasterio.MemoryFile(body) as memory, memory.open() as image:
        data = image.read()
    alpha = data[-1] if len(data) in (2, 4) else np.full(data.shape[1:], 255, np.uint8)
    return data[0], alpha
