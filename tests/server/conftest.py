"""A published service and a live server for all tests of the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from engine.build.compile_raster import compile_raster
from server.site.publishing import Publisher

_ROOT = Path(__file__).resolve().parents[2]
_START_S = 120.0

# The picture: UTM zone 33, 10 m pixels, near 15° E 50° N; tile 12/2216/1389 lies inside.
WEST, NORTH, SIZE = 480_000.0, 5_545_000.0, 1024


@dataclass(frozen=True)
class LiveServer:
    """A `swath serve` of its own process."""

    url: str
    port: int
    data: Path
    process: subprocess.Popen


def write_picture(file):
    rows, cols = np.mgrid[0:SIZE, 0:SIZE]
    data = np.stack([rows % 256, cols % 256, (rows + cols) // 8 % 256]).astype(np.uint8)
    profile = {
        "driver": "GTiff",
        "width": SIZE,
        "height": SIZE,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:32633",
        "transform": Affine(10.0, 0.0, WEST, 0.0, -10.0, NORTH),
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "photometric": "rgb",
    }
    with rasterio.open(file, "w", **profile) as out:
        out.write(data)


@pytest.fixture(scope="session")
def compiled_picture(tmp_path_factory):
    """A compiled definition of one raster."""
    folder = tmp_path_factory.mktemp("picture")
    write_picture(folder / "picture.tif")
    compile_raster(folder / "picture.tif", folder / "picture.zmd")
    return folder / "picture.zmd"


@pytest.fixture
def data_folder(tmp_path, compiled_picture):
    """A data folder with the service test/picture."""
    data = tmp_path / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    return data


@pytest.fixture(scope="session")
def serve():
    """Return what runs a server of one's own: serve(data_folder, SWATH_…=…) in a with statement."""
    return _running_server


@contextmanager
def _running_server(data, **environment):
    """Run `swath serve` until the block ends; ready when given."""
    # Small shares, so that several servers fit a small machine.
    variables = {
        "SWATH_PORT": "0",
        "SWATH_INSTANCES": "2",
        "SWATH_MEMORY_BLOCK_CACHE_MB": "32",
        "SWATH_MEMORY_SCRATCH_MB": "64",
        "SWATH_MEMORY_TOTAL_MB": "2000",
        **environment,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "server.cli", "serve", "--data", str(data)],
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        env={**os.environ, **variables},
        text=True,
    ) as process:
        try:
            said = process.stdout.readline()
            assert "Swath serves at" in said, said
            port = int(said.strip().rstrip("/").split(":")[2].split("/")[0])
            server = LiveServer(f"http://127.0.0.1:{port}", port, data, process)
            _wait_until_ready(server.url + environment.get("SWATH_PREFIX", ""))
            yield server
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(url):
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(url + "/health/ready") as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as err:
            err.close()
            if err.code != 503:
                raise
        time.sleep(0.05)
    raise AssertionError("the server did not get ready")


@pytest.fixture(scope="session")
def live_server(tmp_path_factory, compiled_picture):
    """A live server with the service test/picture, for tests that change nothing."""
    data = tmp_path_factory.mktemp("live") / "data"
    Publisher(data).publish(compiled_picture, "test/picture")
    with _running_server(data) as server:
        yield server
