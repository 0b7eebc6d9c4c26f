"""`swath system`, as a person types it."""

import os

import pytest
from typer.testing import CliRunner

from config.layers import SettingsError
from server.cli import app


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SWATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SWATH_MEMORY_TOTAL_MB", "3000")
    monkeypatch.setenv("SWATH_INSTANCES", "1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def swath(*arguments):
    ran = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_all_settings_are_shown_with_their_source_and_the_memory_they_need(data, tmp_path):
    (tmp_path / "swath.toml").write_text("[limits]\nmax_queue = 5\n", "utf-8")
    swath("system", "set", "memory.scratch_mb=99", "--data", data)
    lines = {
        line.split()[0]: line.split()
        for line in swath("system", "show", "--data", data).split("\n")
        if line
    }
    assert lines["limits.max_queue"] == ["limits.max_queue", "5", "file"]
    assert lines["instances"] == ["instances", "1", "environment"]
    assert lines["memory.scratch_mb"] == ["memory.scratch_mb", "99", "site"]
    assert lines["memory.gdal_mb"] == ["memory.gdal_mb", "32", "default"]
    assert lines["public_url"][1:3] == ["not", "set"]
    assert lines["sum"][-4:] == ["MB", "of", "3000", "MB"]
    assert "No server runs here" in swath("system", "show", "--data", data)


def test_single_keys_are_shown_and_unknown_ones_refused(data):
    shown = swath("system", "show", "instances", "log_format", "--data", data)
    assert [line.split() for line in shown.splitlines()] == [
        ["instances", "1", "environment"],
        ["log_format", "text", "default"],
    ]
    with pytest.raises(SettingsError, match="there are: data, host"):
        swath("system", "show", "instance", "--data", data)


def test_a_change_says_what_holds_and_since_when(data):
    said = swath("system", "set", "instances=2", "--data", data)
    assert said.strip() == "instances = 2 (site): holds when a server is started"
    said = swath("system", "unset", "instances", "--data", data)
    assert said.strip() == "instances = 1 (environment): holds when a server is started"


def test_what_is_no_pair_is_refused(data):
    with pytest.raises(SettingsError, match="is not KEY=VALUE"):
        swath("system", "set", "instances", "2", "--data", data)
