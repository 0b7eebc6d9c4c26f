"""Run GDAL's programs as a client has them: with options of their own, and no pictures of earlier runs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run_gdal(*command: str | Path) -> str:
    """Return what a program prints."""
    # The engine sets GDAL's options in this process (drivers left out, among them); a client has its own.
    own = {key: value for key, value in os.environ.items() if not key.startswith(("GDAL_", "CPL_"))}
    # Descriptions that GDAL itself writes of an ArcGIS server ask for a cache, whatever is enabled.
    with tempfile.TemporaryDirectory() as cache:
        ran = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**own, "GDAL_ENABLE_WMS_CACHE": "NO", "GDAL_DEFAULT_WMS_CACHE_PATH": cache},
        )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
