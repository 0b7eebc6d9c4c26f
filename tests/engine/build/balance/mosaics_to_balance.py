"""Mosaics whose errors are known: tiles of one ground, each with gains and offsets of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rasterio import Affine
from scipy.ndimage import gaussian_filter

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from tests.engine.rasters import write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

CRS = "EPSG:32632"
PIXEL = 10.0
LEFT, TOP = 500_000.0, 5_200_000.0
TILE, STEP = 160, 120

GAINS = np.array([[1.2, 0.9, 1.05], [0.8, 1.1, 0.95], [1.0, 1.15, 0.85], [0.9, 0.85, 1.2]])
OFFSETS = np.array([[6.0, -8.0, 10.0], [12.0, 3.0, -7.0], [-9.0, 5.0, 0.0], [4.0, -2.0, -6.0]])


def ground(rows: int, cols: int, seed: int = 4) -> np.ndarray:
    """Return three bands of smooth texture between about 60 and 150."""
    random = np.random.default_rng(seed)
    common = gaussian_filter(random.normal(size=(rows, cols)), 4)
    bands = [
        common / common.std() + 0.4 * (own / own.std())
        for own in (gaussian_filter(random.normal(size=(rows, cols)), 3) for _ in range(3))
    ]
    return np.stack([100 + 15 * band for band in bands])


def tiles(columns: int = 2, rows: int = 2) -> list[tuple[np.ndarray, Affine]]:
    """Return true tiles, row by row from the top, each a quarter over its neighbours."""
    whole = ground(STEP * (rows - 1) + TILE, STEP * (columns - 1) + TILE)
    found = []
    for row in range(rows):
        for col in range(columns):
            top, left = row * STEP, col * STEP
            place = Affine(PIXEL, 0, LEFT + left * PIXEL, 0, -PIXEL, TOP - top * PIXEL)
            found.append((whole[:, top : top + TILE, left : left + TILE], place))
    return found


def disturbed(data: np.ndarray, number: int, scale: float = 1.0) -> np.ndarray:
    """Return a tile with the errors of its number."""
    gains, offsets = GAINS[number % 4].reshape(3, 1, 1), OFFSETS[number % 4].reshape(3, 1, 1)
    return np.asarray((data * gains + offsets) * scale)


def write_tiles(folder: Path, kind: str = "uint8", scale: float = 1.0) -> list[Path]:
    """Write the disturbed tiles t0 to t3."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (data, place) in enumerate(tiles()):
        made = disturbed(data, number, scale)
        if kind != "float32":
            made = np.clip(np.rint(made), 1, np.iinfo(kind).max - 1)
        paths.append(write_raster(folder / f"t{number}.tif", made.astype(kind), CRS, place))
    return paths


def definition_of(path: Path, rasters: list[Path]) -> DefinitionFolder:
    """Make and build a definition."""
    folder = DefinitionFolder.create(path)
    add_rasters(folder, AddRequest(raster_type="raster-dataset", paths=rasters))
    build(folder)
    return folder


def build(folder: DefinitionFolder) -> None:
    """Build without overviews."""
    build_definition(folder, BuildOptions(overviews="none"))


def service_of(folder: DefinitionFolder) -> ImageService:
    """Compile and open."""
    out = folder.path.with_suffix(".zmd")
    compile_definition(folder.path, out)
    return open_service(str(out))


def raster_texts(folder: DefinitionFolder) -> dict[str, str]:
    """Return the field Raster of each item, by name."""
    with folder.table() as table:
        return {row.name: row.raster_text for row in table.rows()}
