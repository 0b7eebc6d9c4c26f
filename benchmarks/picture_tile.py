"""Time what stretch, gamma and colormap of a rendering rule cost a tile beyond a plain one; see `functions`."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import rasterio
from rasterio import Affine

from config.definition import ServiceProperties
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.function_rules import ColormapRule, StretchRule
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, TileAddress, View
from engine.service import ImageService, open_service
from engine.target_grid import HALF_WORLD_M
from raster_types.adding.add import AddRequest, add_rasters

_LIMIT_MS = 0.3
_LEVEL = 13
_SIDE = 1024
_TURNS = 40


class PictureFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of a 256² PNG tile, medians; `beyond` is what the rule adds before it is encoded."""

    row: str
    plain_ms: float
    beyond_ms: float
    limit_ms: float


def picture_cases(folder: Path, rounds: int) -> Iterator[PictureFigure]:
    """Yield a figure for each type of samples."""
    for dtype in ("uint8", "uint16"):
        yield _figure(_service(folder / dtype, dtype), dtype, rounds)


def _service(folder: Path, dtype: str) -> ImageService:
    folder.mkdir()
    samples = np.random.default_rng(5).integers(1, 250, (1, _SIDE, _SIDE)).astype(dtype)
    profile = {"driver": "GTiff", "width": _SIDE, "height": _SIDE, "count": 1, "dtype": dtype}
    place = Affine(10, 0, 500_000, 0, -10, 5_200_000)
    with rasterio.open(
        folder / "a.tif", "w", **profile, crs="EPSG:32632", transform=place, tiled=True
    ) as dataset:
        dataset.write(samples * (1 if dtype == "uint8" else 200))
    definition = DefinitionFolder.create(folder / "d.isdef", ServiceProperties())
    add_rasters(definition, AddRequest(raster_type="raster-dataset", paths=[folder]))
    build_definition(definition, BuildOptions(overviews="none"))
    compile_definition(definition.path, folder / "d.zmd")
    return open_service(str(folder / "d.zmd"))


def _figure(service: ImageService, dtype: str, rounds: int) -> PictureFigure:
    box = service.summary.extent_mercator
    assert box is not None
    size = 2 * HALF_WORLD_M / 2**_LEVEL
    tile = TileAddress(
        level=_LEVEL,
        row=int((HALF_WORLD_M - box.center_y) / size),
        col=int((box.center_x + HALF_WORLD_M) / size),
    )
    top = 250.0 if dtype == "uint8" else 50_000.0
    stretch = StretchRule(stretch_type=5, statistics=((1.0, top, top / 2, top / 5),), gamma=(1.4,))
    stretched = RenderingRule(function="Stretch", arguments=stretch)
    rule = RenderingRule(
        function="Colormap", arguments=ColormapRule(colormap_name="NDVI"), inputs=(stretched,)
    )
    # Samples as they are: what the encoder of pictures costs is not the functions'.
    plain = ImageRequest(view=View(tile=tile), encoding=Encoding(format="bsq"))
    asked = msgspec.structs.replace(plain, rendering=rule)
    pairs = [(_tile_ms(service, plain), _tile_ms(service, asked)) for _ in range(max(rounds, 2))]
    return PictureFigure(
        row=f"stretch, gamma and colormap of {dtype} (256² tile)",
        plain_ms=round(statistics.median(one for one, _ in pairs), 3),
        beyond_ms=round(statistics.median(two - one for one, two in pairs), 3),
        limit_ms=_LIMIT_MS,
    )


def _tile_ms(service: ImageService, request: ImageRequest) -> float:
    answer(service, request, UNLIMITED)
    start = time.thread_time()
    for _ in range(_TURNS):
        answer(service, request, UNLIMITED)
    return (time.thread_time() - start) / _TURNS * 1e3
