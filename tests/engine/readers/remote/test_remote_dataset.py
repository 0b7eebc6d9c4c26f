"""A raster behind a connection has the pixels of its file, or none."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from engine.errors import SourceError, SourceUnavailable, StorageError, UnknownProduct
from engine.item import Source
from engine.readers.drivers import open_raster
from engine.readers.handles import HandlePool
from engine.readers.header import read_header
from engine.readers.remote.connections import pages
from engine.readers.source_state import SourceState

A = "connection://store/a.tif"


def _known():
    header = read_header(A)
    return SourceState(header.size, header.mtime_ns)


def test_header_is_that_of_the_file_and_takes_two_requests(remote):
    server, folder = remote
    server.fail()
    far, near = read_header(A), read_header(str(folder / "a.tif"))
    # Its beginning, and the directories of its overviews, which stand at its end.
    assert len(server.asked()) == 2
    assert (far.levels, far.bands, far.crs) == (near.levels, near.bands, near.crs)
    assert (far.driver, far.size, far.geotransform) == (near.driver, near.size, near.geotransform)


def test_pixels_of_all_levels_are_those_of_the_file(remote):
    _, folder = remote
    known = _known()
    for overview in (None, 0, 1):
        options = {} if overview is None else {"OVERVIEW_LEVEL": overview}
        with (
            open_raster(A, "GTiff", overview, placed=False, known=known) as far,
            rasterio.open(folder / "a.tif", **options) as near,
        ):
            assert np.array_equal(far.read(), near.read())


def test_block_takes_one_request(remote):
    server, _ = remote
    with open_raster(A, "GTiff", placed=False, known=_known()) as far:
        server.fail()
        far.read(window=Window(256, 256, 256, 256))
        assert len(server.asked()) == 1


def test_nothing_beside_the_object_is_asked_for(remote):
    server, _ = remote
    server.fail()
    read_header(A)
    assert {line.split()[0] for line in server.asked()} == {"/prefix/a.tif"}


@pytest.mark.parametrize("kind", ["whole", "short", "cut", "shifted", "lying", "reset", "busy"])
def test_a25_wrong_answers_never_become_pixels_and_the_next_read_is_right(remote, kind):
    server, folder = remote
    known = _known()
    pool = HandlePool()
    source = Source(A, "GTiff", *known)
    pages().max_bytes = 0
    with rasterio.open(folder / "a.tif") as near:
        for number in range(2):
            window = Window(256 * number, 0, 256, 256)
            server.fail(kind, after=0)
            dataset = pool.get(source, -1)
            with pytest.raises(StorageError):
                dataset.read(window=window)
            server.fail()
            found = pool.get(source, -1).read(window=window)
            assert np.array_equal(found, near.read(window=window))
    pool.close()


def test_overwritten_object_gives_no_pixels(remote, tmp_path):
    _, folder = remote
    path = folder / "b.tif"
    path.write_bytes((folder / "a.tif").read_bytes())
    header = read_header("connection://store/b.tif")
    known = SourceState(header.size, header.mtime_ns)
    pages().max_bytes = 0
    with open_raster("connection://store/b.tif", "GTiff", placed=False, known=known) as far:
        far.read(window=Window(0, 0, 256, 256))
        damaged = bytearray(path.read_bytes())
        damaged[-5] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(SourceUnavailable, match="has changed"):
            far.read(window=Window(512, 512, 256, 256))


@pytest.mark.parametrize(
    "content",
    [
        b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>",
        b"<GDAL_WMS><Service name='TMS'/></GDAL_WMS>",
        b"<MRF_META></MRF_META>",
        b"\x89HDF\r\n\x1a\n",
        b"CDF\x01",
        b"ncols 1\nnrows 1\n",
        b"",
    ],
)
def test_only_formats_that_hold_their_own_pixels_are_opened(remote, content):
    _, folder = remote
    (folder / "evil.tif").write_bytes(content)
    with pytest.raises(SourceError):
        read_header("connection://store/evil.tif")


def test_other_driver_than_the_pinned_one_is_refused(remote):
    with pytest.raises(UnknownProduct):
        open_raster(A, "PNG")
    with pytest.raises(UnknownProduct):
        read_header(A, "netCDF:x")


def test_truncated_object_is_corrupt(remote):
    _, folder = remote
    data = (folder / "a.tif").read_bytes()
    (folder / "cut.tif").write_bytes(data[: len(data) // 2])
    header = read_header("connection://store/cut.tif")
    known = SourceState(header.size, header.mtime_ns)
    far = open_raster("connection://store/cut.tif", "GTiff", known=known)
    with far, pytest.raises(rasterio.errors.RasterioError):
        far.read(window=Window(768, 768, 256, 256))
