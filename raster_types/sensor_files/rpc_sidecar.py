"""Which files beside a raster may hold its RPC, and the reader for each."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_digitalglobe import read_digitalglobe_xml
from raster_types.sensor_files.rpc_dimap import read_dimap_rpc
from raster_types.sensor_files.rpc_fixed_width import is_alos_rpc
from raster_types.sensor_files.rpc_geom import read_geom
from raster_types.sensor_files.rpc_odl import read_pvl, read_rpb
from raster_types.sensor_files.rpc_text import read_rpc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.geotransforms.rpc import RpcRecord

_READERS: dict[str, Callable[[str, ImageWindow], RpcRecord]] = {
    ".txt": read_rpc_text,
    ".rpc": read_rpc_text,
    ".rpb": read_rpb,
    ".pvl": read_pvl,
    ".geom": read_geom,
}
# One of these stands in every file with coefficients, and in no other file of those names.
_MARKS = (
    *("line_num_coef", "line_den_coef", "samp_num_coef"),
    *("linenumcoef", "linenumeratorcoefficients"),
)


def rpc_sidecar_names(raster: str) -> tuple[str, ...]:
    """Return names, in lower case, of files that may hold the RPC of a raster; the first found counts.

    Parameters
    ----------
    raster : str
        Name of the raster's file, with or without its folder.
    """
    stem = PurePath(raster).stem.lower()
    names = [f"{stem}_rpc.txt", f"{stem}.rpb", f"{stem}.rpc", f"rpc_{stem}.xml"]
    if stem[:4] in {"img_", "dim_"}:
        names.append(f"rpc_{stem[4:]}.xml")
    if stem.startswith("img-"):
        names.append(f"rpc-{stem[4:]}.txt")
    return (*names, f"{stem}.geom", f"{stem}.pvl", f"{stem}.xml")


def holds_rpc(text: str) -> bool:
    """Tell whether a file of one of those names is about an RPC at all, good or bad.

    "scene.xml" and "scene.txt" are names of many things; only what says so is read as an RPC.
    """
    lowered = text.lower()
    return any(mark in lowered for mark in _MARKS) or is_alos_rpc(text)


def read_rpc_sidecar(name: str, text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of an RPC file by its name, XML by its content.

    Raises
    ------
    InvalidParameter
        Not a kind of RPC file, or one that its reader refuses.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix == ".xml":
        read = read_digitalglobe_xml if "<RPB" in text else read_dimap_rpc
        return read(text, window)
    if suffix not in _READERS:
        accepted = ", ".join((*_READERS, ".xml"))
        raise InvalidParameter("RPC file", PurePath(name).name, f"a file ending in {accepted}")
    return _READERS[suffix](text, window)
