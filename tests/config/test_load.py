"""Settings from all their sources (config.load, config.settings)."""

import re

import pytest

from config.layers import TABLES, SettingsError
from config.load import load_settings, near_misses
from config.settings import Settings
from config.site import LIVE, setting_keys


def write(tmp_path, text):
    file = tmp_path / "swath.toml"
    file.write_text(text, "utf-8")
    return file


def test_later_sources_win(tmp_path):
    file = write(tmp_path, "port = 1\nhost = '0.0.0.0'\ninstances = 3\n")
    settings = load_settings(file, {"SWATH_PORT": "2", "SWATH_INSTANCES": "4"}, {"port": 5})
    assert (settings.host, settings.instances, settings.port) == ("0.0.0.0", 4, 5)


def test_a_table_is_merged_key_by_key(tmp_path):
    file = write(tmp_path, "[memory]\nscratch_mb = 300\nresponse_cache_mb = 5\n")
    settings = load_settings(
        file, {"SWATH_MEMORY_GDAL_MB": "17"}, {"memory.response_cache_mb": 0, "data": None}
    )
    memory = settings.memory
    assert (memory.scratch_mb, memory.gdal_mb, memory.response_cache_mb) == (300, 17, 0)
    assert settings.data == "swath-data"


def test_lists_in_the_environment_have_commas():
    settings = load_settings(None, {"SWATH_TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1"}, {})
    assert settings.trusted_proxies == ("10.0.0.0/8", "127.0.0.1")


@pytest.mark.parametrize(
    ("text", "key", "part"),
    [
        ("prot = 1", "prot", "is no setting; like it are: port"),
        (
            "port = 70000",
            "port",
            "70000 is not accepted: expected a whole number, at least 0 and at most 65535",
        ),
        ("port = 'x'", "port", "'x' is not accepted"),
        ("[memory]\nblock_cache_mb = -1", "memory.block_cache_mb", "at least 1"),
        ("memory = 3", "memory", "expected a table with total_mb, "),
        ("[timeouts]\nwait_s = 5\nport = 1", "timeouts.port", "like it are: port"),
        (
            "trusted_proxies = 'x'",
            "trusted_proxies",
            "'x' is not accepted: expected a list of texts",
        ),
        ("trusted_proxies = [7]", "trusted_proxies[0]", "[7] is not accepted"),
        ("cors_origins = ['a.example']", "cors_origins", "'https://maps.example.org'"),
        ("cors_origins = ['https://a.example/']", "cors_origins", "without a path"),
        ("roots = ['scenes']", "roots", "'/data/scenes'"),
        ("roots = ['[\"/data\"]']", "roots", "from the root on"),
        ("tracing.endpoint = 'http://u:telltale@h/'", "tracing.endpoint", "'http://***@h/'"),
        ("public_url = 'http://u:telltale@h/'", "public_url", "'http://***@h/'"),
        ("oidc.client_secret = 's'", "oidc.client_secret", "like it are: oidc.client_secret_file"),
        ("prefix = 'imagery/'", "prefix", "'/imagery'"),
        ("prefix = '/<b>'", "prefix", "'/imagery'"),
        ("trusted_proxies = ['everyone']", "trusted_proxies", "10.0.0.0/8"),
        ("public_url = 'ftp://x'", "public_url", "https://maps.example.org"),
        ("log_format = 'xml'", "log_format", "xml"),
        ("port = ", "", "is not TOML"),
    ],
)
def test_an_error_names_file_and_key(tmp_path, text, key, part):
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_settings(file, {}, {})
    assert caught.value.where == str(file)
    assert caught.value.key == key
    assert "telltale" not in str(caught.value)
    assert part in caught.value.why


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml", {}, {})


def test_a_typo_in_a_table_of_the_environment_is_an_error():
    with pytest.raises(
        SettingsError, match=r"environment: memory.blockcache: .* memory.block_cache_mb"
    ):
        load_settings(None, {"SWATH_MEMORY_BLOCKCACHE": "1"}, {})


def test_slips_in_names_of_variables_are_told_from_names_of_others():
    slips = {"SWATH_INSTNCES": "4", "SWATH_TRUSTED_PROXY": "10.0.0.1", "SWATH_CORS_ORIGIN": "*"}
    assert near_misses({"SWATH_PORT": "1", "SWATH_MEMORY_GDAL_MB": "1", **slips}) == {
        "SWATH_INSTNCES": "SWATH_INSTANCES",
        "SWATH_TRUSTED_PROXY": "SWATH_TRUSTED_PROXIES",
        "SWATH_CORS_ORIGIN": "SWATH_CORS_ORIGINS",
    }
    others = (
        "FUZZ",
        "BENCH_DATA",
        "SERVICE_HOST",
        "SERVICE_PORT",
        "PORT_8080_TCP",
        "PORT_8080_TCP_ADDR",
    )
    assert near_misses({f"SWATH_{name}": "1" for name in others}) == {}


def test_other_programs_variables_are_left_alone():
    assert load_settings(None, {"SWATH_BENCH_DATA": "/x", "PORT": "1"}, {}).port == 8080


def test_a_memory_table_that_does_not_fit_is_refused_with_the_sum(tmp_path):
    file = write(tmp_path, "instances = 2\n[memory]\ntotal_mb = 1000\nblock_cache_mb = 400\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(file, {}, {})
    # 192 + 128 + 2 × (64 + 256 + 32 + 32 + 16 + 400)
    assert "need 1920 MB" in caught.value.why
    assert "block cache 400 × 2" in caught.value.why
    assert caught.value.key == "memory.total_mb"


def test_the_block_cache_takes_what_is_left():
    settings = load_settings(None, {}, {"instances": 2, "memory.total_mb": 1500})
    assert settings.block_cache_mb == (1500 - 192 - 128 - 2 * (64 + 256 + 32 + 32 + 16)) // 2
    assert sum(row.sum_mb for row in settings.memory_table()) <= 1500


def test_functions_have_their_memory_where_some_are_registered(tmp_path):
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions/.revision").write_text("1\n", "ascii")
    own = {"data": str(tmp_path), "instances": 2, "memory.total_mb": 4000}
    rows = {row.what: row for row in load_settings(None, {}, own).memory_table()}
    assert rows["functions in Python"].sum_mb == 2 * 2 * 256
    none = load_settings(None, {}, {**own, "data": str(tmp_path / "other")})
    assert "functions in Python" not in {row.what for row in none.memory_table()}


def test_the_example_shows_every_key_with_its_default(tmp_path, repo_root):
    text = (repo_root / "config/examples/swath.toml").read_text("utf-8")
    assert load_settings(write(tmp_path, text), {}, {}) == Settings()
    shown = re.sub(r"(?m)^# (?=[a-z_]+ = )", "", text)
    shown = re.sub(r"(?m)^block_cache_mb = .*$", "", shown)
    assert load_settings(write(tmp_path, shown), {}, {}) == Settings()
    keys = set(re.findall(r"(?m)^# ([a-z_]+) = ", text))
    expected = set(Settings.__struct_fields__) - set(TABLES) - {"dedicated_instances"}
    for table in TABLES:
        expected |= set(getattr(Settings(), table).__struct_fields__)
    assert keys == expected


def test_the_example_marks_what_waits_for_the_next_start(repo_root):
    text = (repo_root / "config/examples/swath.toml").read_text("utf-8")
    table, marked = "", set()
    for line in text.splitlines():
        if head := re.match(r"\[(\w+)\]", line):
            table = f"{head[1]}."
        if (said := re.match(r"# ([a-z_]+) = ", line)) and "# (start)" in line:
            marked.add(table + said[1])
    assert marked == set(setting_keys()) - LIVE - {"dedicated_instances"}


def test_keys_that_begin_as_a_table_are_told_apart():
    loaded = load_settings(
        None, {"SWATH_ACCESS_LOG": "true", "SWATH_ACCESS_NEW_SERVICES": "private"}, {}
    )
    assert loaded.access_log
    assert loaded.access.new_services == "private"


@pytest.mark.parametrize(
    ("name", "value"),
    [("NEW_SERVICES", "nobody"), ("TOKEN_MINUTES", "0"), ("LONGEST_TOKEN_MINUTES", "43201")],
)
def test_settings_of_access_are_checked(name, value):
    with pytest.raises(SettingsError, match=f"access.{name.lower()}"):
        load_settings(None, {f"SWATH_ACCESS_{name}": value}, {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timeouts.heartbeat_s", 0.5),
        ("timeouts.quarantine_s", -1),
        ("recycling.requests", -1),
        ("recycling.age_s", -0.5),
        ("recycling.memory_percent", -1),
        ("recycling.memory_percent", "much"),
    ],
)
def test_limits_of_instances_lives_are_checked(tmp_path, key, value):
    with pytest.raises(SettingsError, match=key):
        load_settings(None, {}, {"data": str(tmp_path), key: value})


def test_the_share_of_an_instance_is_its_part_of_the_memory_table(tmp_path):
    settings = load_settings(None, {}, {"data": str(tmp_path), "instances": 2})
    shared = {"front and fork parent", "response cache"}
    each = sum(row.each_mb for row in settings.memory_table() if row.what not in shared)
    assert settings.instance_share_mb == each


def test_lists_of_tables_are_written_with_commas_in_the_environment():
    found = load_settings(None, {"SWATH_OIDC_SCOPES": "openid, groups"}, {})
    assert found.oidc.scopes == ("openid", "groups")
