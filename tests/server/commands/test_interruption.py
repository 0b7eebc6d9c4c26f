"""Long work is stopped by real signals, and goes on without harm when it is run again."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.build.definition_folder import DefinitionFolder
from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable

_CHECKOUT = Path(__file__).resolve().parents[3]
_LONG_S = 120.0
_COUNT = 450
_SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "server.cli", "definition", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(_CHECKOUT)}


def _run(*arguments: str) -> str:
    done = subprocess.run(
        _command(*arguments),
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=_LONG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _interrupt(number: signal.Signals, under_way: Callable[[], bool], *arguments: str) -> None:
    """Start a command and send it a signal when it is in the middle of its work."""
    with subprocess.Popen(
        _command(*arguments),
        env=_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + _LONG_S
        while not under_way():
            assert process.poll() is None, "it ended before it could be interrupted"
            assert time.monotonic() < end, "it did not begin"
            time.sleep(0.005)
        process.send_signal(number)
        code = process.wait(_LONG_S)
    assert code != 0


def _count(catalog: Path, condition: str) -> int:
    """Count rows of the service table while another process writes it."""
    with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True, timeout=30)) as db:
        try:
            query = f"SELECT count(*) FROM footprints WHERE {condition}"
            return int(db.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _content(folder: DefinitionFolder) -> list[tuple[object, ...]]:
    """Return all that was built of each item."""
    with folder.table() as table:
        return [
            (row.id, row.name, row.status, sorted(row.attributes.items()), row.wkb, row.built)
            for row in table.rows()
        ]


@pytest.fixture(scope="module")
def rasters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder of many small rasters, most of them links to the same few."""
    folder = tmp_path_factory.mktemp("rasters")
    for number in range(_COUNT):
        path = folder / f"s{number:04}.tif"
        if number < 20:
            data = np.full((1, 64, 64), 10 + number, "uint8")
            write_geotiff(path, data, place(number * 500, 0))
        else:
            path.hardlink_to(folder / f"s{number % 20:04}.tif")
    return folder


@pytest.fixture(scope="module")
def undisturbed(rasters: Path, tmp_path_factory: pytest.TempPathFactory) -> DefinitionFolder:
    """A definition that nobody interrupted."""
    path = tmp_path_factory.mktemp("undisturbed") / "d.isdef"
    _run("create", str(path))
    _run("add", str(path), str(rasters))
    _run("build", str(path), "--overviews", "none")
    return DefinitionFolder(path)


@_SIGNALS
def test_add_and_build_go_on_where_a_signal_stopped_them(
    number: signal.Signals, rasters: Path, undisturbed: DefinitionFolder, tmp_path: Path
) -> None:
    path = tmp_path / "d.isdef"
    catalog = path / "catalog.gpkg"
    _run("create", str(path))

    _interrupt(number, lambda: _count(catalog, "1") > 0, "add", str(path), str(rasters))
    added = _count(catalog, "1")
    assert 0 < added < _COUNT
    assert f"Added {_COUNT - added} items, 0 changed, {added} were known" in _run(
        "add", str(path), str(rasters)
    )

    build = ("build", str(path), "--overviews", "none")
    _interrupt(number, lambda: _count(catalog, "StatusId = 0") > 0, *build)
    built = _count(catalog, "StatusId = 0")
    assert 0 < built < _COUNT
    assert f"Built {_COUNT - built} items, {built} were up to date" in _run(*build)
    assert _content(DefinitionFolder(path)) == _content(undisturbed)


@_SIGNALS
def test_a_compilation_that_is_stopped_leaves_the_old_file_and_the_next_one_makes_the_same(
    number: signal.Signals, undisturbed: DefinitionFolder, tmp_path: Path
) -> None:
    out = tmp_path / "d.zmd"
    compile_ = ("compile", str(undisturbed.path), "-o", str(out))
    _run(*compile_)
    expected = hashlib.sha256(out.read_bytes()).hexdigest()
    out.write_bytes(b"published before")

    _interrupt(number, lambda: any(tmp_path.glob(".d.zmd.*.part")), *compile_)
    assert out.read_bytes() == b"published before"
    _run(*compile_)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == expected
    # What a killed process could not take away is swept by the next run.
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.zmd"]
