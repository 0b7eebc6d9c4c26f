"""The thirty hostile inputs and faults A1–A30: tests named `test_aN_…`, a row each.

The short form only looks whether each case has a test: CI runs the tests themselves.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.campaigns.finding import Effort, Finding

_ROOT = Path(__file__).parents[2]
_TEST = re.compile(r"def (test_a(\d{1,2})_\w+)")
_NAME = re.compile(r"test_a(\d{1,2})_")
_BROKEN = ("failure", "error")
_SHOWN = 120

CASES = {
    1: "absurd sizes",
    2: "boxes that are none",
    3: "boxes beside and far beyond the data",
    4: "coordinate systems by address, file or number",
    5: "boxes without a transform",
    6: "rendering rules that are none",
    7: "expressions that want to be code",
    8: "names that climb out of folders",
    9: "files outside the roots, links",
    10: "a virtual raster under a picture's name",
    11: "paths of drivers and of the network",
    12: "styles by address",
    13: "XML entities and document types",
    14: "colour maps without end",
    15: "markup in parameters",
    16: "markup in paths and headers",
    17: "tokens in logs, errors, metrics, links",
    18: "tokens that are not valid",
    19: "floods of wrong passwords",
    20: "damaged rasters",
    21: "rasters of absurd dimensions",
    22: "sources that are replaced while served",
    23: "storage that says to slow down",
    24: "storage that never answers, or a byte a second",
    25: "storage that answers something else",
    26: "instances killed",
    27: "clients that leave at once",
    28: "the cache's disk full, read-only, damaged",
    29: "slow, large and idle connections",
    30: "clock jumps, half-written settings, two writers",
}


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Look for each case's tests, and run them."""
    files = _files()
    if effort is Effort.SHORT:
        outcomes = {case: Counter(found=len(names)) for case, names in _tests(files).items()}
    else:
        outcomes = _run_tests(files, folder / "report.xml")
    for case, name in CASES.items():
        yield _row(case, name, outcomes.get(case, Counter()))


def _files() -> list[Path]:
    return [path for path in sorted((_ROOT / "tests").rglob("test_*.py")) if _tests([path])]


def _tests(files: list[Path]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for path in files:
        for name, case in _TEST.findall(path.read_text("utf-8")):
            found[int(case)].append(name)
    return found


def _run_tests(files: list[Path], report: Path) -> dict[int, Counter[str]]:
    """Run the cases' tests alone and count their outcomes."""
    wanted = " or ".join(f"test_a{case}_" for case in CASES)
    command = [sys.executable, "-m", "pytest", "-q", "-k", wanted, f"--junitxml={report}"]
    subprocess.run([*command, *map(str, files)], cwd=_ROOT, check=False, stdout=subprocess.DEVNULL)
    outcomes: dict[int, Counter[str]] = defaultdict(Counter)
    for test in ET.parse(report).iter("testcase"):
        match = _NAME.match(test.get("name", ""))
        if match:
            outcomes[int(match[1])][_outcome(test)] += 1
    return outcomes


def _outcome(test: ET.Element) -> str:
    """Return "passed", "skipped", or which test failed, with the first line of what it said."""
    for child in test:
        if child.tag == "skipped":
            return "skipped"
        if child.tag in _BROKEN:
            said = child.get("message", "").partition("\n")[0]
            return f"{child.tag} of {test.get('name')}: {said[:_SHOWN]}"
    return "passed"


def _row(case: int, name: str, outcomes: Counter[str]) -> Finding:
    counted = ", ".join(f"{count} {word}" for word, count in sorted(outcomes.items()))
    return Finding(
        what=f"A{case} {name}",
        asked="a test at least, all of them passed",
        seen=counted or "no test",
        met=outcomes.total() > 0 and not any(word.startswith(_BROKEN) for word in outcomes),
    )
