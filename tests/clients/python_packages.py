"""An environment of its own for the ArcGIS API for Python: it pins what Swath's own environment has newer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "arcgis_requirements.txt"
ENVIRONMENT = HERE / ".arcgis-python"
_INSTALL_S = 900.0


def wanted() -> dict[str, str]:
    """Return the version of each package, as the requirements state it."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def install() -> Path:
    """Install what is required, unless it stands there already; return the environment's Python."""
    python = ENVIRONMENT / "bin" / "python"
    noted = ENVIRONMENT / "installed.txt"
    text = REQUIREMENTS.read_text(encoding="utf-8")
    if not noted.exists() or noted.read_text(encoding="utf-8") != text:
        _run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT])
        quiet = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        _run([python, *quiet, "-r", REQUIREMENTS])
        noted.write_text(text, encoding="utf-8")
    return python


def _run(command: list[str | Path]) -> None:
    result = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=_INSTALL_S,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{result.stdout}\n{result.stderr}")
