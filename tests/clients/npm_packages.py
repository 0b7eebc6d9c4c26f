"""The browser clients as npm has them: installed beside the tests, never shipped."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
PAGES = HERE / "pages"
_INSTALL_S = 900.0
_BUNDLE_S = 300.0
# No script of a package runs, and no lock file names a host.
_INSTALL = ("install", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund")


def wanted_versions() -> dict[str, str]:
    """Return the version of each package, as package.json states it."""
    stated = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    return dict(stated["dependencies"])


def installed_version(package: str) -> str:
    """Return the version of an installed package, "" where there is none."""
    file = MODULES / package / "package.json"
    return str(json.loads(file.read_text(encoding="utf-8"))["version"]) if file.exists() else ""


def install(npm: Path) -> None:
    """Install what package.json states, unless it stands there already."""
    if all(installed_version(name) == version for name, version in wanted_versions().items()):
        return
    _run([npm, *_INSTALL], _INSTALL_S)


def bundle(entry: Path, folder: Path) -> None:
    """Make modules for browsers of a script that imports packages."""
    program = MODULES / ".bin" / "esbuild"
    options = ["--bundle", "--format=esm", "--splitting", "--log-level=error"]
    names = [f"--outdir={folder}", "--chunk-names=chunks/[name]-[hash]"]
    _run([program, entry, *options, *names], _BUNDLE_S)


def _run(command: list[str | Path], timeout_s: float) -> None:
    result = subprocess.run(
        [str(part) for part in command],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{result.stdout}\n{result.stderr}")
