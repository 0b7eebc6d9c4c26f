"""`swath cache`, as a person types it, with a running server and without one."""

import os
import time

import httpx
import pytest
from typer.testing import CliRunner

from engine.errors import ConfigError, InvalidParameter
from server.answers.cache_folder import CacheFolder
from server.cli import app
from server.site.publishing import Publisher
from tests.server.answers.colours import compile_colour

DISK = {"SWATH_CACHE_DISK_MB": "64", "SWATH_INSTANCES": "1"}


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SWATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    compiled = compile_colour(tmp_path, 10)
    for name in ("one", "two"):
        Publisher(tmp_path / "data").publish(compiled, name)
    return tmp_path / "data"


def swath(*arguments):
    ran = CliRunner().invoke(app, ["cache", *map(str, arguments)])
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == 0, ran.output
    return ran.output


def tile(server, name, **headers):
    return httpx.get(f"{server.url}/tiles/{name}/14/8864/5555.png", headers=headers, timeout=60)


def until_on_disk(data, count):
    ends = time.monotonic() + 30
    while len(list(CacheFolder(data / "cache").pictures())) != count:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_running_server_shows_and_clears_and_the_disk_is_cleared_without_it(data, serve):
    with serve(data, **DISK) as server:
        for name in ("one", "two"):
            tile(server, name)
        until_on_disk(data, 2)
        shown = swath("show", "--data", data)
        assert f"process {server.process.pid}" in shown
        assert "of 64 MB" in shown
        assert [line.split()[:2] for line in shown.splitlines()[-2:]] == [
            ["one", "1"],
            ["two", "1"],
        ]
        assert "two" not in swath("show", "one", "--data", data)
        cleared = swath("clear", "one", "--data", data)
        assert "dropped 1 from memory, 1 from disk" in cleared
        until_on_disk(data, 1)
        assert not tile(server, "one").headers["server-timing"].startswith("cache")
        assert tile(server, "two").headers["server-timing"] == "cache;desc=hit"
        until_on_disk(data, 2)
        # What was published is forgotten on disk when it is nobody's any more.
        Publisher(data).delete("one")
        until_on_disk(data, 1)
    shown = swath("show", "--data", data)
    assert "No server runs here" in shown
    assert shown.splitlines()[-1].split()[:2] == ["two", "1"]
    assert "dropped 0 from disk" in swath("clear", "one", "--data", data)
    assert "dropped 1 from disk" in swath("clear", "--data", data)
    assert "Nothing is kept." in swath("show", "--data", data)


def test_without_any_cache_there_is_nothing(data):
    assert "Nothing is kept." in swath("show", "--data", data)
    assert "dropped 0 from disk" in swath("clear", "--data", data)
    assert not (data / "cache").exists()


def test_a_wrong_name_is_refused(data):
    with pytest.raises(InvalidParameter, match=r"\.\./x"):
        swath("clear", "../x", "--data", data)


def test_a_folder_that_another_server_has_is_not_cleared(data):
    other = CacheFolder(data / "cache")
    other.claim()
    with pytest.raises(ConfigError, match="another server"):
        swath("clear", "--data", data)
    other.release()
