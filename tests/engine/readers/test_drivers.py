"""A path names a local raster file, and nothing else that GDAL could make of it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.errors import SourceCorrupt, SourceUnavailable, UnknownProduct
from engine.readers.drivers import open_raster
from tests.synthetic import ramp, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path


def test_a_raster_opens_with_any_accepted_driver_and_with_the_pinned_one(tmp_path: Path) -> None:
    path = str(write_geotiff(tmp_path / "a.tif", ramp(300, 400), overviews=(2,)))
    with open_raster(path) as dataset:
        assert (dataset.driver, dataset.width, dataset.height) == ("GTiff", 400, 300)
    with open_raster(path, "GTiff", 0) as dataset:
        assert (dataset.width, dataset.height) == (200, 150)
    with pytest.raises(UnknownProduct, match="recognises"):
        open_raster(path, "PNG")
    with pytest.raises(UnknownProduct, match="not accepted"):
        open_raster(path, "VRT")


_FRESH = """
import logging, sys
logging.basicConfig(level=logging.WARNING)
from rasterio.env import Env
from engine.readers.drivers import configure_gdal, open_raster
for megabytes in (16, 32):
    configure_gdal(megabytes)
    open_raster(sys.argv[1]).close()
with Env() as environment:
    print(*environment.drivers())
"""


def test_drivers_that_reach_elsewhere_are_gone_without_a_warning(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(4, 4))
    command = [sys.executable, "-c", _FRESH, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    drivers = done.stdout.split()
    assert "GTiff" in drivers
    assert not {"VRT", "WMS", "HTTP", "STACIT", "GPKG", "HDF5"} & set(drivers)


_OPTIONS = """
import sys
from rasterio._env import get_gdal_config
from engine.readers.drivers import open_raster
open_raster(sys.argv[1]).close()
print(get_gdal_config("GDAL_VRT_ENABLE_PYTHON"), "VRT" in get_gdal_config("GDAL_SKIP"))
"""


def test_options_in_the_home_folder_are_not_taken(tmp_path: Path) -> None:
    path = write_geotiff(tmp_path / "a.tif", ramp(4, 4))
    (tmp_path / ".gdal").mkdir()
    options = "[configoptions]\nGDAL_VRT_ENABLE_PYTHON=YES\nGDAL_SKIP=PNG\n"
    (tmp_path / ".gdal" / "gdalrc").write_text(options, encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-c", _OPTIONS, str(path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert done.stdout.split() == ["NO", "True"]


@pytest.mark.parametrize(
    "name", ["with space.tif", "percent%2f.tif", "hash#frag.tif", "query?x=1.tif", "über.tif"]
)
def test_a_name_is_taken_as_it_stands(tmp_path: Path, name: str) -> None:
    path = write_geotiff(tmp_path / name, ramp(4, 4))
    with open_raster(str(path)) as dataset:
        assert dataset.width == 4


@pytest.mark.parametrize(
    "text",
    [
        "/vsicurl/http://127.0.0.1/x.tif",
        "/vsizip//vsicurl/http://127.0.0.1/x.zip/x.tif",
        "/vsistdin/",
        "MEM:::DATAPOINTER=1,PIXELS=1,LINES=1",
        "vrt:///etc/passwd",
        "WMS:http://127.0.0.1/",
        "http://127.0.0.1/x.tif",
        "<VRTDataset rasterXSize='1' rasterYSize='1'/>",
        "a\nb.tif",
        "a\0b.tif",
    ],
)
def test_what_is_no_plain_path_is_refused(text: str) -> None:
    with pytest.raises(UnknownProduct, match="local file"):
        open_raster(text)


def test_things_that_are_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownProduct, match="regular file"):
        open_raster(str(tmp_path))
    os.mkfifo(tmp_path / "fifo.tif")
    with pytest.raises(UnknownProduct, match="regular file"):
        open_raster(str(tmp_path / "fifo.tif"))
    with pytest.raises(SourceUnavailable, match="No such file"):
        open_raster(str(tmp_path / "none.tif"))


def test_a_tif_that_is_a_virtual_dataset_shows_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"x" * 100)
    path = tmp_path / "x.tif"
    path.write_text(
        "<VRTDataset rasterXSize='10' rasterYSize='10'>"
        "<VRTRasterBand dataType='Byte' band='1' subClass='VRTRawRasterBand'>"
        f"<SourceFilename relativetoVRT='0'>{secret}</SourceFilename>"
        "</VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(UnknownProduct, match="VRT definition"):
        open_raster(str(path))
    path.write_text("<!-- " + "x" * 5000 + " -->" + path.read_text())
    with pytest.raises((UnknownProduct, SourceCorrupt)):
        open_raster(str(path))


def test_an_mrf_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.mrf"
    path.write_text(
        "<MRF_META><CachedSource><Source>/etc/passwd</Source></CachedSource></MRF_META>"
    )
    with pytest.raises(UnknownProduct, match="caches"):
        open_raster(str(path))
    path.write_text("<MRF_META><Raster><DataFile>../secret.bin</DataFile></Raster></MRF_META>")
    with pytest.raises(UnknownProduct, match="another folder"):
        open_raster(str(path))


def test_a_side_file_that_names_an_address_is_not_followed(tmp_path: Path) -> None:
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(0.5)

        def listen() -> None:
            try:
                calls.append(listener.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=listen)
        thread.start()
        path = write_geotiff(tmp_path / "a.tif", ramp(8, 8))
        (tmp_path / "a.tif.aux.xml").write_text(
            "<PAMDataset><Metadata domain='OVERVIEWS'>"
            f"<MDI key='OVERVIEW_FILE'>/vsicurl/http://127.0.0.1:{port}/x.tif</MDI>"
            "</Metadata></PAMDataset>"
        )
        with open_raster(str(path)) as dataset:
            assert dataset.overviews(1) == []
            assert np.array_equal(dataset.read(), ramp(8, 8))
        thread.join()
    assert calls == []


def test_a_broken_file_says_why(tmp_path: Path) -> None:
    path = tmp_path / "cut.tif"
    path.write_bytes(write_geotiff(tmp_path / "a.tif", ramp(8, 8)).read_bytes()[:100])
    with pytest.raises(SourceCorrupt) as caught:
        open_raster(str(path))
    assert str(tmp_path) not in caught.value.fields[1]
