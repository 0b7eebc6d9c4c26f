"""Where a service's instances stand, as the data folder says it."""

import pytest

from config.layers import SettingsError
from config.placement import (
    SHARED,
    Placement,
    dedicated_maximum,
    placement_text,
    read_placement,
)


def service(data, name, text=None, *, published=True):
    home = data / "services" / name
    home.mkdir(parents=True)
    if published:
        (home / "current").write_text("0" * 32, "ascii")
    if text is not None:
        (home / "instances").write_text(text, "utf-8")
    return home


def test_no_file_is_shared_and_what_is_written_is_read(tmp_path):
    home = service(tmp_path, "a")
    assert read_placement(home) == SHARED
    assert str(SHARED) == "shared"
    wanted = Placement(minimum=0, maximum=4)
    (home / "instances").write_text(placement_text(wanted), "ascii")
    assert read_placement(home) == wanted
    assert str(wanted) == "dedicated 0–4"


@pytest.mark.parametrize(
    "text",
    [
        "minimum = ",
        "minimum = 3\nmaximum = 2",
        "maximum = 100000",
        "minimum = -1\nmaximum = 2",
        "most = 3",
        "maximum = 'many'",
        "ä",
    ],
)
def test_what_is_no_placement_is_refused_with_the_file(tmp_path, text):
    home = service(tmp_path, "a", text)
    with pytest.raises(SettingsError, match="instances"):
        read_placement(home)


def test_the_maxima_of_published_services_add_up(tmp_path):
    assert dedicated_maximum(tmp_path) == 0
    home = service(tmp_path, "a", "minimum = 1\nmaximum = 2")
    service(tmp_path, "f/b", "maximum = 3")
    service(tmp_path, "f/shared")
    service(tmp_path, "broken", "maximum = ")
    service(tmp_path, "gone", "maximum = 50", published=False)
    assert dedicated_maximum(tmp_path) == 5
    assert dedicated_maximum(tmp_path, without=home) == 3
