"""definition.toml: every property with its line, and messages that name file and key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import pytest

from config.definition import ServiceProperties
from engine.build.definition_file import default_text, read_properties
from engine.build.definition_notes import HEADINGS, NOTES  # engine.build.definition_notes
from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_every_property_has_a_note_and_is_written() -> None:
    names = [field.name for field in msgspec.structs.fields(ServiceProperties)]
    assert sorted(names) == sorted(NOTES)
    assert set(HEADINGS) <= set(names)
    text = default_text(ServiceProperties())
    for name in names:
        assert re.search(rf"^(# )?{name} =", text, re.MULTILINE), name


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "definition.toml"
    given = ServiceProperties(
        title='With "quotes" = and ü', crs="EPSG:32633", band_names=("a", "b"), thematic=True
    )
    path.write_text(default_text(given), encoding="utf-8")
    assert read_properties(path) == given


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ("jpeg_qualty = 75", "service", "jpeg_qualty"),
        ("jpeg_quality = 'high'", "service.jpeg_quality", "int"),
        ("jpeg_quality = 0", "service.jpeg_quality", "1 and 100"),
        ("mosaic_method = 'Best'", "service.mosaic_method", "Best"),
        ("crs = 'EPSG:999999'", "service.crs", "999999"),
        ("crs = 'http://127.0.0.1/crs'", "service.crs", "EPSG or ESRI"),
        ("pixel_type = 'U9'", "service.pixel_type", "F32"),
        ("percent_clip = [98.0, 2.0]", "service.percent_clip", "rising"),
        ("picture_bands = [0, 1, 2]", "service.picture_bands", "from 1"),
        ("max_image_width = 0", "service.max_image_width", "less than 1"),
        ("grid_tolerance_px = nan", "service.grid_tolerance_px", "at most 1"),
        ("mosaic_method = 'LockRaster'", "service.lock_raster_ids", "OBJECTIDs"),
        ("bands = -1", "service.bands", "4096"),
        ("tile_scheme = 'mars'", "service.tile_scheme", "geographic"),
        ("tile_size = 300", "service.tile_size", "256 or 512"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_what_is_accepted(
    tmp_path: Path, line: str, key: str, says: str
) -> None:
    path = tmp_path / "definition.toml"
    path.write_text(f"[service]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        read_properties(path)
    file, found, why = caught.value.fields
    assert file == str(path)
    assert found == key
    assert says in why


def test_what_is_no_toml_or_has_other_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "definition.toml"
    path.write_text("[service\n")
    with pytest.raises(ConfigError, match="not TOML"):
        read_properties(path)
    path.write_text("[colours]\n")
    with pytest.raises(ConfigError, match="unknown table"):
        read_properties(path)
    with pytest.raises(ConfigError, match="No such file"):
        read_properties(tmp_path / "none.toml")
