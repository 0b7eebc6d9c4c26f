"""The synthetic twin: a landscape of formulas, cameras that photograph it, and how far a picture is off.

The photographs come from engine.build.demo_photographs, which follows rays in plain numpy; the cameras here
are textbook formulas. None of it uses the engine's sensor models, terrain or sampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.warp
from rasterio import Affine

from engine.build.demo_photographs import Rays, meet, photograph

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.demo_photographs import Camera
    from engine.build.demo_satellite import Satellite
    from engine.extent import Extent

UTM = "EPSG:32627"
X, Y = 525_600.0, 4_896_400.0
FLAT_M = 120.0
PIXEL_M = 2.0
POSTS_M = 8.0
STEP_M, CLOSE_M = 20.0, 1e-4
# Samples are bright enough that rounding to whole numbers is nothing beside what sampling does.
MIDDLE, SWING = 30_000.0, 2_000.0


def _waves() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the texture's waves: radians per metre east and north, and phases."""
    rng = np.random.default_rng(7)
    length = rng.uniform(18.0, 70.0, 24)
    angle = rng.uniform(0, np.pi, 24)
    along = 2 * np.pi / length
    return along * np.cos(angle), along * np.sin(angle), rng.uniform(0, 2 * np.pi, 24)


_EAST, _NORTH, _PHASE = _waves()


@dataclass(frozen=True)
class Landscape:
    """Level ground in the west, hills with slopes up to 45 degrees in the east; a `Ground`."""

    lowest_m: float = 0.0
    highest_m: float = 420.0

    def heights(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        east, north = x - X, y - Y
        t = np.clip((east + 150) / 300, 0, 1)
        hills = 140 + 90 * np.sin(east / 130) * np.cos(north / 150) + 40 * np.cos(north / 90 + 1)
        return FLAT_M + t * t * (3 - 2 * t) * hills

    def colours(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        total = np.zeros(x.shape)
        for east, north, phase in zip(_EAST, _NORTH, _PHASE, strict=True):
            total += np.sin(east * (x - X) + north * (y - Y) + phase)
        return (MIDDLE + SWING * total)[np.newaxis]

    def gradient(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how samples change per metre east and north."""
        along_x, along_y = np.zeros(x.shape), np.zeros(x.shape)
        for east, north, phase in zip(_EAST, _NORTH, _PHASE, strict=True):
            slope = SWING * np.cos(east * (x - X) + north * (y - Y) + phase)
            along_x += east * slope
            along_y += north * slope
        return along_x, along_y


@dataclass(frozen=True)
class Frame:
    """A frame camera: omega-phi-kappa in degrees, Brown-Conrady distortion (from ideal to real, y down)."""

    x: float
    y: float
    z: float
    degrees: tuple[float, float, float]
    columns: int = 640
    rows: int = 520
    focal_px: float = 700.0
    middle: tuple[float, float] = (331.0, 254.0)
    k1: float = -0.11
    k2: float = 0.02
    p1: float = 0.0015
    p2: float = -0.001

    def rays(self, col: np.ndarray, row: np.ndarray) -> Rays:
        real_x = (col - self.middle[0]) / self.focal_px
        real_y = (row - self.middle[1]) / self.focal_px
        u, v = real_x, real_y
        for _ in range(30):
            rr = u * u + v * v
            radial = 1 + self.k1 * rr + self.k2 * rr * rr
            du = 2 * self.p1 * u * v + self.p2 * (rr + 2 * u * u)
            dv = self.p1 * (rr + 2 * v * v) + 2 * self.p2 * u * v
            u, v = (real_x - du) / radial, (real_y - dv) / radial
        turns = np.radians(self.degrees)
        (so, sp, sk), (co, cp, ck) = np.sin(turns), np.cos(turns)
        about_x = np.array([[1, 0, 0], [0, co, -so], [0, so, co]])
        about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        about_z = np.array([[ck, -sk, 0], [sk, ck, 0], [0, 0, 1]])
        # The camera has y up and looks backward along z.
        east, north, up = about_x @ about_y @ about_z @ np.stack([u, -v, -np.ones_like(u)])
        lean_x, lean_y = east / up, north / up
        return Rays(self.x - self.z * lean_x, self.y - self.z * lean_y, lean_x, lean_y)


@dataclass(frozen=True)
class Trembling:
    """A line scanner whose attitude trembles, as no rational polynomial can follow it."""

    steady: Satellite

    def rays(self, col: np.ndarray, row: np.ndarray) -> Rays:
        return self.steady.rays(col + 2.5 * np.sin(row / 41), row + 1.5 * np.cos(row / 57))


def write_photograph(path: Path, camera: Camera, size: tuple[int, int], **more: object) -> Path:
    """Write a photograph of the landscape; it says nothing of where it is."""
    samples = photograph(camera, Landscape(), size, step_m=STEP_M, close_m=CLOSE_M)
    profile = {
        "driver": "GTiff",
        "width": size[0],
        "height": size[1],
        "count": 1,
        "dtype": "uint16",
    }
    with rasterio.open(path, "w", **profile, tiled=True, blockxsize=256, blockysize=256) as file:
        file.write(np.rint(samples).astype(np.uint16))
        for name, value in more.items():
            setattr(file, name, value)
    return path


def undulation(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Return how far an invented geoid lies above the ellipsoid."""
    return 45 + 30 * (lon + 20.68) - 20 * (lat - 44.22)


def write_geoid(path: Path) -> Path:
    """Write the invented geoid as a grid of undulations; linear, so that any interpolation is exact."""
    lon, lat = np.meshgrid(np.linspace(-21.5, -20, 16), np.linspace(45, 43.5, 16))
    profile = {"driver": "GTX", "width": 16, "height": 16, "count": 1, "dtype": "float32"}
    place = Affine(0.1, 0, -21.55, 0, -0.1, 45.05)
    with rasterio.open(path, "w", **profile, transform=place) as file:
        file.write(undulation(lon, lat).astype(np.float32), 1)
    return path


def write_heights(path: Path, *, above: str = "ellipsoid") -> Path:
    """Write the landscape's heights as posts, above the ellipsoid or the invented geoid."""
    count = 250
    west, north = X - count * POSTS_M / 2, Y + count * POSTS_M / 2
    x, y = np.meshgrid(
        west + (np.arange(count) + 0.5) * POSTS_M, north - (np.arange(count) + 0.5) * POSTS_M
    )
    profile = {"driver": "GTiff", "width": count, "height": count, "count": 1, "dtype": "float32"}
    place = Affine(POSTS_M, 0, west, 0, -POSTS_M, north)
    heights = Landscape().heights(x, y)
    if above == "geoid":
        lon, lat = rasterio.warp.transform(UTM, "EPSG:4326", x.ravel(), y.ravel())
        heights -= undulation(np.array(lon), np.array(lat)).reshape(x.shape)
    with rasterio.open(path, "w", **profile, crs=UTM, transform=place) as file:
        file.write(heights.astype(np.float32), 1)
    return path


def centres(box: Extent, pixel_m: float = PIXEL_M) -> tuple[np.ndarray, np.ndarray]:
    """Return x, y of the pixels of a box."""
    cols, rows = round(box.width / pixel_m), round(box.height / pixel_m)
    return np.meshgrid(
        box.xmin + (np.arange(cols) + 0.5) * pixel_m, box.ymax - (np.arange(rows) + 0.5) * pixel_m
    )


def shift_of(found: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return metres by which a picture is off to the east and to the north: least squares on formulas."""
    land = Landscape()
    east = north = 0.0
    for _ in range(8):
        expected = land.colours(x - east, y - north)[0]
        along_x, along_y = land.gradient(x - east, y - north)
        design = np.stack([-along_x.ravel(), -along_y.ravel()], axis=1)
        step = np.linalg.lstsq(design, (found - expected).ravel(), rcond=None)[0]
        east, north = east + float(step[0]), north + float(step[1])
    return east, north


def footprints_m(camera: Camera, size: tuple[int, int], x: np.ndarray, y: np.ndarray) -> float:
    """Return the distance on the map of neighbouring pixels that see a window: 95 % are nearer."""
    row, col = np.mgrid[4 : size[1] : 8, 4 : size[0] : 8] + 0.5
    places = []
    for right, down in ((0, 0), (1, 0), (0, 1)):
        rays = camera.rays((col + right).ravel(), (row + down).ravel())
        places.append(rays.at(meet(rays, Landscape(), step_m=STEP_M, close_m=CLOSE_M)))
    (x0, y0), *others = places
    inside = (x0 > x.min()) & (x0 < x.max()) & (y0 > y.min()) & (y0 < y.max())
    far = [np.hypot(x1 - x0, y1 - y0)[inside] for x1, y1 in others]
    return float(np.quantile(np.maximum(*far), 0.95))


def noise_of_one_sampling(x: np.ndarray, y: np.ndarray, spacing_m: float) -> float:
    """Return the deviation that bilinear sampling makes midway between samples so far apart."""
    land = Landscape()
    half = spacing_m / 2
    corners = [
        land.colours(x + east, y + north) for east in (-half, half) for north in (-half, half)
    ]
    return float((sum(corners) / 4 - land.colours(x, y)).std())
