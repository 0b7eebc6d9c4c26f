"""What tests of hostile sources share: services of small rasters on a live server, and their pixels."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np

from engine.build.compile_raster import compile_raster
from server.site.publishing import Publisher

_ROOT = Path(__file__).resolve().parents[2]
EAST, NORTH = 500_000, 5_200_000
# One instance, and less than any raster here in its block cache: files are read again and again.
OWN = {
    "SWATH_INSTANCES": "1",
    "SWATH_MEMORY_RESPONSE_CACHE_MB": "0",
    "SWATH_MEMORY_BLOCK_CACHE_MB": "1",
}


def publish(server, name, compiled):
    """Publish and wait until the server has taken it up."""
    Publisher(server.data).publish(compiled, name)
    wait_for(lambda: httpx.get(f"{server.url}/tiles/{name}.json").status_code == 200)


def wait_for(holds, within_s=60):
    """Wait until something holds."""
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def service_url(server, name):
    """Return the address of a service."""
    return f"{server.url}/arcgis/rest/services/{name}/ImageServer"


def raw(server, name, width=256, **more):
    """Return the answer of exportImage: samples (rows, cols) of the first band, or the error."""
    box = f"{EAST},{NORTH - 10_240},{EAST + 10_240},{NORTH}"
    query = {"bbox": box, "bboxSR": "32632", "imageSR": "32632", "size": f"{width},{width}"}
    query |= {"format": "bsq", "f": "image", "interpolation": "RSP_NearestNeighbor", **more}
    answer = httpx.get(f"{service_url(server, name)}/exportImage", params=query, timeout=60)
    if answer.headers["content-type"].startswith("application/json"):
        return answer.json()["error"]
    assert answer.status_code == 200
    samples = np.frombuffer(answer.content[: width * width], np.uint8)
    return samples.reshape(width, width)


def restarts(server):
    """Return how many instances had to be replaced."""
    text = httpx.get(server.url + "/metrics").text
    lines = [n for n in text.splitlines() if n.startswith("swath_instance_restarts_total")]
    return sum(float(line.split()[-1]) for line in lines)


def compile_single(path, out):
    """Compile one raster and return the file."""
    compile_raster(path, out)
    return out


def run_swath(*words, cwd, **more):
    """Run the swath command as a user does; 100 s at most."""
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "COLUMNS": "400", **more}
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        stdin=subprocess.DEVNULL,
    )
