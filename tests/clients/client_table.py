"""The table of clients: which version was driven, by what, with what result.

A test states what it drives:

    @pytest.mark.drives("ol", "ImageArcGISRest")

The suite prints the table at its end; README.md beside this file has it with every result "works", and
`test_client_table.py` holds the two together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

from tests.clients.npm_packages import wanted_versions
from tests.clients.python_packages import wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

_NPM = wanted_versions()
_HEAD = ("client", "version", "what was driven", "result")


@dataclass(frozen=True, slots=True)
class Client:
    """A program that people use with the server."""

    name: str
    version: str


CLIENTS = {
    "arcgis": Client("ArcGIS Maps SDK for JavaScript", _NPM["@arcgis/core"]),
    "arcgis-python": Client("ArcGIS API for Python", wanted()["arcgis"]),
    "esri-leaflet": Client("Esri Leaflet", _NPM["esri-leaflet"]),
    "leaflet": Client("Leaflet", _NPM["leaflet"]),
    "ol": Client("OpenLayers", _NPM["ol"]),
    "maplibre": Client("MapLibre GL JS", _NPM["maplibre-gl"]),
    "cesium": Client("CesiumJS", _NPM["cesium"]),
    "owslib": Client("OWSLib", version("owslib")),
    # As Debian 12 has them.
    "gdal": Client("GDAL", "3.6"),
    "qgis": Client("QGIS", "3.22"),
    # Not installed: what they send, word for word.
    "r": Client("arcgislayers (R)", "recorded"),
    "restapi": Client("restapi (Python)", "recorded"),
    "terria": Client("TerriaJS", "recorded"),
    "esridump": Client("pyesridump", "recorded"),
}


@dataclass(frozen=True, slots=True)
class Drive:
    """One thing done with a client, by one test or several."""

    client: str
    what: str


@dataclass(slots=True)
class Outcomes:
    """How the tests of each drive ended; the order is that of the tests."""

    ended: dict[Drive, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, drive: Drive, outcome: str) -> None:
        """Add the end of one test: "passed", "failed" or "skipped"."""
        self.ended[drive].append(outcome)

    def table(self) -> list[str]:
        """Return the lines of the table of what was driven in this run."""
        return table_lines({drive: _result(ended) for drive, ended in self.ended.items()})


def table_lines(results: dict[Drive, str]) -> list[str]:
    """Return the table as Markdown, in the order of CLIENTS."""
    known = sorted(results, key=lambda drive: list(CLIENTS).index(drive.client))
    rows = [
        (CLIENTS[drive.client].name, CLIENTS[drive.client].version, drive.what, results[drive])
        for drive in known
    ]
    return _markdown([_HEAD, *rows])


def summary_lines(drives: Iterable[Drive]) -> list[str]:
    """Return a row for each client with what was driven, without its details; every result "works"."""
    driven: dict[str, dict[str, None]] = defaultdict(dict)
    for drive in drives:
        driven[drive.client][re.split("[,:]", drive.what)[0]] = None
    rows = [
        (known.name, known.version, ", ".join(driven[key]), "works")
        for key, known in CLIENTS.items()
        if key in driven
    ]
    return ["| " + " | ".join(row) + " |" for row in (_HEAD, ("---",) * len(_HEAD), *rows)]


def _result(ended: Iterable[str]) -> str:
    outcomes = set(ended)
    if "failed" in outcomes:
        return "fails"
    return "works" if outcomes == {"passed"} else "not run"


def _markdown(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "| " + " | ".join("-" * width for width in widths) + " |"
    return [lines[0], rule, *lines[1:]]
