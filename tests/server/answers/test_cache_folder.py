"""Whose the folder of a disk cache is, and what is swept from it."""

import os

import pytest

from engine.errors import ConfigError
from server.answers.cache_folder import TAG, CacheFolder, disk_bytes

VERSION = "a" * 32


@pytest.fixture
def folder(tmp_path):
    found = CacheFolder(tmp_path / "cache")
    found.claim()
    yield found
    found.release()


def put(folder, service, name, data=b"x", used=None):
    file = folder.file(service, VERSION, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    if used is not None:
        os.utime(file, (used, used))
    return file


def test_a_new_folder_is_for_its_owner_alone_and_says_what_it_is(folder):
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / TAG).read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ConfigError, match=r"cache\.folder: holds other files"):
        CacheFolder(tmp_path).claim()
    assert [file.name for file in tmp_path.iterdir()] == ["letters.txt"]


def test_one_server_has_it_at_a_time(folder):
    other = CacheFolder(folder.path)
    with pytest.raises(OSError, match="another server"):
        other.claim()
    assert not other.is_claimed
    folder.release()
    other.claim()
    assert other.is_claimed
    other.release()


def test_a_folder_that_somebody_removed_is_made_again(folder):
    (folder.path / TAG).unlink()
    folder.path.rmdir()
    folder.renew()
    assert folder.is_cache()
    assert folder.is_claimed


def test_sweeping_leaves_pictures_alone_in_the_order_of_their_use(folder):
    put(folder, "one", b"\x01" * 16, used=300)
    put(folder, "folder/two", b"\x02" * 16, data=bytes(5000), used=100)
    put(folder, "one", b"\x03" * 16, used=200)
    leftovers = [
        folder.file("one", VERSION, b"\x04" * 16).with_suffix(".dead.part"),
        folder.path / "strange" / "file",
        folder.path / "x.tif",
    ]
    for leftover in leftovers:
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.write_bytes(b"x")
    writing = put(folder, "one", b"\x05" * 16).with_suffix(".mine.part")
    writing.write_bytes(b"x")
    found = folder.sweep(".mine.part")
    assert [(each.service, each.name[0]) for each in found[:3]] == [
        ("folder/two", 2),
        ("one", 3),
        ("one", 1),
    ]
    assert found[0].size == disk_bytes(5000) == 8192
    assert found[0].version == VERSION
    assert not any(leftover.exists() for leftover in leftovers)
    assert not (folder.path / "strange").exists()
    assert writing.exists()
    assert folder.is_cache()


def test_looking_removes_nothing(folder):
    file = put(folder, "one", b"\x01" * 16)
    strange = folder.path / "strange"
    strange.write_bytes(b"x")
    assert [each.service for each in folder.pictures()] == ["one"]
    assert strange.exists()
    folder.remove("two")
    assert file.exists()
    folder.remove("one", VERSION)
    assert not file.exists()


def test_all_pictures_go_and_the_folder_stays_a_cache(folder):
    put(folder, "one", b"\x01" * 16)
    put(folder, "folder/two", b"\x02" * 16)
    folder.remove_all()
    assert [file.name for file in folder.path.iterdir()] == [TAG]
