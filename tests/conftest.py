"""Fixtures for everything: where the checkout is, the real rasters beside it, programs from outside."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from hypothesis import settings

from tests.postgis_server import find_binaries, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A busy machine must not fail a test: no example has a time limit.
settings.register_profile("swath", deadline=None)
settings.load_profile("swath")

_ROOT = Path(__file__).resolve().parent.parent
_SHARED_DATA = _ROOT.parent / "shared" / "data"
# Debian's own interpreter: its python3-qgis and python3-gdal packages are built for no other.
_SYSTEM_PYTHON = Path("/usr/bin/python3")


def _missing(what: str) -> NoReturn:
    """Skip on a developer's machine; fail in CI, which installs whatever the tests want."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(
            f"{what} is missing; in CI that is a failure: .ci/run installs it", pytrace=False
        )
    pytest.skip(f"{what} is not installed here")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--regenerate-golden``."""
    parser.addoption(
        "--regenerate-golden",
        action="store_true",
        help="rewrite the golden pictures under tests/golden; look at the difference before committing",
    )


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The root of the checkout."""
    return _ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real rasters beside the checkout; a test that asks for it skips without it."""
    if not _SHARED_DATA.is_dir():
        pytest.skip("needs the real rasters of ../shared/data beside the checkout")
    return _SHARED_DATA


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], Path]:
    """A function from a program's name to its path.

    A missing program skips the test, in CI (CI=true) it fails it.
    """

    def require(name: str) -> Path:
        # Servers such as lighttpd stand in sbin, which is not on every user's PATH.
        search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
        found = shutil.which(name, path=search)
        return Path(found) if found else _missing(f"the program {name!r}")

    return require


@pytest.fixture(scope="session")
def postgis() -> Iterator[str]:
    """The address of a database with PostGIS on a server of the tests' own.

    Where PostgreSQL is missing the test skips, in CI (CI=true) it fails.
    """
    binaries = find_binaries() or _missing("PostgreSQL with PostGIS")
    with running_server(binaries) as address:
        yield address


@pytest.fixture(scope="session")
def require_system_module() -> Callable[[str], Path]:
    """A function from a module of Debian's Python ("qgis.core", "osgeo.gdal") to that interpreter.

    A missing module skips the test, in CI (CI=true) it fails it.
    """

    def require(module: str) -> Path:
        if not _SYSTEM_PYTHON.exists():
            _missing(f"the interpreter {_SYSTEM_PYTHON}")
        probe = subprocess.run(
            [_SYSTEM_PYTHON, "-c", f"import {module}"], capture_output=True, check=False
        )
        if probe.returncode != 0:
            _missing(f"the module {module!r} of {_SYSTEM_PYTHON}")
        return _SYSTEM_PYTHON

    return require
