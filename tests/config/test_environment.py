"""An environment that lets rasters run code or reach the network is refused, by name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from config.environment import check_environment
from config.layers import SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GDAL_VRT_ENABLE_PYTHON", "YES"),
        ("GDAL_VRT_ENABLE_PYTHON", "TRUSTED_MODULES"),
        ("GDAL_VRT_PYTHON_TRUSTED_MODULES", "*"),
        ("GDAL_DRIVER_PATH", "/plugins"),
        ("GDAL_PYTHON_DRIVER_PATH", "/plugins"),
        ("GDAL_CONFIG_FILE", "/gdalrc"),
        ("PYTHONSO", "libpython3.so"),
        ("PROJ_NETWORK", "on"),
        ("CPL_VSIL_CURL_HEADER_FILE_KVP_ENABLED", "YES"),
    ],
)
def test_variable_that_enables_code_or_network_is_refused(name, value):
    with pytest.raises(SettingsError, match=name):
        check_environment({name: value, "PATH": "/bin"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GDAL_VRT_ENABLE_PYTHON", "NO"),
        ("PROJ_NETWORK", "OFF"),
        ("GDAL_DRIVER_PATH", "disable"),
        ("GDAL_DRIVER_PATH", ""),
        ("GDAL_CACHEMAX", "64"),
    ],
)
def test_variable_that_says_no_is_accepted(name, value):
    check_environment({name: value})


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["definition", "items", "x.isdef"]])
def test_commands_do_not_start(command, repo_root):
    environment = {**os.environ, "GDAL_VRT_ENABLE_PYTHON": "YES", "PYTHONPATH": str(repo_root)}
    done = subprocess.run(
        [sys.executable, "-m", "server.cli", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "GDAL_VRT_ENABLE_PYTHON" in done.stderr
