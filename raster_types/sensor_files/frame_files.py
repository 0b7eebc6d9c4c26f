"""Find an image's exterior orientation and its cameras among the files beside it, or in files named."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.sensor_files.camera_table import read_camera_table
from raster_types.sensor_files.exterior_geojson import read_exterior_geojson
from raster_types.sensor_files.exterior_table import read_exterior_table
from raster_types.sensor_files.frames import find_exterior
from raster_types.sensor_files.interior_yaml import read_interior_yaml
from raster_types.sensor_files.opensfm import read_opensfm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raster_types.base import Product
    from raster_types.sensor_files.frames import FrameExterior, FrameInterior

# In this order: GeoJSON has all digits and names its CRS.
_EXTERIOR_SUFFIXES = (".geojson", ".csv", ".json", ".txt")
_INTERIOR_SUFFIXES = (".yaml", ".yml", ".json", ".csv")
_MOST_BYTES = 64_000_000
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class FrameOrientation:
    """What files say of one image.

    Attributes
    ----------
    exterior : FrameExterior
    path : str
        The file that it is from.
    is_local : bool
        Whether positions are in a frame of the file's own, which no author can replace.
    interiors : mapping
        By camera.
    """

    exterior: FrameExterior
    path: str
    is_local: bool
    interiors: Mapping[str, FrameInterior]


def find_orientation(product: Product, exterior: str, interior: str) -> FrameOrientation:
    """Return the orientation of a product's image.

    Parameters
    ----------
    exterior, interior : str
        Paths of files that the author names; "" = any beside the image.

    Raises
    ------
    InvalidParameter
        No exterior orientation for the image, no cameras, or a named file that cannot be read so.
    SourceUnavailable
        A file cannot be opened.
    """
    path, row = _exterior(product, exterior)
    text = product.text(path, _MOST_BYTES)
    return FrameOrientation(
        exterior=row,
        path=path,
        is_local=_is_opensfm(text),
        interiors=_interiors(product, interior),
    )


def _exterior(product: Product, named: str) -> tuple[str, FrameExterior]:
    image = PurePath(product.main).name
    paths = (named,) if named else _beside(product, _EXTERIOR_SUFFIXES)
    looked_at = []
    for path in paths:
        exteriors = _read_exteriors(product.text(path, _MOST_BYTES))
        if isinstance(exteriors, InvalidParameter):
            if named:
                raise exteriors
            # Some other file that stands there.
            continue
        row = find_exterior(image, exteriors)
        if row is not None:
            return path, row
        looked_at.append(PurePath(path).name)
    where = _names(looked_at) if looked_at else "no table of orientations beside it"
    accepted = f"an exterior orientation that names it ({where}; see --exterior)"
    raise InvalidParameter("image", image, accepted)


def _interiors(product: Product, named: str) -> Mapping[str, FrameInterior]:
    found: dict[str, FrameInterior] = {}
    for path in (named,) if named else _beside(product, _INTERIOR_SUFFIXES):
        cameras = _read_interiors(product.text(path, _MOST_BYTES))
        if isinstance(cameras, InvalidParameter):
            if named:
                raise cameras
            continue
        found = dict(cameras) | found
    if not found:
        image = PurePath(product.main).name
        raise InvalidParameter("camera of", image, "a file of cameras beside it (see --interior)")
    return found


def _beside(product: Product, suffixes: tuple[str, ...]) -> list[str]:
    names = product.beside(product.main)
    return [
        path for suffix in suffixes for path in names if PurePath(path).suffix.lower() == suffix
    ]


# A table serves all images of its folder: it is read, or found to be none, once for many of them.
@lru_cache(maxsize=8)
def _read_exteriors(text: str) -> tuple[FrameExterior, ...] | InvalidParameter:
    try:
        if _is_opensfm(text):
            return tuple(read_opensfm(text)[0])
        if _first_line(text).startswith("{"):
            return tuple(read_exterior_geojson(text))
        return tuple(read_exterior_table(text))
    except InvalidParameter as err:
        return err


@lru_cache(maxsize=8)
def _read_interiors(text: str) -> Mapping[str, FrameInterior] | InvalidParameter:
    try:
        if _is_opensfm(text):
            return read_opensfm(text)[1]
        if "," in _first_line(text) and not _first_line(text).startswith("{"):
            return read_camera_table(text)
        return read_interior_yaml(text)
    except InvalidParameter as err:
        return err


def _is_opensfm(text: str) -> bool:
    return _first_line(text).startswith("[")


def _first_line(text: str) -> str:
    return text[:1000].removeprefix("\ufeff").lstrip().partition("\n")[0]


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    return f"it is not in {shown}" + (" and others" if len(names) > _MOST_NAMES else "")
