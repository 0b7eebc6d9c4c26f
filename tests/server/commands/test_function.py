"""`swath function`: what an administrator sees."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from engine.errors import ConfigError, InvalidParameter
from server.cli import app


@pytest.fixture
def run(tmp_path):
    def call(*arguments):
        done = CliRunner().invoke(app, ["function", *arguments, "--data", str(tmp_path)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return call


def test_functions_are_added_listed_replaced_and_removed(run, repo_root):
    examples = repo_root / "tests/python_functions"
    assert "No functions" in run("list").output
    added = run("add", "Water", str(examples / "WaterShare.py"))
    assert added.exit_code == 0
    assert "Water(raster: raster, scale: numeric = 1.0, mode: string = 'Signed'" in added.output
    beside = ["--with", str(examples / "smoothing.py")]
    assert run("add", "Water", str(examples / "Ridge.py"), *beside).exit_code == 0
    assert "Water(dem: raster, radius: numeric = 2)" in run("list").output
    assert "Water now runs version" in run("rollback", "Water").output
    assert "scale" in run("list").output
    assert "Removed Water" in run("remove", "Water").output
    assert "No functions" in run("list").output


def test_a_name_of_swath_and_a_file_with_a_fault_are_refused(run, repo_root, tmp_path):
    with pytest.raises(InvalidParameter, match="no raster function of Swath has"):
        run("add", "Slope", str(repo_root / "tests/python_functions/Change.py"))
    (tmp_path / "bad.py").write_text("import no_such_module\n", "utf-8")
    with pytest.raises(ConfigError, match=r"bad.py: line 1: ModuleNotFoundError"):
        run("add", "Bad", str(tmp_path / "bad.py"))
