"""The services that clients are driven against.

demo/blue_marble   a mosaic of slanted scenes with fields and dates, made with the program's commands
demo/marble        the same scenes with a template, and WMS
demo/heights       metres above the sea in 32-bit floats, of two files, with a template, and WMS
demo/picture       one of the scenes as a service of its own, without a catalog
demo/sea           salt and temperature of a small sea along time and depth, of a netCDF file
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
from rasterio import Affine

from config.definition import ServiceProperties, TileFormat
from engine.build import demo_scenes
from engine.build.progress import no_progress
from engine.build.workers import InProcess
from server.commands.publish import publish_file
from server.demo.demo_services import DemoService, prepare
from tests.engine.rasters import write_raster
from tests.engine.sea_cube import write_sea

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.build.progress import Progress

MARBLE = "demo/blue_marble"
TEMPLATED = "demo/marble"
HEIGHTS = "demo/heights"
TERRAIN = "demo/terrain"
VALUES = "demo/values"
PICTURE = "demo/picture"
SEA = "demo/sea"
OF_HEIGHTS = (HEIGHTS, TERRAIN, VALUES)
SERVICES = (MARBLE, TEMPLATED, *OF_HEIGHTS, PICTURE, SEA)

# Web Mercator, about the Alps.
HEIGHTS_LEFT, HEIGHTS_TOP, HEIGHTS_SIDE_M = 1_000_000.0, 5_900_000.0, 60_000.0
_SIDE_PX = 600
_NO_HEIGHT = -9999.0
_NEGATIVE = {
    "rasterFunction": "Remap",
    "description": "Dark is bright",
    "rasterFunctionArguments": {
        "InputRanges": [0, 64, 64, 128, 128, 192, 192, 256],
        "OutputValues": [224, 160, 96, 32],
    },
}
_HILLSHADE = {
    "rasterFunction": "Hillshade",
    "description": "Light from the north-west",
    "rasterFunctionArguments": {"Azimuth": 315, "Altitude": 45, "ZFactor": 1},
}


def publish_services(folder: Path, run: Callable[..., None]) -> Path:
    """Make rasters in `folder`, publish all services and return the data folder.

    Parameters
    ----------
    run
        Runs one command of the program in `folder`.
    """
    data = folder / "data"
    scenes = demo_scenes.make_blue_marble(folder / "scenes", no_progress)
    run("definition", "create", "marble.isdef", folder=folder)
    table = ("--attributes", "scenes/scenes.csv")
    added = ("--type", "raster-dataset", "scenes", *table)
    run("definition", "add", "marble.isdef", *added, folder=folder)
    run("definition", "build", "marble.isdef", folder=folder)
    run("definition", "compile", "marble.isdef", "-o", "marble.zmd", folder=folder)
    run("publish", "marble.zmd", "--name", MARBLE, "--data", data, folder=folder)
    publish_file(scenes[0], PICTURE, data)
    write_sea(folder / "sea.nc")
    run("definition", "create", "sea.isdef", folder=folder)
    run("definition", "add", "sea.isdef", "--type", "series", "sea.nc", folder=folder)
    run("definition", "build", "sea.isdef", folder=folder)
    run("definition", "compile", "sea.isdef", "-o", "sea.zmd", folder=folder)
    run("publish", "sea.zmd", "--name", SEA, "--data", data, folder=folder)
    tiles = (TileFormat.MIXED, TileFormat.LERC, TileFormat.LERC2D)
    heights = [_heights(*each) for each in zip(OF_HEIGHTS, tiles, strict=True)]
    for service in (_templated(folder / "scenes"), *heights):
        prepare(service, data, InProcess(), no_progress)
    return data


def _templated(scenes: Path) -> DemoService:
    def copy(folder: Path, progress: Progress) -> list[Path]:
        shutil.copytree(scenes, folder)
        return sorted(folder.glob("*.tif"))

    return DemoService(
        name=TEMPLATED,
        make_scenes=copy,
        properties=ServiceProperties(
            title="Marble",
            copyright="NASA Earth Observatory",
            time_field="AcqDate",
            jpeg_quality=90,
            wms=True,
        ),
        templates={"Negative": _NEGATIVE},
    )


def _heights(name: str, tiles: TileFormat) -> DemoService:
    return DemoService(
        name=name,
        make_scenes=_write_heights,
        properties=ServiceProperties(
            title="Hills",
            copyright="Nobody's",
            crs="EPSG:3857",
            tile_format=tiles,
            capabilities=("Image", "Metadata", "Catalog", "Mensuration"),
            wms=True,
        ),
        raster_type="elevation",
        scenes="hills",
        templates={"Hillshade": _HILLSHADE},
    )


def height_at(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return metres above the sea at places in Web Mercator: hills of some kilometres."""
    east, south = (x - HEIGHTS_LEFT) / 1000, (HEIGHTS_TOP - y) / 1000
    return 900 + 600 * np.sin(east / 4) * np.cos(south / 5) + 5 * east


def _write_heights(folder: Path, progress: Progress) -> list[Path]:
    """Write the hills as two files that meet; a corner of the second has no data."""
    folder.mkdir(parents=True)
    pixel = HEIGHTS_SIDE_M / _SIDE_PX
    centres = (np.arange(_SIDE_PX) + 0.5) * pixel
    metres = height_at(HEIGHTS_LEFT + centres[None, :], HEIGHTS_TOP - centres[:, None])
    metres[-100:, -100:] = _NO_HEIGHT
    half = _SIDE_PX // 2
    written = []
    for name, first in (("west", 0), ("east", half)):
        place = Affine(pixel, 0, HEIGHTS_LEFT + first * pixel, 0, -pixel, HEIGHTS_TOP)
        part = metres[None, :, first : first + half].astype(np.float32)
        path = folder / f"{name}.tif"
        written.append(write_raster(path, part, "EPSG:3857", place, nodata=_NO_HEIGHT))
    (folder / "scenes.csv").write_text("Name,Place\nwest,West\neast,East\n", encoding="utf-8")
    return written
