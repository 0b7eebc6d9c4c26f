"""Images with an RPC in their own tags, as NITF."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import rasterio

from engine.geometry.terrain_definition import ConstantHeight
from engine.geotransforms.rpc import RpcRecord, rpc00b_order
from engine.readers.header import read_header
from raster_types.adding.crawl import ProductJob, read_product
from raster_types.base import ItemOptions
from tests.raster_types.sensor_files import rpc_files

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem

OPTIONS = ItemOptions(terrain=ConstantHeight(height_m=1000.0))


def _write(path: Path, name: str, coefficients: dict[str, tuple[float, ...]]) -> Path:
    raw = rpc_files.nitf(coefficients)
    profile = {"width": 64, "height": 64, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="NITF", TRE=f"{name}={raw}", **profile) as file:
        file.write(np.full((1, 64, 64), 7, np.uint8))
    return path


def _item(path: Path) -> NewItem:
    (item,) = read_product(ProductJob("rpc", (str(path),), OPTIONS))
    return item


def _sensor(item: NewItem) -> RpcRecord:
    assert item.raster.geolocation is not None
    assert isinstance(item.raster.geolocation.sensor, RpcRecord)
    return item.raster.geolocation.sensor


def _of(record: RpcRecord) -> dict[str, tuple[float, ...]]:
    return {key: getattr(record, own) for key, own in rpc_files.LISTS.items()}


def _in_a(values: tuple[float, ...]) -> tuple[float, ...]:
    """Return coefficients in the order of RPC00A."""
    ordered = [0.0] * 20
    for b, a in enumerate(rpc00b_order(range(20))):
        ordered[int(a)] = values[b]
    return tuple(ordered)


def test_nitf_of_both_orders_is_the_same_model(tmp_path: Path) -> None:
    plain = _of(rpc_files.RECORD)
    swapped = {key: _in_a(values) for key, values in plain.items()}
    b = _sensor(_item(_write(tmp_path / "b.ntf", "RPC00B", plain)))
    a = _sensor(_item(_write(tmp_path / "a.ntf", "RPC00A", swapped)))
    for own in rpc_files.LISTS.values():
        assert getattr(a, own) == pytest.approx(getattr(b, own), rel=1e-6)
        assert getattr(b, own) == pytest.approx(getattr(rpc_files.RECORD, own), rel=1e-6)
    assert a.row_offset_px == b.row_offset_px == 12_000.5


def test_headers_keep_the_extensions_that_hold_an_rpc(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.ntf", "RPC00A", _of(rpc_files.RECORD))
    header = read_header(str(path))
    assert list(header.tre) == ["RPC00A"]
    assert len(header.tre["RPC00A"]) == 1041
    again = msgspec.json.decode(msgspec.json.encode(header), type=type(header))
    assert again == header


def test_an_extension_that_says_it_is_not_usable_fails_the_image(tmp_path: Path) -> None:
    raw = rpc_files.nitf(_of(rpc_files.RECORD))
    path = tmp_path / "a.ntf"
    profile = {"width": 8, "height": 8, "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="NITF", TRE=f"RPC00A=0{raw[1:]}", **profile) as file:
        file.write(np.full((1, 8, 8), 7, np.uint8))
    with pytest.raises(Exception, match="SUCCESS"):
        _item(path)
