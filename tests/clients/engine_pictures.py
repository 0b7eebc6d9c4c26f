"""What the engine makes of the services under test, without a server: what clients are compared with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from PIL import Image

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.service import open_service
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.parameters import Parameters
from server.site.publishing import Publisher
from tests.engine.rasters import samples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.pixels import PixelBlock
    from engine.service import ImageService

_TILE = 256
_HALF_WORLD_M = 20037508.342789244


class EngineRoom:
    """The compiled services, opened in this process."""

    def __init__(self, data: Path) -> None:
        self._publisher = Publisher(data)
        self._open: dict[str, ImageService] = {}

    def service(self, name: str) -> ImageService:
        """Return a service, opened once."""
        if name not in self._open:
            self._open[name] = open_service(str(self._publisher.service(name).path))
        return self._open[name]

    def picture(
        self, name: str, box: Iterable[float], size: tuple[int, int], **more: Any
    ) -> np.ndarray:
        """Return a view as (rows, cols, 3) over white; `more` are parameters of exportImage.

        Without a `format` nothing is lost.
        """
        return self._drawn(name, self._request(name, box, size, {"format": "png32", **more}))

    def samples(
        self, name: str, box: Iterable[float], size: tuple[int, int], **more: Any
    ) -> PixelBlock:
        """Return the samples of a view and which of them are valid."""
        request = self._request(name, box, size, more)
        plain = msgspec.structs.replace(request, encoding=Encoding(format="tiff"))
        return samples(self.service(name), plain)

    def tiles(self, name: str, level: int, box: Iterable[float]) -> np.ndarray:
        """Return the tiles of a level that a box of Web Mercator cuts out, as one picture over white."""
        resolution = 2 * _HALF_WORLD_M / _TILE / 2**level
        xmin, ymin, xmax, ymax = box
        left, top = (xmin + _HALF_WORLD_M) / resolution, (_HALF_WORLD_M - ymax) / resolution
        width, height = (xmax - xmin) / resolution, (ymax - ymin) / resolution
        cols = range(int(left // _TILE), int((left + width - 1e-6) // _TILE) + 1)
        rows = range(int(top // _TILE), int((top + height - 1e-6) // _TILE) + 1)
        whole = np.concatenate(
            [np.concatenate([self._tile(name, level, r, c) for c in cols], axis=1) for r in rows]
        )
        y, x = round(top - rows[0] * _TILE), round(left - cols[0] * _TILE)
        return whole[y : y + round(height), x : x + round(width)]

    def _tile(self, name: str, level: int, row: int, col: int) -> np.ndarray:
        address = TileAddress(level=level, row=row, col=col)
        view = View(tile=address)
        return self._drawn(name, ImageRequest(view=view, encoding=Encoding(format="png32")))

    def _request(
        self, name: str, box: Iterable[float], size: tuple[int, int], more: dict[str, Any]
    ) -> ImageRequest:
        stated = {"bboxSR": 3857, "imageSR": 3857, "adjustAspectRatio": "false", **more}
        stated |= {"bbox": ",".join(map(repr, map(float, box))), "size": f"{size[0]},{size[1]}"}
        parameters = Parameters.from_mapping({key: str(value) for key, value in stated.items()})
        return image_request(parameters, self.service(name).summary, name)

    def _drawn(self, name: str, request: ImageRequest) -> np.ndarray:
        body = bytes(answer(self.service(name), request, UNLIMITED).body)
        seen = Image.open(io.BytesIO(body)).convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return np.asarray(Image.alpha_composite(white, seen).convert("RGB"))


def assert_alike(seen: np.ndarray, made: np.ndarray, *, mean: float, far: float = 0.02) -> None:
    """Compare what a client shows with what the engine made.

    Parameters
    ----------
    mean
        Grey levels by which pixels may differ on average: losses of JPEG, a client's own resampling.
    far
        Share of pixels that may differ by more than 40 grey levels: edges half a pixel beside.
    """
    assert seen.shape == made.shape
    assert made.std() > 5, "an empty picture proves nothing"
    differences = np.abs(seen.astype(np.int16) - made.astype(np.int16)).max(axis=2)
    assert differences.mean() <= mean, f"{differences.mean():.2f} grey levels on average"
    assert (differences > 40).mean() <= far, (
        f"{(differences > 40).mean():.2%} of pixels are far off"
    )
