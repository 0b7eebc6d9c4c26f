"""A folder of garbage, added whole by the real command: it ends, and every failure is a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.build.definition_folder import DefinitionFolder
from engine.build.raster_record import ItemStatus

_ROOT = Path(__file__).resolve().parents[3]
_GARBAGE = ("08_hostile", "07_formats", "04_rpc_satellite/gdal_dimap2")
# GDAL's words about a broken file are quoted; no path, no traceback and no class name stands in them.
_NEVER = ("Traceback", "Error(", "rasterio", "<class", "0x7f", str(_ROOT.parent))


def _swath(*words: object, cwd: Path) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "server.cli", "definition", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(_ROOT), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert "Traceback" not in said
    return said


@pytest.fixture(scope="module")
def garbage(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A definition to which everything was added, and what the command said."""
    here = tmp_path_factory.mktemp("garbage")
    _swath("create", "g.isdef", cwd=here)
    folders = [shared_data / name for name in _GARBAGE]
    return here / "g.isdef", _swath("add", "g.isdef", *folders, "--recursive", cwd=here)


def _check_sentences(definition: Path) -> Counter[ItemStatus]:
    statuses: Counter[ItemStatus] = Counter()
    with DefinitionFolder(definition).table() as table:
        for row in table.rows():
            statuses[row.status] += 1
            if not row.status.is_failed:
                continue
            message = row.message
            assert message.endswith("."), message
            assert message[0].isupper(), message
            assert len(message.split()) > 3, message
            assert not any(word in message for word in _NEVER), message
    return statuses


def test_every_file_of_a_folder_of_garbage_is_an_item_a_sentence_or_no_raster(
    garbage: tuple[Path, str], shared_data: Path
) -> None:
    definition, said = garbage
    statuses = _check_sentences(definition)
    failed = sum(count for status, count in statuses.items() if status.is_failed)
    assert f"Added {statuses.total() - failed} items" in said
    assert f"{failed} failed" in said
    assert statuses[ItemStatus.ADDED] > 150
    # Each kind of failure has its own status, which the folder has examples of.
    for status in (
        ItemStatus.CORRUPT,
        ItemStatus.NOT_SUPPORTED,
        ItemStatus.NO_GEOREFERENCE,
        ItemStatus.NO_CRS,
    ):
        assert statuses[status] > 5, status
    # Nothing went missing: what claims to be a TIFF is an item.
    files = [path for name in _GARBAGE for path in (shared_data / name).rglob("*.tif")]
    with DefinitionFolder(definition).table() as table:
        known = set(table.known_sources())
    missing = [str(path) for path in files if str(path.absolute()) not in known]
    assert missing == []


def test_a_folder_of_garbage_builds_and_compiles_what_is_good_of_it(
    garbage: tuple[Path, str],
) -> None:
    definition, _ = garbage
    before = definition.parent
    _swath("build", definition, "--overviews", "none", cwd=before)
    statuses = _check_sentences(definition)
    assert statuses[ItemStatus.ADDED] == 0
    assert statuses[ItemStatus.READY] > 100
    _swath("compile", definition, "-o", before / "g.zmd", cwd=before)
    assert (before / "g.zmd").is_file()
