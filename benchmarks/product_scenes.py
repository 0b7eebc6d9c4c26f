"""Make what products are made of: 4-band 16-bit COGs as a satellite delivers them, and an elevation model."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.base import Dataset
from benchmarks.scenes import (
    NORTH_M,
    PIXEL_SIZE_M,
    WEST_M,
    Scene,
    SceneSize,
    data_folder,
    made_whole,
    natural_field,
    scenes_of,
    write_cog,
)

RECIPE = 1  # raise when the pixels change: it names the cache folder
FULL = SceneSize(side=2, pixels=4096)
TINY = SceneSize(side=2, pixels=1024)
_SEED = 20_261_121
_TERRAIN = "terrain.tif"


def ensure_product_scenes(size: SceneSize, root: Path | None = None) -> Dataset:
    """Return the scenes of a size, made first where missing: `one` is the elevation model."""
    folder = (root or data_folder()).resolve() / f"products-v{RECIPE}-{size.side}x{size.pixels}"
    scenes = scenes_of(folder, size)
    terrain = Scene(
        path=folder / _TERRAIN,
        west_m=scenes[0].west_m,
        south_m=scenes[0].south_m,
        east_m=scenes[0].east_m,
        north_m=scenes[0].north_m,
    )
    with made_whole(folder) as unfinished:
        if unfinished is not None:
            field = natural_field(size.pixels, np.random.default_rng(_SEED))
            for scene in scenes:
                write_cog(reflectance(field, scene), scene, unfinished / scene.path.name)
            write_cog(heights(field), terrain, unfinished / _TERRAIN)
    return Dataset(one=terrain, mosaic=tuple(scenes))


def reflectance(field: NDArray[np.float32], scene: Scene) -> NDArray[np.uint16]:
    """Return red, green, blue and near infrared, 10,000 times reflectance: uint16 (4, rows, cols)."""
    col = round((scene.west_m - WEST_M) / PIXEL_SIZE_M)
    row = round((NORTH_M - scene.north_m) / PIXEL_SIZE_M)
    red, green, blue = np.roll(field, (-row, -col), axis=(1, 2))
    near = 0.6 * green - 0.8 * red
    bands = (1200 + 260 * red, 1100 + 220 * green, 900 + 180 * blue, 2900 + 700 * near)
    return np.stack([np.clip(np.rint(band), 1, 10_000).astype(np.uint16) for band in bands])


def heights(field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an elevation model, metres: float32 (1, rows, cols)."""
    return (600.0 + 180.0 * field[:1]).astype(np.float32)
