"""Reading the services of a data folder again and again."""

import os

from server.site.data_folder import DataFolder, EntryReader

VERSIONS = ("0" * 32, "1" * 32)


def service(data, name, version=VERSIONS[0]):
    home = data / "services" / name
    home.mkdir(parents=True)
    (home / "current").write_text(version)
    age(home)
    return home


def age(home):
    os.utime(home, (1_000_000_000, 1_000_000_000 + len(list(home.iterdir()))))


def test_what_has_not_changed_is_not_read_again(tmp_path):
    service(tmp_path, "a")
    inner = service(tmp_path, "f/b")
    reader = EntryReader(DataFolder(tmp_path))
    first = list(reader.entries())
    assert [entry.name for entry in first] == ["a", "f/b"]
    assert all(one is other for one, other in zip(first, reader.entries(), strict=True))
    (inner / "new").write_text(VERSIONS[1])
    (inner / "new").rename(inner / "current")
    again = list(reader.entries())
    assert again[0] is first[0]
    assert again[1].version == VERSIONS[1]


def test_a_time_too_young_to_tell_changes_apart_is_not_relied_on(tmp_path):
    home = service(tmp_path, "a")
    (home / "stopped").touch()
    at = home.stat().st_mtime_ns
    reader = EntryReader(DataFolder(tmp_path))
    assert [entry.is_stopped for entry in reader.entries()] == [True]
    (home / "stopped").unlink()
    os.utime(home, ns=(at, at))
    assert [entry.is_stopped for entry in reader.entries()] == [False]


def test_services_that_go_and_come_are_seen(tmp_path):
    home = service(tmp_path, "f/a")
    reader = EntryReader(DataFolder(tmp_path))
    assert [entry.name for entry in reader.entries()] == ["f/a"]
    home.rename(tmp_path / "services" / "f" / "b")
    assert [entry.name for entry in reader.entries()] == ["f/b"]
    assert DataFolder(tmp_path).names_in("f") == ["f/b"]
    assert DataFolder(tmp_path).names_in("g") == []
