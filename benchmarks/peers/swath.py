"""This server: a front and two instances, response cache off."""

import os
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

_SETTINGS = f"""[memory]
block_cache_mb = {BLOCK_CACHE_MB - _GDAL_CACHE_MB}
gdal_mb = {_GDAL_CACHE_MB}
response_cache_mb = 0
"""


class Swath:
    """`swath serve` on a compiled mosaic without service overviews, and on one raster."""

    def __init__(self, name: str = "Swath") -> None:
        self.name = name
        self._port = free_port()
        self._folder = Path()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "version": version("swath"),
            "processes": f"front + {PROCESSES} instances",
            "caches": f"block cache {PROCESSES} x {BLOCK_CACHE_MB - _GDAL_CACHE_MB} MB + "
            f"GDAL {PROCESSES} x {_GDAL_CACHE_MB} MB, response cache off",
            "filter": "bilinear, four taps on the finer-or-equal level",
        }

    def check(self) -> None:
        if not _program().is_file():
            raise PeerMissing(self.name, "the swath command")

    def prepare(self, bench: Bench) -> None:
        self._folder = folder = bench.folder / "swath"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "swath.toml").write_text(_SETTINGS)
        definition, compiled = str(folder / "bench.isdef"), str(folder / "bench.zmd")
        scenes = [str(scene.path) for scene in bench.dataset.mosaic]
        self._swath("definition", "create", definition)
        self._swath("definition", "add", definition, "--type", "raster-dataset", *scenes)
        self._swath("definition", "build", definition, "--overviews", "none")
        self._swath("definition", "compile", definition, "-o", compiled)
        data = ("--data", str(folder / "data"))
        self._swath("publish", compiled, "--name", "bench/mosaic", *data)
        self._swath("publish", str(bench.dataset.one.path), "--name", "bench/one", *data)

    def start(self) -> ProcessTree:
        command = [str(_program()), "serve", "--data", str(self._folder / "data")]
        command += ["--settings", str(self._folder / "swath.toml"), "--port", str(self._port)]
        command += ["--instances", str(PROCESSES), "--response-cache", "0"]
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
        service = f"arcgis/rest/services/bench/{target}/ImageServer"
        return f"http://127.0.0.1:{self._port}/{service}/exportImage?{query}"

    def _swath(self, *arguments: str) -> None:
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
