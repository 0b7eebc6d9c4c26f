"""A real server on a real socket with two small mosaics, for clients from outside."""

from __future__ import annotations

import contextlib
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

from tests.clients.browser import Page, open_page
from tests.clients.client_table import CLIENTS, Drive, Outcomes
from tests.clients.engine_pictures import EngineRoom
from tests.clients.guarded import Guarded, publish_guarded
from tests.clients.npm_packages import PAGES, bundle, install
from tests.clients.page_host import page_host
from tests.clients.services import MARBLE, publish_services

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

# Kernels that no run has compiled yet take most of it.
_READY_S = 240.0
_OUTCOMES = pytest.StashKey[Outcomes]()


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
    # As the system has it: what a test preferred stays with the tab.
    chromium_page.colour_scheme("")
    chromium_page.forget()
    return chromium_page


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of this checkout with the services of `services.py`."""
    pytest.importorskip("mpl_toolkits.basemap_data", reason="the demo extra is not installed")
    folder = tmp_path_factory.mktemp("clients")
    with _serving(folder, publish_services(folder, _swath)) as running:
        yield running


@contextlib.contextmanager
def _serving(folder: Path, data: Path) -> Iterator[RunningServer]:
    """Run a server of a data folder."""
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    log = folder / "serve.log"
    command = [sys.executable, "-m", "server.cli", "serve", "--port", str(port)]
    command += ["--data", str(data), "--instances", "1"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=_environment(), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(base, process, log)
        yield RunningServer(base, MARBLE, data)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def guarded(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server with some of the services, for one user alone."""
    folder = tmp_path_factory.mktemp("guarded")
    with _serving(folder, publish_guarded(server.data, folder / "data")) as running:
        yield Guarded(running)


@pytest.fixture(scope="session")
def engine(server: RunningServer) -> EngineRoom:
    """The same services without a server between."""
    return EngineRoom(server.data)


@pytest.fixture(scope="session")
def clients(
    server: RunningServer,
    require_program: Callable[[str], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The address of a host with a page for each browser client; installs the clients once."""
    install(require_program("npm"))
    folder = tmp_path_factory.mktemp("bundle")
    bundle(PAGES / "arcgis.js", folder)
    with page_host(folder, server.base) as address:
        yield address


@pytest.fixture
def client_page(
    chromium_page: Page, clients: str, server: RunningServer
) -> Iterator[Callable[[str], Page]]:
    """A function that opens the page of a client, unless it is open.

    Afterwards no error was told and no other host was asked than the two of the tests.
    """

    def opened(name: str) -> Page:
        address = f"{clients}/pages/{name}.html"
        if chromium_page.evaluate("location.href") != address:
            chromium_page.resize(640, 480)
            chromium_page.go(address)
            chromium_page.wait_for("window.client")
        chromium_page.forget()
        return chromium_page

    yield opened
    chromium_page.assert_clean(clients, server.base)


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark by which a test says what it drives."""
    line = f"drives(client, what): what the test does with a client of {', '.join(CLIENTS)}"
    config.addinivalue_line("markers", line)
    config.stash[_OUTCOMES] = Outcomes()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note the end of a test that drives a client."""
    report = yield
    # A test that passes is one report of its call; set-up and its end are told only where they fail.
    if report.when == "call" or report.outcome != "passed":
        for mark in item.iter_markers("drives"):
            item.config.stash[_OUTCOMES].note(Drive(*mark.args), report.outcome)
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table of clients."""
    outcomes = config.stash[_OUTCOMES]
    if outcomes.ended:
        terminalreporter.section("clients")
        for line in outcomes.table():
            terminalreporter.write_line(line)
