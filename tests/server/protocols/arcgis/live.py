"""A real server of a data folder, for whatever can only be seen end to end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run a server with one instance and yield its address."""
    root = Path(__file__).parents[4]
    command = [sys.executable, "-m", "server.cli", "serve", "--port", "0", "--instances", "1"]
    with subprocess.Popen(
        [*command, "--data", str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+?(?=/\s)", line)
            assert found, line
            _wait_until_ready(found[0])
            yield found[0]
        finally:
            process.terminate()
            process.wait(20)


def _wait_until_ready(url: str) -> None:
    give_up = time.monotonic() + 100
    while time.monotonic() < give_up:
        if httpx.get(url + "/health/ready").status_code == 200:
            return
        time.sleep(0.05)
    pytest.fail("the server did not get ready")
