"""The wheel: built from the checkout's sources, installed away from them, run from another folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

_PACKAGES = ("config", "engine", "raster_types", "server")


def _run(command: list[str | Path], folder: Path) -> str:
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the checkout, built in a copy: a build/ folder left in the tree leaks old files."""
    copy = tmp_path_factory.mktemp("sources")
    for package in _PACKAGES:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(repo_root / package, copy / package, ignore=skipped)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(repo_root / name, copy / name)
    build: list[str | Path] = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        "dist",
        ".",
    ]
    _run(build, copy)
    (made,) = (copy / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment with the wheel, and our dependencies by path alone.

    A path line in a .pth file adds the folder without running the .pth files in it, so the editable
    install of the checkout stays out.
    """
    home = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--python",
        python,
    ]
    _run([*pip, "install", "--no-deps", "--no-index", wheel], home)
    site = Path(_run([python, "-c", "import site; print(site.getsitepackages()[0])"], home).strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return home / "bin"


def test_wheel_holds_every_file_of_the_packages_and_nothing_else(
    wheel: Path, repo_root: Path
) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    present = {
        path.relative_to(repo_root).as_posix()
        for package in _PACKAGES
        for path in (repo_root / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == present


def test_installed_command_says_the_version_of_the_project(
    installed: Path, repo_root: Path, tmp_path: Path
) -> None:
    project = tomllib.loads((repo_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] in _run([installed / "swath", "--version"], tmp_path)


def test_installed_command_names_its_subcommands(installed: Path, tmp_path: Path) -> None:
    shown = _run([installed / "swath", "--help"], tmp_path)
    expected = ("definition", "publish", "service", "serve", "explain", "bench", "demo")
    assert [name for name in expected if name not in shown] == []


def test_installed_packages_do_not_come_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    program = "import config, engine, raster_types, server; print(config.__file__, server.__file__)"
    files = _run([installed / "python", "-c", program], tmp_path).split()
    assert [file for file in files if installed.parent not in Path(file).parents] == []
