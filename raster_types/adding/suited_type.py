"""Which raster type suits a product that cannot be used as what it was taken for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter, SourceError
from engine.readers.header import read_header
from raster_types.adding.added import PLAIN
from raster_types.adding.recognise import STACK
from raster_types.base import Product
from raster_types.sensor_files.frame_files import find_orientation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from raster_types.adding.add_commands import Stated
    from raster_types.adding.recognise import FoundProduct

# Types that a plain raster's sentence names where they would take it.
_NAMED_IN_SENTENCES = ("rpc", "gcp")
_TERRAIN = ("--dem", "DEM")
_MOST_BYTES = 64_000_000


def stated_of(product: FoundProduct, outcomes: Mapping[str, str]) -> Stated:
    """Return what is to be stated of a product when it is added.

    Parameters
    ----------
    outcomes
        Of products of its kind: file that names each -> why it cannot be used, "" = it can. One that was
        not read is taken to be as the others of its folder, else as all of its kind.
    """
    main = product.paths[0]
    folder = Path(main).parent
    beside = {path: why for path, why in outcomes.items() if Path(path).parent == folder}
    known = beside or outcomes
    if main not in outcomes and known and all(known.values()):
        main = next(iter(known))
    why = outcomes.get(main, "")
    if product.raster_type == PLAIN and why and (suited := _suited(main, why)):
        return suited
    if known and all(known.values()):
        return None
    return ("--type", STACK) if product.raster_type == STACK else ()


def needs_terrain(stated: Stated) -> bool:
    """Tell whether the author must say the ground in place of a word."""
    return stated is not None and _TERRAIN[1] in stated


def _suited(path: str, why: str) -> tuple[str, ...]:
    """Return what takes an image of which a plain raster's sentence says why it is none."""
    for name in _NAMED_IN_SENTENCES:
        if f"--type {name}" in why:
            return ("--type", name)
    return frame_camera_of(path)


def frame_camera_of(path: str) -> tuple[str, ...]:
    """Return what is to be stated of an image whose orientation and camera are known, () = they are not."""
    product = Product((path,), read_header)
    for file in ("", *_reconstructions(Path(path).parent.parent)):
        try:
            find_orientation(product, file, file)
        except (InvalidParameter, SourceError):
            # Some other file, or no frame camera at all.
            continue
        named = ("--exterior", file, "--interior", file) if file else ()
        return ("--type", "frame-camera", *named, *_TERRAIN)
    return ()


@lru_cache(maxsize=64)
def _reconstructions(folder: Path) -> tuple[str, ...]:
    """Return what may be reconstructions of OpenSfM, whose images lie in a folder of their own."""
    return tuple(_possible(folder))


def _possible(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.json")):
        try:
            with path.open("rb") as file:
                is_list = file.read(1000).lstrip().startswith(b"[")
            if is_list and path.stat().st_size <= _MOST_BYTES:
                yield str(path)
        except OSError:
            # Not to be read: it says nothing.
            continue
