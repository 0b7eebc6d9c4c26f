"""What a site says of its settings: keys, files, changes."""

import tomllib

import pytest

from config.layers import Layer, Layers, SettingsError, is_secret
from config.site import (
    LIVE,
    changed_site,
    check_site_key,
    masked,
    read_site,
    setting_keys,
    site_file,
    site_keys,
    site_text,
    value_of,
)


def test_every_live_key_is_one_of_a_site():
    assert set(site_keys()) >= LIVE
    assert "memory.scratch_mb" in setting_keys()


def test_the_whole_memory_table_is_followed_live():
    assert {key for key in setting_keys() if key.startswith("memory.")} <= LIVE


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("port", "belongs to the process"),
        ("functions.reserve", "is counted"),
        ("instanzes", "like it are: instances"),
        ("scratch_mb", "memory.scratch_mb"),
        ("memory", "is no setting"),
        ("", "is no setting"),
    ],
)
def test_other_keys_are_refused_with_what_there_is(key, why):
    with pytest.raises(SettingsError, match=why):
        check_site_key(key, "system")


def test_a_change_written_and_read_again_says_the_same(tmp_path):
    values = changed_site({}, {"instances": "3", "memory.gdal_mb": "7"}, ())
    values = changed_site(values, {"cors_origins": "https://a, https://b"}, ("memory.gdal_mb",))
    merged = Layers((Layer("site", "system", values),)).merged()
    site_file(tmp_path).write_text(site_text(values, merged), "utf-8")
    assert read_site(tmp_path) == {"instances": 3, "cors_origins": ["https://a", "https://b"]}


def test_tables_stand_behind_plain_keys():
    values = {"memory": {"gdal_mb": "7"}, "limits": {"max_queue": 5}, "access_log": "true"}
    merged = Layers((Layer("site", "system", values),)).merged()
    assert tomllib.loads(site_text(values, merged)) == {
        "access_log": True,
        "memory": {"gdal_mb": 7},
        "limits": {"max_queue": 5},
    }


def test_no_file_says_nothing(tmp_path):
    assert read_site(tmp_path) == {}
    assert read_site(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [("instances = ", "not TOML"), ("prot = 1", "no setting"), ("port = 1", "the process")],
)
def test_a_file_that_is_wrong_is_refused_with_its_name(tmp_path, text, why):
    site_file(tmp_path).write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=rf"system.toml.*{why}"):
        read_site(tmp_path)


def test_secrets_are_masked():
    assert is_secret("oidc.client_secret")
    assert not is_secret("oidc.client_secret_file")
    assert masked({"port": 1, "db_password": "x"}) == {"port": 1, "db_password": "***"}
    assert value_of(Layers().merged(), "memory.gdal_mb") == 32
