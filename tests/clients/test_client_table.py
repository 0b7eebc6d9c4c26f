"""README.md beside this file says of every client what the suite drives, no more and no less."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

import pytest

from tests.clients.client_table import (
    CLIENTS,
    Drive,
    Outcomes,
    summary_lines,
    table_lines,
)
from tests.clients.npm_packages import HERE, wanted_versions

if TYPE_CHECKING:
    from pathlib import Path


def _drives_of(file: Path) -> list[Drive]:
    """Return what the tests of a file drive, in their order."""
    module = importlib.import_module(f"tests.clients.{file.stem}")
    tests = [made for name, made in vars(module).items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", [])]
    return [Drive(*mark.args) for mark in marks if mark.name == "drives"]


def _all_drives() -> list[Drive]:
    return [drive for file in sorted(HERE.glob("test_*.py")) for drive in _drives_of(file)]


def _tables() -> dict[Path, list[str]]:
    """Return the table of each document: every drive beside the tests, every client for all to see."""
    drives = _all_drives()
    return {
        HERE / "README.md": table_lines(dict.fromkeys(drives, "works")),
        HERE.parents[1] / "README.md": summary_lines(drives),
    }


@pytest.mark.parametrize("place", [0, 1], ids=["tests/clients", "project"])
def test_readme_lists_what_is_driven(request: pytest.FixtureRequest, place: int) -> None:
    readme, wanted = list(_tables().items())[place]
    lines = readme.read_text(encoding="utf-8").splitlines()
    first = next(n for n, line in enumerate(lines) if re.match(r"\| client +\| version ", line))
    last = next((n for n in range(first, len(lines)) if not lines[n].startswith("|")), len(lines))
    if request.config.getoption("--regenerate-golden"):
        text = "\n".join([*lines[:first], *wanted, *lines[last:]])
        readme.write_text(f"{text}\n", encoding="utf-8")
        return
    assert lines[first:last] == wanted, "see --regenerate-golden"


def test_every_client_is_driven() -> None:
    assert {drive.client for drive in _all_drives()} == set(CLIENTS)


def test_versions_are_exact() -> None:
    for name, version in wanted_versions().items():
        assert version.replace(".", "").isdigit(), f"{name} {version}"


def test_a_failure_is_told_whatever_else_passed() -> None:
    outcomes = Outcomes()
    first, second = Drive("ol", "ImageArcGISRest"), Drive("leaflet", "tiles")
    for drive, outcome in ((first, "passed"), (first, "failed"), (second, "passed")):
        outcomes.note(drive, outcome)
    rows = [line for line in outcomes.table() if "ArcGISRest" in line or "tiles" in line]
    assert [row.rsplit("|", 2)[1].strip() for row in rows] == ["works", "fails"]
    assert [row.split("|")[1].strip() for row in rows] == ["Leaflet", "OpenLayers"]


def test_a_client_that_was_not_run_is_not_said_to_work() -> None:
    outcomes = Outcomes()
    outcomes.note(Drive("ol", "tiles"), "skipped")
    assert outcomes.table()[-1].endswith("| not run |")


@pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
def test_a_client_has_a_version(client: object) -> None:
    assert getattr(client, "version", "")
