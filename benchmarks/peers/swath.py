"""This server: a front and two instances, response cache off."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.peers.base import (
    BLOCK_CACHE_MB,
    JPEG_QUALITY,
    PROCESSES,
    Bench,
    Target,
    TileFormat,
)
from benchmarks.peers.process_tree import Launch, ProcessTree, free_port
from benchmarks.peers.programs import PeerMissing
from benchmarks.tile_lists import Tile, View

_GDAL_CACHE_MB = 32  # counts as block cache here: what GDAL keeps comes out of the same 512 MB

_SIDES = re.compile(r"^(\s*max_image_(?:width|height)\s*=\s*)\d+", re.MULTILINE)


class Swath:
    """`swath serve` on a compiled mosaic without service overviews, and on one raster.

    Parameters
    ----------
    block_cache_mb : int
        Of each instance, GDAL's own included.
    max_side : int
        Largest picture side of the mosaic service; 0 = the default.
    """

    def __init__(
        self,
        name: str = "Swath",
        *,
        block_cache_mb: int = BLOCK_CACHE_MB,
        response_cache_mb: int = 0,
        max_side: int = 0,
    ) -> None:
        self.name = name
        self._block_cache_mb = block_cache_mb - _GDAL_CACHE_MB
        self._response_cache_mb = response_cache_mb
        self._max_side = max_side
        self._port = free_port()
        self._folder = Path()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "version": version("swath"),
            "processes": f"front + {PROCESSES} instances",
            "caches": f"block cache {PROCESSES} x {self._block_cache_mb} MB + "
            f"GDAL {PROCESSES} x {_GDAL_CACHE_MB} MB, "
            f"response cache {self._response_cache_mb or 'off'}",
            "filter": "bilinear, four taps on the finer-or-equal level",
        }

    def check(self) -> None:
        if not _program().is_file():
            raise PeerMissing(self.name, "the swath command")

    def prepare(self, bench: Bench) -> None:
        self._folder = folder = bench.folder / "swath"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "swath.toml").write_text(
            f"[memory]\nblock_cache_mb = {self._block_cache_mb}\ngdal_mb = {_GDAL_CACHE_MB}\n"
            f"response_cache_mb = {self._response_cache_mb}\n"
        )
        definition, compiled = str(folder / "bench.isdef"), str(folder / "bench.zmd")
        scenes = [str(scene.path) for scene in bench.dataset.mosaic]
        self.run("definition", "create", definition)
        toml = folder / "bench.isdef" / "definition.toml"
        properties = toml.read_text().replace("wms = false", "wms = true")
        if self._max_side:
            properties = _SIDES.sub(rf"\g<1>{self._max_side}", properties)
        toml.write_text(properties)
        self.run("definition", "add", definition, "--type", "raster-dataset", *scenes)
        self.run("definition", "build", definition, "--overviews", "none")
        self.run("definition", "compile", definition, "-o", compiled)
        data = ("--data", str(folder / "data"))
        self.run("publish", compiled, "--name", "bench/mosaic", *data)
        self.run("publish", str(bench.dataset.one.path), "--name", "bench/one", *data)

    def start(self) -> ProcessTree:
        command = [str(_program()), "serve", "--data", str(self._folder / "data")]
        command += ["--settings", str(self._folder / "swath.toml"), "--port", str(self._port)]
        command += ["--instances", str(PROCESSES), "--response-cache", str(self._response_cache_mb)]
        return ProcessTree(
            Launch(
                command=command,
                ready_url=f"http://127.0.0.1:{self._port}/health/ready",
                log=self._folder / "server.log",
                environment={},
            )
        )

    def tile_url(self, target: Target, tile: Tile, tile_format: TileFormat) -> str:
        place = f"{tile.zoom}/{tile.col}/{tile.row}.{tile_format}"
        return f"http://127.0.0.1:{self._port}/tiles/bench/{target}/{place}"

    def view_url(self, target: Target, view: View, tile_format: TileFormat) -> str:
        query = urlencode(
            {
                "bbox": f"{view.west},{view.south},{view.east},{view.north}",
                "bboxSR": "3857",
                "imageSR": "3857",
                "size": f"{view.cols},{view.rows}",
                "format": tile_format,
                "compressionQuality": str(JPEG_QUALITY),
                "f": "image",
            },
            safe=",",
        )
        return f"{self.service_url(target)}/exportImage?{query}"

    def service_url(self, target: str) -> str:
        """Return the address of a service's ArcGIS root."""
        return f"http://127.0.0.1:{self._port}/arcgis/rest/services/bench/{target}/ImageServer"

    def run(self, *arguments: str) -> None:
        """Run the swath command in the folder of this server."""
        done = subprocess.run(
            [str(_program()), *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            env={**os.environ, "NO_COLOR": "1"},
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout)[-2000:]
            raise RuntimeError(f"swath {' '.join(arguments[:2])} failed: {said}")


def _program() -> Path:
    return Path(sys.executable).with_name("swath")
