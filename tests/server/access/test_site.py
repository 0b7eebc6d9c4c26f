"""The site file: whole after a kill, one writer at a time, seen by nobody else."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import ConfigError
from server.access import site_schema
from server.access.sharing import Sharing
from server.access.site import APPLICATION_ID, Site
from server.access.users import Users

_ROOT = Path(__file__).resolve().parents[3]
# Shares services with two groups each, so that half a change would show.
_WRITER = """
import sys
from pathlib import Path
from server.access.sharing import Sharing
from server.access.site import Site
sharing = Sharing(Site(Path(sys.argv[1])))
for number in range(int(sys.argv[3])):
    sharing.share(f"{sys.argv[2]}/s{number}", "named", groups=["one", "two"])
    print(number, flush=True)
"""


def _writer(data, name, count):
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(data), name, str(count)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _revision(site):
    with site.reading() as handle:
        return handle.execute("SELECT value FROM counters").fetchone()[0]


def _signing_keys(site):
    with site.reading() as handle:
        return [bytes(row["secret"]) for row in handle.execute("SELECT secret FROM signing_keys")]


def test_the_file_is_for_its_owner_alone_and_has_a_random_key(tmp_path):
    old = os.umask(0)
    try:
        one, other = Site(tmp_path / "one"), Site(tmp_path / "other")
        one.create()
        other.create()
        with one.changing():
            beside = sorted(path.name for path in one.path.parent.iterdir())
            modes = {stat.S_IMODE(path.stat().st_mode) for path in one.path.parent.iterdir()}
    finally:
        os.umask(old)
    assert beside == ["site.sqlite", "site.sqlite-shm", "site.sqlite-wal"]
    assert modes == {0o600}
    assert len(_signing_keys(one)[0]) == 32
    assert _signing_keys(one) != _signing_keys(other)
    one.create()
    assert len(_signing_keys(one)) == 1


def test_a_file_that_others_can_read_is_taken_from_them(tmp_path):
    site = Site(tmp_path)
    site.create()
    site.path.chmod(0o664)
    site.create()
    assert stat.S_IMODE(site.path.stat().st_mode) == 0o600


def test_two_processes_that_change_it_at_once_lose_nothing(tmp_path):
    site = Site(tmp_path)
    site.create()
    before = _revision(site)
    writers = [_writer(tmp_path, name, 60) for name in ("a", "b")]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    said = Sharing(site).all()
    assert set(said) == {f"{name}/s{n}" for name in ("a", "b") for n in range(60)}
    assert {permission.groups for permission in said.values()} == {frozenset({"one", "two"})}
    assert _revision(site) == before + 120


@pytest.mark.parametrize("lines", [1, 7, 23])
def test_a_writer_that_is_killed_leaves_whole_changes(tmp_path, lines):
    with _writer(tmp_path, "a", 100_000) as writer:
        for _ in range(lines):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
    site = Site(tmp_path)
    said = Sharing(site).all()
    assert len(said) >= lines
    assert {permission.groups for permission in said.values()} == {frozenset({"one", "two"})}
    with site.reading() as handle:
        assert handle.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    Sharing(site).share("b/after", "public")


def test_a_change_that_fails_changes_nothing(tmp_path):
    site = Site(tmp_path)
    site.create()
    before = _revision(site)
    with pytest.raises(ConfigError), site.changing() as handle:  # noqa: PT012 -- the second fails
        handle.execute("INSERT INTO permissions VALUES ('a', 'public')")
        handle.execute("INSERT INTO permissions VALUES ('b', 'nonsense')")
    assert Sharing(site).all() == {}
    assert _revision(site) == before


def test_who_waits_too_long_for_another_hears_so(tmp_path):
    site = Site(tmp_path, wait_s=0.1)
    site.create()
    with (
        site.changing(),
        pytest.raises(ConfigError, match="another change is under way"),
    ):
        Sharing(site).share("a", "public")
    Sharing(site).share("a", "public")


def test_a_file_of_a_newer_version_or_of_others_is_refused(tmp_path):
    newer, foreign = tmp_path / "newer", tmp_path / "foreign"
    site = Site(newer)
    site.create()
    with closing(sqlite3.connect(site.path)) as handle:
        handle.execute("PRAGMA user_version = 999")
    with pytest.raises(ConfigError, match="newer Swath"):
        site.create()
    foreign.mkdir()
    with closing(sqlite3.connect(foreign / "site.sqlite")) as handle:
        handle.execute("CREATE TABLE other (a)")
    with pytest.raises(ConfigError, match="not a site file"):
        Users(Site(foreign)).all()


def test_an_older_file_is_brought_up_to_date_without_loss(tmp_path, monkeypatch):
    site = Site(tmp_path)
    Sharing(site).share("a", "signed-in")
    keys = _signing_keys(site)
    further = ("CREATE TABLE jobs (id INTEGER PRIMARY KEY) STRICT",)
    monkeypatch.setattr("server.access.site.MIGRATIONS", (*site_schema.MIGRATIONS, further))
    with pytest.raises(ConfigError, match="older Swath"):
        site.connect()
    with site.reading() as handle:
        assert handle.execute("SELECT count(*) FROM jobs").fetchone()[0] == 0
    assert _signing_keys(site) == keys
    assert Sharing(site).all()["a"].level == "signed-in"


def test_a_file_that_is_not_there_is_not_made_by_who_follows_it(tmp_path):
    with pytest.raises(ConfigError):
        Site(tmp_path).connect()
    assert not (tmp_path / "site.sqlite").exists()


def test_a_folder_with_any_name_will_do(tmp_path):
    site = Site(tmp_path / "50% of? #data & more")
    Sharing(site).share("a", "public")
    assert site.path.exists()
    with closing(site.connect()) as handle:
        assert handle.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID


_AS_SOMEBODY = """
import os, sys
from pathlib import Path
import traceback
from server.access.sharing import Sharing
from server.access.site import Site
os.setgid(65534); os.setuid(65534)
print(len(Sharing(Site(Path(sys.argv[1]))).all()))
Sharing(Site(Path(sys.argv[1]))).share("b", "public")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who gives files away")
def test_a_file_made_by_root_belongs_to_whom_the_folder_belongs_to():
    # Below a folder that everybody may enter, as those of pytest are not.
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        data = Path(name) / "data"
        data.mkdir()
        os.chown(data, 65534, 65534)
        Sharing(Site(data)).share("a", "public")

        def ask():
            return subprocess.run(
                [sys.executable, "-c", _AS_SOMEBODY, str(data)],
                cwd=_ROOT,
                capture_output=True,
                text=True,
                check=False,
            )

        asked = ask()
        assert (asked.returncode, asked.stdout) == (0, "1\n"), asked.stderr
        assert len(Sharing(Site(data)).all()) == 2
        os.chown(data / "site.sqlite", 0, 0)
        assert "the user that the server runs as" in ask().stderr
