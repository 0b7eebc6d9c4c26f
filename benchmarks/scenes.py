"""Make the benchmark's scenes: overlapping UTM COGs of natural-looking texture.

Everything is computed from fixed seeds, so two machines measure the same pixels. One periodic
1/f field is cut at each scene's place in the world, so that overlaps agree in structure; a tint
per scene makes the seams visible. `python -m benchmarks.scenes [--tiny]` makes them by hand.
"""

import argparse
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile

CRS = "EPSG:32633"
PIXEL_SIZE_M = 10.0
# Near the central meridian of zone 33 at 48.3 degrees north: there a Web Mercator pixel of zoom 13
# covers 12.7 m, so that web tiles sit at 1.27 source pixels a tile pixel at zooms 9 to 13.
WEST_M, NORTH_M = 420_000.0, 5_450_000.0
OVERLAP = 0.10
RECIPE = 1  # raise when the pixels change: it names the cache folder
_SEED = 20_240_607


@dataclass(frozen=True, slots=True)
class SceneSize:
    """How many scenes (`side` × `side`) of how many pixels (`pixels` × `pixels`)."""

    side: int
    pixels: int

    @property
    def folder(self) -> str:
        return f"scenes-v{RECIPE}-{self.side * self.side}x{self.pixels}"


FULL = SceneSize(side=4, pixels=4096)
TINY = SceneSize(side=2, pixels=1024)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One COG and its box in `CRS`, metres."""

    path: Path
    west_m: float
    south_m: float
    east_m: float
    north_m: float


def data_folder() -> Path:
    """Return `$SWATH_BENCH_DATA`, else the git-ignored folder beside this file."""
    stated = os.environ.get("SWATH_BENCH_DATA")
    return Path(stated) if stated else Path(__file__).parent / "results" / "data"


def ensure_scenes(size: SceneSize, root: Path | None = None) -> list[Scene]:
    """Return the scenes of a size, making them first where they are missing.

    The folder appears under its name only when it is complete.
    """
    folder = (root or data_folder()).resolve() / size.folder
    scenes = scenes_of(folder, size)
    with made_whole(folder) as unfinished:
        if unfinished is not None:
            field = natural_field(size.pixels, np.random.default_rng(_SEED))
            for number, scene in enumerate(scenes):
                pixels = scene_pixels(field, scene, tint=np.random.default_rng((_SEED, number)))
                write_cog(pixels, scene, unfinished / scene.path.name)
    return scenes


def scenes_of(folder: Path, size: SceneSize) -> list[Scene]:
    """Return where the scenes of a size lie; nothing is made."""
    return [_scene(folder, size, row, col) for row in range(size.side) for col in range(size.side)]


@contextmanager
def made_whole(folder: Path) -> Iterator[Path | None]:
    """Give a folder to write into, which then takes the name; None where there is one already."""
    if folder.is_dir():
        yield None
        return
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.unfinished")
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def natural_field(pixels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Make a periodic field of bands red, green, blue whose amplitude falls as 1/f.

    Returns
    -------
    float32 (3, pixels, pixels)
        Mean 0, standard deviation 1 in luminance; colour varies more slowly than brightness, as
        it does outdoors.
    """
    brightness = _power_field(pixels, 1.1, rng)
    dryness = _power_field(pixels, 1.6, rng)
    moisture = _power_field(pixels, 1.6, rng)
    grain = [_power_field(pixels, 0.8, rng) for _ in range(3)]
    red = brightness + 0.35 * dryness - 0.10 * moisture + 0.05 * grain[0]
    green = brightness + 0.10 * dryness + 0.10 * moisture + 0.05 * grain[1]
    blue = 0.9 * brightness - 0.15 * dryness + 0.10 * moisture + 0.05 * grain[2]
    return np.stack([red, green, blue]).astype(np.float32)


def scene_pixels(
    field: NDArray[np.float32], scene: Scene, tint: np.random.Generator
) -> NDArray[np.uint8]:
    """Cut the periodic field at the scene's place and colour it: uint8 (3, rows, cols)."""
    col = round((scene.west_m - WEST_M) / PIXEL_SIZE_M)
    row = round((NORTH_M - scene.north_m) / PIXEL_SIZE_M)
    placed = np.roll(field, (-row, -col), axis=(1, 2))
    land = np.array([104.0, 112.0, 84.0]) + tint.uniform(-16.0, 16.0, 3)
    contrast = 28.0 * tint.uniform(0.85, 1.15)
    coloured = placed * np.float32(contrast) + land[:, None, None].astype(np.float32)
    pixels: NDArray[np.uint8] = np.clip(np.rint(coloured), 1, 254).astype(np.uint8)
    return pixels


def _power_field(pixels: int, slope: float, rng: np.random.Generator) -> NDArray[np.float32]:
    white = np.fft.rfft2(rng.standard_normal((pixels, pixels), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(pixels)[:, None], np.fft.rfftfreq(pixels)[None, :])
    frequency[0, 0] = np.inf
    # Flat below one cycle in 1024 pixels: else one hill and one valley would be the whole scene.
    white *= np.maximum(frequency, 1 / 1024) ** -slope
    field = np.fft.irfft2(white, s=(pixels, pixels)).astype(np.float32)
    normal: NDArray[np.float32] = (field - field.mean()) / field.std()
    return normal


def _scene(folder: Path, size: SceneSize, row: int, col: int) -> Scene:
    step = round(size.pixels * (1.0 - OVERLAP)) * PIXEL_SIZE_M
    west, north = WEST_M + col * step, NORTH_M - row * step
    extent = size.pixels * PIXEL_SIZE_M
    return Scene(
        path=folder / f"scene_{row}{col}.tif",
        west_m=west,
        south_m=north - extent,
        east_m=west + extent,
        north_m=north,
    )


def write_cog(pixels: NDArray[np.generic], scene: Scene, path: Path) -> None:
    """Write (bands, rows, cols) as a COG."""
    bands, rows, cols = pixels.shape
    is_rgb = bands == 3 and pixels.dtype == np.uint8
    profile = {
        "driver": "GTiff",
        "dtype": pixels.dtype.name,
        "count": bands,
        "height": rows,
        "width": cols,
        "crs": CRS,
        "transform": Affine(PIXEL_SIZE_M, 0.0, scene.west_m, 0.0, -PIXEL_SIZE_M, scene.north_m),
        "photometric": "RGB" if is_rgb else "MINISBLACK",
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as draft:
            draft.write(pixels)
        with memory.open() as draft:
            rasterio.shutil.copy(
                draft,
                path,
                driver="COG",
                blocksize=512,
                compress="DEFLATE",
                predictor="YES",
                overview_count=3,
                overview_resampling="AVERAGE",
                num_threads="ALL_CPUS",
            )


def main() -> None:
    """Make the scenes and say where they are."""
    parser = argparse.ArgumentParser(description="Make the benchmark's scenes.")
    parser.add_argument("--tiny", action="store_true", help="4 scenes of 1024 pixels, for CI")
    size = TINY if parser.parse_args().tiny else FULL
    for scene in ensure_scenes(size):
        print(scene.path, f"{scene.path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
