"""Sources of settings, one over the other."""

import pytest

from config.layers import Layer, Layers, SettingsError, dotted, nested

FILE = Layer("file", "swath.toml", {"port": 1, "memory": {"scratch_mb": 300, "gdal_mb": 5}})
SITE = Layer("site", "system.toml", {"instances": 3, "memory": {"gdal_mb": 7}})


def test_the_last_to_say_a_key_decides_and_is_named():
    layers = Layers((FILE,)).over(SITE)
    settings = layers.merged()
    assert (settings.port, settings.instances) == (1, 3)
    assert (settings.memory.scratch_mb, settings.memory.gdal_mb) == (300, 7)
    assert layers.kinds() == {
        "port": "file",
        "memory.scratch_mb": "file",
        "instances": "site",
        "memory.gdal_mb": "site",
    }


def test_a_wrong_value_names_its_source():
    layers = Layers((FILE,)).over(Layer("site", "system.toml", {"memory": {"gdal_mb": 0}}))
    with pytest.raises(SettingsError, match=r"system.toml: memory.gdal_mb: 0 .* at least 1"):
        layers.merged()


def test_keys_are_the_same_with_dots_and_with_tables():
    values = {"port": 1, "memory": {"gdal_mb": 5}}
    assert list(dotted(values)) == ["port", "memory.gdal_mb"]
    assert nested({"port": 1, "memory.gdal_mb": 5}) == values
