"""Which Swath this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    PROGRAM_VERSION = version("swath")
except PackageNotFoundError:  # run from a checkout that was not installed
    PROGRAM_VERSION = "0+checkout"
