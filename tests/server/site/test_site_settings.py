"""Changes of the site's settings, also two at once (A30), and the note of the server that follows.

Covers server.site.serving_note too.
"""

import json
import os
import subprocess
import sys
import threading

import pytest

from config.layers import Layer, Layers, SettingsError
from config.load import settled
from config.site import read_site, site_file
from engine.errors import ConfigError
from server.site.atomic_files import change_of
from server.site.live_settings import LiveSettings
from server.site.serving_note import ServingNote
from server.site.site_settings import SiteSettings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("SWATH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SWATH_MEMORY_TOTAL_MB", "3000")
    monkeypatch.setenv("SWATH_INSTANCES", "1")


def test_set_and_unset_and_who_says_it(tmp_path):
    site = SiteSettings(tmp_path, None)
    site.change({"instances": "2", "timeouts.wait_s": "5"})
    view = site.view()
    assert (view.settings.instances, view.settings.timeouts.wait_s) == (2, 5.0)
    assert (view.kinds["instances"], view.kinds["memory.total_mb"]) == ("site", "environment")
    assert "memory.gdal_mb" not in view.kinds
    site.change({}, ("instances",))
    assert site.view().settings.instances == 1
    assert read_site(tmp_path) == {"timeouts": {"wait_s": 5.0}}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"instances": "many"}, "expected a whole number, at least 0"),
        ({"instances": "-1"}, "'-1' is not accepted"),
        ({"instances": "100"}, "the total is 3000 MB"),
        ({"timeouts.wait_s": "nan"}, "wait_s"),
        ({"timeouts.wait_s": "1e9"}, "more than 0 and at most 86400"),
        ({"log_format": "xml"}, "log_format: 'xml' .* one of 'json', 'text'"),
        ({"spool": "ü"}, "ASCII"),
        ({"recycling.age_s": "inf"}, "finite"),
        ({"instances": ""}, "expected a whole number, at least 0"),
        ({"trusted_proxies": "everyone"}, "10.0.0.0/8"),
        ({"": "1"}, "is no setting"),
        ({"data": "x"}, "belongs to the process"),
    ],
)
def test_a_bad_value_is_refused_before_it_is_written(tmp_path, values, why):
    site = SiteSettings(tmp_path, None)
    site.change({"limits.max_queue": "7"})
    before = site_file(tmp_path).read_bytes()
    with pytest.raises(SettingsError, match=why):
        site.change(values)
    assert site_file(tmp_path).read_bytes() == before


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"oidc.issuer": "http://login.example.org"}, "issuer: .*expected an https address"),
        ({"oidc.issuer": "https://login.example.org"}, "client_id: is missing"),
        (
            {
                "oidc.issuer": "https://login.example.org",
                "oidc.client_id": "c",
                "oidc.client_secret_file": "/nowhere",
            },
            "/nowhere: oidc.client_secret_file: cannot be read",
        ),
    ],
)
def test_what_no_server_starts_with_is_refused_too(tmp_path, values, why):
    with pytest.raises(ConfigError, match=why):
        SiteSettings(tmp_path, None).change(values)
    assert not site_file(tmp_path).exists()


def test_a_provider_is_set_in_one_change(tmp_path):
    site = SiteSettings(tmp_path, None)
    site.change({"oidc.issuer": "https://login.example.org", "oidc.client_id": "c"})
    assert site.view().settings.oidc.client_id == "c"


def test_what_was_not_set_cannot_be_unset(tmp_path):
    with pytest.raises(SettingsError, match="is not set by the site"):
        SiteSettings(tmp_path, None).change({}, ("instances",))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no data folder"):
        SiteSettings(tmp_path / "none", None).change({"instances": "1"})


def test_a30_who_comes_second_is_told(tmp_path):
    with change_of(tmp_path, 0.0), pytest.raises(ConfigError, match="another change"):
        SiteSettings(tmp_path, None, lock_wait_s=0.1).change({"instances": "2"})


def test_a30_changes_from_many_sides_are_all_there(tmp_path):
    keys = ["limits.max_queue", "limits.open_services", "timeouts.wait_s", "timeouts.hang_s"]
    threads = [
        threading.Thread(target=SiteSettings(tmp_path, None).change, args=({key: "9"},))
        for key in keys
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_site(tmp_path) == {
        "limits": {"max_queue": 9, "open_services": 9},
        "timeouts": {"wait_s": 9.0, "hang_s": 9.0},
    }


def serving(data, **values):
    layers = Layers((Layer("command line", "command line", {"data": str(data), **values}),))
    live = LiveSettings(settled(layers), layers)
    note = ServingNote(data)
    note.tell(live, {"": 1})
    return live, note


def test_a_running_servers_own_sources_go_before_the_commands(tmp_path):
    live, note = serving(tmp_path, instances=1, memory={"total_mb": 1000})
    site = SiteSettings(tmp_path, None)
    with pytest.raises(SettingsError, match="the total is 1000 MB"):
        site.change({"instances": "2"})
    site.change({"limits.max_queue": "7"})
    live.poll()
    note.tell(live, {"": 1})
    assert site.followed()
    assert site.view().kinds["instances"] == "command line"
    note.remove()
    assert site.serving() is None
    assert not site.followed()


def test_of_two_servers_the_one_that_goes_on_is_told_of(tmp_path, caplog):
    live, note = serving(tmp_path)
    note.warn_of_other()
    assert not caplog.records
    file = tmp_path / ".serving"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        file.write_text(json.dumps({**json.loads(file.read_text()), "pid": other.pid}))
        note.warn_of_other()
        assert f"another server (process {other.pid})" in caplog.text
        # While both run, they do not write over each other's note again and again.
        note.tell(live, {"": 1})
        assert note.read().pid == other.pid
        other.communicate(b"\n")
    note.tell(live, {"": 1})
    assert note.read().pid == os.getpid()
    file.unlink()
    note.tell(live, {"": 1})
    assert note.read().pid == os.getpid()


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path, caplog):
    caplog.set_level("INFO")
    live, note = serving(tmp_path)
    (tmp_path / ".serving").unlink()
    (tmp_path / ".serving").mkdir()
    for _ in range(3):
        note.tell(live, {"": 1})
    assert caplog.text.count("no note of this server") == 1


def test_the_note_of_a_server_that_is_no_more_counts_nothing(tmp_path):
    _, note = serving(tmp_path)
    file = tmp_path / ".serving"
    said = json.loads(file.read_text())
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    file.write_text(json.dumps({**said, "pid": ended.pid}))
    assert note.read() is None
    file.write_text("{")
    assert note.read() is None
