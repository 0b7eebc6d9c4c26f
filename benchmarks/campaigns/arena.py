"""A server of a campaign's own: small scenes, two instances, settings as the campaign wants them."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.process_tree import Launch, ProcessTree, free_port
from benchmarks.scenes import TINY, ensure_scenes
from benchmarks.tile_lists import Tile

_TIMEOUT_S = 60.0
# Shares that let several servers fit a small machine.
_SMALL = {
    "SWATH_INSTANCES": "2",
    "SWATH_MEMORY_TOTAL_MB": "2000",
    "SWATH_MEMORY_BLOCK_CACHE_MB": "64",
    "SWATH_MEMORY_SCRATCH_MB": "64",
}


def swath(*arguments: str) -> str:
    """Run the swath command and return what it printed.

    Raises
    ------
    RuntimeError
        It failed; with what it said.
    """
    program = Path(sys.executable).with_name("swath")
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [str(program), *arguments], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout)[-2000:]
        raise RuntimeError(f"swath {' '.join(arguments[:2])} failed: {said}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Arena:
    """A running server and its data folder; the service "scenes" is a mosaic of four COGs."""

    url: str
    data: Path
    compiled: Path
    processes: ProcessTree

    def publish(self, name: str, compiled: Path | None = None) -> None:
        """Publish a compiled definition (the mosaic's) under a name."""
        swath("publish", str(compiled or self.compiled), "--name", name, "--data", str(self.data))

    def tile_url(self, tile: Tile, service: str = "scenes", ending: str = "jpg") -> str:
        """Return the address of a 256-pixel tile."""
        return f"{self.url}/tiles/{service}/{tile.zoom}/{tile.col}/{tile.row}.{ending}"

    def service_url(self, service: str = "scenes") -> str:
        """Return the address of a service's ArcGIS root."""
        return f"{self.url}/arcgis/rest/services/{service}/ImageServer"

    def ready(self) -> dict[str, object]:
        """Return what the server says of its readiness."""
        with urllib.request.urlopen(f"{self.url}/health/ready", timeout=_TIMEOUT_S) as answer:
            document: dict[str, object] = json.load(answer)
        return document


def compile_scenes(folder: Path) -> Path:
    """Return the compiled mosaic of the small scenes, made in `folder`."""
    definition, compiled = folder / "scenes.isdef", folder / "scenes.zmd"
    if not compiled.exists():
        scenes = [str(scene.path) for scene in ensure_scenes(TINY)]
        swath("definition", "create", str(definition))
        swath("definition", "add", str(definition), "--type", "raster-dataset", *scenes)
        swath("definition", "build", str(definition), "--overviews", "none")
        swath("definition", "compile", str(definition), "-o", str(compiled))
    return compiled


@contextmanager
def arena(folder: Path, **settings: str) -> Iterator[Arena]:
    """Serve the mosaic until the block ends; `settings` are SWATH_… variables."""
    compiled = compile_scenes(folder)
    data, port = folder / "data", free_port()
    swath("publish", str(compiled), "--name", "scenes", "--data", str(data))
    program = Path(sys.executable).with_name("swath")
    url = f"http://127.0.0.1:{port}"
    processes = ProcessTree(
        Launch(
            command=[str(program), "serve", "--data", str(data), "--port", str(port)],
            ready_url=f"{url}/health/ready",
            log=folder / "server.log",
            environment={**_SMALL, **settings},
        )
    )
    try:
        yield Arena(url, data, compiled, processes)
    finally:
        processes.stop()
