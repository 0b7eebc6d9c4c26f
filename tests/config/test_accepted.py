"""What settings accept, in words."""

import pytest

from config.accepted import accepted, no_setting
from config.site import setting_keys


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("port", "a whole number, at least 0 and at most 65535"),
        ("memory.block_cache_mb", "a whole number, at least 1"),
        ("timeouts.wait_s", "a number, more than 0 and at most 86400"),
        ("access_log", "true or false"),
        ("log_format", "one of 'json', 'text'"),
        ("trusted_proxies", "a list of texts"),
        ("public_url", "a text"),
        ("tracing.endpoint", "an address such as 'http://collector:4318/v1/traces', or nothing"),
        ("nothing", ""),
    ],
)
def test_each_kind_has_its_words(key, said):
    assert accepted(key) == said


def test_every_setting_says_what_it_accepts():
    assert all(accepted(key) for key in setting_keys())


def test_an_unknown_key_is_told_what_is_like_it():
    known = ("port", "cache.disk_mb", "memory.gdal_mb")
    assert no_setting("prot", known) == "is no setting; like it are: port"
    assert no_setting("disk_mb", known).endswith("cache.disk_mb")
    assert no_setting("x", known) == f"is no setting; there are: {', '.join(known)}"
