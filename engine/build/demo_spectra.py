"""The light of the demo's invented island: top-of-canopy reflectance per class, season and sun.

Values are surface reflectance times 10,000 in blue, green, red and near infrared, near to what
Sentinel-2 sees of such ground.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.build.demo_land_cover import Cover, LandCover
from engine.build.demo_terrain import PIXEL_M, SIZE, Field, Terrain, enlarge, fractal, smoothstep

if TYPE_CHECKING:
    from numpy.typing import NDArray

BANDS = 4

_SOIL = np.array([760, 1060, 1420, 2050], np.float32)
_STRAW = np.array([720, 1120, 1480, 2700], np.float32)
_LEAF = np.array([260, 560, 270, 4300], np.float32)
_NEEDLE = np.array([190, 330, 210, 2450], np.float32)
_HEATHER = np.array([520, 720, 760, 2100], np.float32)
_ROCK = np.array([980, 1120, 1250, 1620], np.float32)
_SAND = np.array([1500, 2000, 2500, 3150], np.float32)
_ROOF = np.array([1250, 1350, 1750, 2150], np.float32)
_ASPHALT = np.array([1050, 1120, 1160, 1400], np.float32)
_BLOSSOM = np.array([420, 1750, 1650, 4300], np.float32)
_SEA = np.array([420, 270, 130, 60], np.float32)
_SHALLOW = np.array([1050, 1500, 640, 150], np.float32)
_LAKE = np.array([330, 420, 270, 140], np.float32)
_SNOW = np.array([8300, 8500, 8400, 7700], np.float32)
_CLOUD = np.array([7400, 7300, 7200, 7400], np.float32)


@dataclass(frozen=True, slots=True)
class Season:
    """A date's sun and growth.

    Attributes
    ----------
    sun_azimuth_deg, sun_elevation_deg : float
        Azimuth from north, clockwise.
    snowline_m : float
        Snow lies above.
    green : mapping of class to 0..1
        Share of green leaves; what is not named keeps its own look.
    blossom : float
        How much of the rapeseed is in flower.
    cloud : float
        Share of sky covered, 0 for a clear date.
    """

    sun_azimuth_deg: float
    sun_elevation_deg: float
    snowline_m: float
    green: dict[Cover, float]
    blossom: float = 0.0
    cloud: float = 0.0


def _greens(
    leaf: float, grass: float, crops: tuple[float, float, float, float]
) -> dict[Cover, float]:
    wheat, maize, rapeseed, vines = crops
    return {
        Cover.GRASS: grass,
        Cover.MEADOW: min(grass + 0.15, 1.0),
        Cover.GARDEN: grass,
        Cover.BROADLEAF: leaf,
        Cover.HEATH: 0.35 * grass,
        Cover.WHEAT: wheat,
        Cover.MAIZE: maize,
        Cover.RAPESEED: rapeseed,
        Cover.VINES: vines,
    }


WINTER = Season(158, 24, 540, _greens(0.12, 0.38, (0.30, 0.0, 0.35, 0.05)))
SPRING = Season(152, 52, 900, _greens(0.62, 0.85, (0.90, 0.10, 0.80, 0.25)), blossom=0.85)
SUMMER = Season(142, 64, 1520, _greens(0.97, 0.62, (0.25, 0.85, 0.20, 0.70)))
AUTUMN = Season(160, 42, 1380, _greens(0.60, 0.52, (0.08, 0.30, 0.25, 0.55)), cloud=0.07)


def class_spectra(season: Season) -> Field:
    """Return reflectance (classes, bands) of level ground under full sun."""
    table = np.empty((len(Cover), BANDS), np.float32)
    bare = {Cover.GRASS: _STRAW, Cover.MEADOW: _STRAW, Cover.HEATH: _HEATHER, Cover.WHEAT: _STRAW}
    bare[Cover.BROADLEAF] = _SOIL * np.float32(0.72)
    fixed = {
        Cover.SEA: _SEA,
        Cover.SAND: _SAND,
        Cover.CONIFER: _NEEDLE,
        Cover.ROCK: _ROCK,
        Cover.ROOF: _ROOF,
        Cover.ROAD: _ASPHALT,
    }
    for cover in Cover:
        if cover in fixed:
            table[cover] = fixed[cover]
            continue
        green = np.float32(season.green[cover])
        table[cover] = green * _LEAF + (1 - green) * bare.get(cover, _SOIL)
    flower = np.float32(season.blossom)
    table[Cover.RAPESEED] = flower * _BLOSSOM + (1 - flower) * table[Cover.RAPESEED]
    return table


@dataclass(frozen=True, slots=True)
class Sky:
    """Cloud and its shadow over the whole island, 0 to 1 (SIZE, SIZE)."""

    cloud: Field
    shadow: Field


def make_sky(season: Season, seed: int) -> Sky:
    """Make the clouds of one date."""
    puffs = enlarge(fractal(seed, SIZE // 4, 2.7), SIZE)
    if season.cloud <= 0:
        clear = np.zeros_like(puffs)
        return Sky(clear, clear)
    edge = float(np.quantile(puffs[::8, ::8], 1 - season.cloud))
    cloud = smoothstep(edge, edge + 1.1, puffs)
    # Shadows of clouds 900 m up fall away from the sun.
    reach = 900.0 / PIXEL_M / math.tan(math.radians(season.sun_elevation_deg))
    azimuth = math.radians(season.sun_azimuth_deg)
    shift = (round(math.cos(azimuth) * reach), round(-math.sin(azimuth) * reach))
    return Sky(cloud, np.roll(cloud, shift, axis=(0, 1)))


def sunlight(terrain: Terrain, season: Season, window: tuple[slice, slice]) -> Field:
    """Return the light on each pixel, 1 on level ground."""
    azimuth = math.radians(season.sun_azimuth_deg)
    elevation = math.radians(season.sun_elevation_deg)
    east, north = math.sin(azimuth) * math.cos(elevation), math.cos(azimuth) * math.cos(elevation)
    up = math.sin(elevation)
    dx, dy = terrain.dx[window], terrain.dy[window]
    facing = (up - dx * np.float32(east) + dy * np.float32(north)) / np.sqrt(1 + dx * dx + dy * dy)
    # A third of the light comes from the sky, so slopes in shade are never black.
    return (0.33 + 0.67 * np.clip(facing / np.float32(up), 0, 1.7)).astype(np.float32)


def render(
    ground: tuple[Terrain, LandCover], season: Season, sky: Sky, window: tuple[slice, slice]
) -> NDArray[np.uint16]:
    """Return the scene (bands, rows, cols) of a window, without gaps; samples are 1 to 10,000."""
    terrain, cover = ground
    height = terrain.height_m[window]
    classes = cover.classes[window]
    light = sunlight(terrain, season, window) * cover.texture[window]
    snow = smoothstep(season.snowline_m - 60, season.snowline_m + 160, height + 90 * (light - 1))
    snow *= smoothstep(1.5, 0.7, terrain.slope[window])
    inland = terrain.inland_water[window]
    is_sea = classes == Cover.SEA
    shallow = np.exp(np.minimum(height, 0) / np.float32(9.0))
    cloud = sky.cloud[window]
    shade = 1 - np.float32(0.55) * sky.shadow[window] * (1 - cloud)
    table = class_spectra(season)
    out = np.empty((BANDS, *height.shape), np.uint16)
    for band in range(BANDS):
        plane = table[:, band][classes] * light
        plane += snow * (_SNOW[band] * light - plane)
        plane += inland * (_LAKE[band] - plane)
        sea = _SEA[band] + shallow * (_SHALLOW[band] - _SEA[band])
        plane = np.where(is_sea, sea * cover.texture[window], plane) * shade
        plane += cloud * (_CLOUD[band] - plane)
        out[band] = np.clip(plane + np.float32(0.5), 1, 10_000)
    return out
