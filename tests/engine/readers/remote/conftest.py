"""A server of ranges that fails on demand, with a raster behind a registered connection."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from engine.readers.remote import connections as connections_module
from engine.readers.remote import retries
from engine.readers.remote.connection import HttpConnection
from engine.readers.remote.page_cache import PageCache
from engine.readers.source_access import SourceAccess, use_source_access
from server.site.connection_store import ConnectionStore
from tests.engine.rasters import write_raster
from tests.range_server import RangeServer

SIDE = 1024


def write_cog(path, seed=1):
    """Write a tiled raster of noise with overviews, 3 bands."""
    pixels = np.random.default_rng(seed).integers(1, 255, (3, SIDE, SIDE), np.uint8)
    form = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate"}
    write_raster(path, pixels, interleave="pixel", **form)
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4], Resampling.average)


@pytest.fixture(scope="session")
def storage(tmp_path_factory):
    """Return a running server and its folder."""
    folder = tmp_path_factory.mktemp("storage")
    (folder / "prefix").mkdir()
    (folder / "secret.tif").write_bytes(b"II*\0")
    write_cog(folder / "prefix" / "a.tif")
    with RangeServer(folder) as server:
        yield server, folder


@pytest.fixture
def remote(storage, tmp_path, monkeypatch):
    """Return the server, its connection "store" registered with nothing kept and no fault."""
    server, folder = storage
    server.fail()
    ConnectionStore(tmp_path).add(
        HttpConnection(name="store", root=f"{server.url}prefix/", private=True, timeout_s=4.0)
    )
    monkeypatch.setattr(connections_module._Process, "pages", PageCache(16 << 20))
    monkeypatch.setattr(retries, "_FIRST_PAUSE_S", 0.02)
    use_source_access(SourceAccess(connections=str(tmp_path / "connections")))
    yield server, folder / "prefix"
    use_source_access(SourceAccess())
    # Switches, and closes what was open.
    connections_module.connections()
