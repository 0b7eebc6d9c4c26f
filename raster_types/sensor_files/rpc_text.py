"""RPC side-cars of lines "KEY: value unit": _RPC.TXT, _rpc.txt, .rpc (IKONOS, Planet, EROS, KOMPSAT, GeoEye).

Pixel centres count from 0. ALOS's RPC-*.txt, numbers without separators, is recognised too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import COEFFICIENTS
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_fields import LISTS, RpcFields, rpc_record
from raster_types.sensor_files.rpc_fixed_width import is_alos_rpc, read_alos_rpc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.geotransforms.rpc import RpcRecord

_KIND = "RPC text"
_LINE = re.compile(r"\s*([A-Za-z_]+?)(?:_(\d{1,9}))?\s*[:=](.*)")


def read_rpc_text(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of an RPC text file.

    Raises
    ------
    InvalidParameter
        Also: a coefficient given twice, or numbered beyond 20.
    """
    if is_alos_rpc(text):
        return read_alos_rpc(text, window)
    values: dict[str, object] = {}
    lists: dict[str, dict[int, str]] = {}
    for line in text.lstrip("\ufeff").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        key, index, value = match[1].upper(), match[2], match[3].strip()
        if index is not None and key in LISTS:
            _put(lists.setdefault(key, {}), (key, int(index)), value)
        elif index is None:
            values[key] = value
    values.update(gathered(_KIND, lists.items()))
    return rpc_record(RpcFields(_KIND, values), window)


def gathered(kind: str, lists: Iterable[tuple[str, dict[int, str]]]) -> dict[str, object]:
    """Return lists of coefficients that a file gives one by one, numbered from 1.

    Raises
    ------
    InvalidParameter
        A number between 1 and 20 is missing.
    """
    found: dict[str, object] = {}
    for key, numbered in lists:
        missing = [index for index in range(1, COEFFICIENTS + 1) if index not in numbered]
        if missing:
            raise InvalidParameter(f"{kind}: {key}_{missing[0]}", "nothing", "a number")
        found[key] = [numbered[index] for index in range(1, COEFFICIENTS + 1)]
    return found


def _put(numbered: dict[int, str], place: tuple[str, int], value: str) -> None:
    key, index = place
    if index in numbered or not 1 <= index <= COEFFICIENTS:
        raise InvalidParameter(
            f"{_KIND}: {key}_{index}", value, f"coefficients 1 to {COEFFICIENTS}, each once"
        )
    numbered[index] = value
