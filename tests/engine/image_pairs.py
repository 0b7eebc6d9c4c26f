"""A service of two images of one place, seen from two sides, over hills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import rasterio
from rasterio.rpc import RPC

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.item_space import Points
from engine.request import PlaceRequest
from tests.engine.sensor_scenes import over, sensor_service, write_image, write_terrain

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

LEFT, RIGHT = 1, 2
COLS, ROWS = 400, 300


def other_side(rpc: RPC) -> RPC:
    """Return the model of the same image from the other side: heights lean the other way."""
    facts = rpc.to_dict()
    facts["line_num_coeff"][3] = -0.1
    facts["samp_num_coeff"][3] = 0.25
    return RPC(**facts)


def write_pair(folder: Path) -> list[Path]:
    """Write both images."""
    left, right = write_image(folder / "left.tif"), write_image(folder / "right.tif")
    with rasterio.open(right, "r+") as file:
        file.rpcs = other_side(file.rpcs)
    return [left, right]


def pair_service(folder: Path) -> ImageService:
    """Return the open service; items 1 and 2 by name."""
    service = sensor_service(folder, write_pair(folder), over(write_terrain(folder / "hills.tif")))
    assert [service.catalog.item(n).name for n in (LEFT, RIGHT)] == ["left", "right"]
    return service


def points(*rows: tuple[float, ...]) -> Points:
    """Return points of (x, y) or (x, y, z)."""
    flat = np.array([(*row, np.nan)[:3] for row in rows], np.float64)
    return Points(*(np.ascontiguousarray(flat[:, axis]) for axis in range(3)))


def moved(service: ImageService, given: np.ndarray, **how: object) -> np.ndarray:
    """Return positions (n, 3) in another system; `given` is (n, 2) or (n, 3)."""
    full = np.full((len(given), 3), np.nan)
    full[:, : given.shape[1]] = given
    request = PlaceRequest(positions=full.astype("<f8").tobytes(), **how)  # type: ignore[arg-type]  # -- a shorthand
    record = answer(service, request, UNLIMITED).record
    return np.frombuffer(record.positions, "<f8").reshape(-1, 3)  # type: ignore[attr-defined]  # -- a PlaceResult
