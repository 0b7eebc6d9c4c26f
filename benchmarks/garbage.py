"""Add a folder of garbage whole: malformed files, odd formats and stub products, with the real command.

Prints one JSON line: seconds, peak proportional and resident memory of all processes, and what became of
the files. The bounds are 120 s and 1 GB. Needs the rasters of ../shared/data beside the checkout, or the
folders as arguments. `python -m benchmarks.garbage [FOLDER ...]`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.machine import this_machine

_ROOT = Path(__file__).resolve().parent.parent
_DATA = _ROOT.parent / "shared" / "data"
_FOLDERS = ("08_hostile", "07_formats", "04_rpc_satellite/gdal_dimap2")
_EVERY_S = 0.1
MOST_S = 120.0
MOST_MB = 1024.0


@dataclass(slots=True)
class Peak:
    """Largest sums over a process and its descendants, in MB."""

    proportional: float = 0.0
    resident: float = 0.0

    def look(self, pid: int) -> None:
        """Take the sums of now into account."""
        proportional, resident = 0, 0
        for member in _tree(pid):
            try:
                text = Path(f"/proc/{member}/smaps_rollup").read_text(encoding="ascii")
            except OSError:
                continue  # ended while we looked
            kb = dict(re.findall(r"^(Pss|Rss):\s+(\d+)", text, re.MULTILINE))
            proportional += int(kb.get("Pss", 0))
            resident += int(kb.get("Rss", 0))
        self.proportional = max(self.proportional, proportional / 1024)
        self.resident = max(self.resident, resident / 1024)


def _tree(pid: int) -> list[int]:
    found, at = [pid], 0
    while at < len(found):
        for children in Path(f"/proc/{found[at]}/task").glob("*/children"):
            try:
                found += map(int, children.read_text(encoding="ascii").split())
            except OSError:
                continue  # a thread that ended
        at += 1
    return found


def add_whole(folders: list[Path]) -> dict[str, object]:
    """Add folders to a new definition and return what it took."""
    swath = [sys.executable, "-m", "server.cli", "definition"]
    with tempfile.TemporaryDirectory(prefix="swath-garbage-") as scratch:
        definition = Path(scratch) / "garbage.isdef"
        subprocess.run([*swath, "create", definition], check=True, cwd=_ROOT, capture_output=True)
        log, peak = Path(scratch) / "log", Peak()
        with log.open("wb") as out:
            command = [*swath, "add", definition, *folders, "--recursive"]
            started = time.perf_counter()
            process = subprocess.Popen(command, cwd=_ROOT, stdout=out, stderr=out)
            while process.poll() is None:
                peak.look(process.pid)
                time.sleep(_EVERY_S)
        seconds = time.perf_counter() - started
        said = log.read_text(encoding="utf-8", errors="replace")
    counts = {
        name: int(found[1]) if (found := re.search(pattern, said)) else 0
        for name, pattern in (
            ("items", r"Added (\d+) items"),
            ("failed", r"(\d+) failed"),
            ("no_rasters", r"(\d+) files are no rasters"),
        )
    }
    return {
        "case": "garbage folder, added whole",
        "seconds": round(seconds, 2),
        "peak_proportional_mb": round(peak.proportional),
        "peak_resident_mb": round(peak.resident),
        "exit_code": process.returncode,
        **counts,
        "within_bounds": process.returncode == 0
        and seconds <= MOST_S
        and peak.proportional <= MOST_MB,
    }


def main() -> None:
    """Run from the command line; exits with 1 where a bound is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folders", nargs="*", type=Path, help="instead of the real ones")
    folders = parser.parse_args().folders or [_DATA / name for name in _FOLDERS]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        sys.stderr.write(f"skipped: no folder {', '.join(missing)}\n")
        return
    row = add_whole(folders)
    sys.stdout.write(json.dumps({**row, "machine": msgspec.to_builtins(this_machine())}) + "\n")
    sys.exit(0 if row["within_bounds"] else 1)


if __name__ == "__main__":
    main()
