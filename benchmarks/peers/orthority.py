"""Orthority, run as a program: frame cameras' images over terrain.

It lives in an environment of its own, made on demand, and is never imported: its licence is the AGPL.
"""

import shutil
import subprocess
import venv
from pathlib import Path

from benchmarks.peers.programs import PeerMissing

_ENVIRONMENT = Path(__file__).parents[1] / "results" / "orthority-venv"
_COMPLETE = _ENVIRONMENT / "complete"
_REQUIREMENT = "orthority>=0.7,<1"
PROGRAM = _ENVIRONMENT / "bin" / "oty"


def is_installed() -> bool:
    """Tell whether its environment is there, wholly made."""
    return _COMPLETE.is_file()


def install() -> None:
    """Make its environment where it is missing; raise `PeerMissing` when that fails."""
    if is_installed():
        return
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    venv.create(_ENVIRONMENT, with_pip=True)
    installed = subprocess.run(
        [_ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", _REQUIREMENT],
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode != 0:
        raise PeerMissing("Orthority", f"orthority ({installed.stderr.strip()[-300:]})")
    _COMPLETE.touch()


def version() -> str:
    """Return the version that is installed."""
    query = "from importlib.metadata import version as v; print(v('orthority'))"
    python = _ENVIRONMENT / "bin" / "python"
    return subprocess.run(
        [python, "-c", query], capture_output=True, text=True, check=True
    ).stdout.strip()
