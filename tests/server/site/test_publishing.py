"""Publishing: atomic, reversible, and seen by a registry that follows.

Covers server.site.data_folder and server.site.service_registry too.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from engine.build.zmd_writer import ZmdExtras, write_zmd
from engine.errors import ConfigError, ImageServerError, InvalidParameter
from server.access.sharing import Sharing
from server.access.site import Site
from server.site.publishing import KEPT_VERSIONS, Publisher
from server.site.service_registry import ServiceRegistry
from tests.engine.catalogs import make_item, make_row, make_summary

if TYPE_CHECKING:
    from pathlib import Path

NAMES_REFUSED = [
    "",
    "a/b/c",
    "../x",
    ".hidden",
    "a/.b",
    "a b",
    "ä",
    "a\0",
    "/a",
    "a/",
    "x" * 129,
    "a//b",
]


def _compile(tmp_path: Path, count: int) -> Path:
    out = tmp_path / f"{count}.zmd"
    rows = [make_row(make_item(key)) for key in range(1, count + 1)]
    write_zmd(out, make_summary(), rows, ZmdExtras())
    return out


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def publisher(data: Path) -> Publisher:
    return Publisher(data, lock_wait_s=0.2)


@pytest.fixture
def registry(data: Path) -> ServiceRegistry:
    return ServiceRegistry(data)


def _count(registry: ServiceRegistry, name: str) -> int | None:
    registry.poll()
    service = registry.get(name)
    return None if service is None else service.summary.item_count


def test_a_published_service_is_seen_at_the_next_poll(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    assert registry.poll() is False
    version = publisher.publish(_compile(tmp_path, 1), "folder/one")
    assert registry.poll() is True
    assert registry.poll() is False
    service = registry.get("folder/one")
    assert service is not None
    assert (service.version, service.folder, service.short_name) == (version, "folder", "one")
    assert registry.names() == ["folder/one"]
    assert registry.folders() == ["folder"]
    assert [found.name for found in registry.services("folder")] == ["folder/one"]


def test_the_version_is_of_the_content_alone(tmp_path: Path, publisher: Publisher) -> None:
    first = publisher.publish(_compile(tmp_path, 1), "a")
    assert publisher.publish(_compile(tmp_path, 1), "b") == first
    assert publisher.publish(_compile(tmp_path, 2), "b") != first


@pytest.mark.parametrize("damage", ["cut", "garbage", "page", "empty", "items"])
def test_a_bad_file_leaves_the_old_version_serving(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry, damage: str
) -> None:
    version = publisher.publish(_compile(tmp_path, 1), "a")
    registry.poll()
    bad = tmp_path / "bad.zmd"
    content = bytearray(_compile(tmp_path, 300).read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "garbage":
        content = bytearray(os.urandom(10_000))
    elif damage == "page":
        content[8192:12288] = b"\xaa" * 4096
    elif damage == "empty":
        content = bytearray()
    bad.write_bytes(content)
    if damage == "items":
        write_zmd(bad, make_summary(), [make_row(make_item(1))], ZmdExtras())
        _delete_boxes(bad)
    with pytest.raises(ConfigError, match=r"bad\.zmd"):
        publisher.publish(bad, "a")
    assert publisher.service("a").version == version
    assert registry.poll() is False
    assert _count(registry, "a") == 1
    assert [path.name for path in publisher.service("a").home.glob(".*.part")] == []


def _delete_boxes(path: Path) -> None:
    program = f"import sqlite3; d = sqlite3.connect({str(path)!r}); d.execute('DELETE FROM boxes'); d.commit()"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_version_that_rots_on_disk_leaves_the_last_good_one_serving(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    assert _count(registry, "a") == 1
    publisher.publish(_compile(tmp_path, 2), "a")
    publisher.service("a").path.write_bytes(b"rotten")
    assert _count(registry, "a") == 1
    assert "a" in registry.problems
    publisher.publish(_compile(tmp_path, 3), "a")
    assert _count(registry, "a") == 3
    assert dict(registry.problems) == {}


def test_one_broken_service_does_not_hide_the_others(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    publisher.publish(_compile(tmp_path, 2), "b")
    (publisher.service("a").home / "current").write_text("../../etc/passwd", encoding="ascii")
    registry.poll()
    assert registry.names() == ["b"]
    assert "which is no version" in registry.problems["a"]
    assert publisher.service("a").problem


def test_going_back_leads_through_the_versions_that_served(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    for count in (1, 2, 3):
        publisher.publish(_compile(tmp_path, count), "a")
    publisher.rollback("a")
    assert _count(registry, "a") == 2
    publisher.rollback("a")
    assert _count(registry, "a") == 1
    with pytest.raises(ConfigError, match="no earlier version"):
        publisher.rollback("a")


def test_going_back_from_a_new_version_leads_to_the_one_that_served_before_it(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    for count in (1, 2):
        publisher.publish(_compile(tmp_path, count), "a")
    publisher.rollback("a")
    publisher.publish(_compile(tmp_path, 3), "a")
    publisher.rollback("a")
    assert _count(registry, "a") == 1


def test_a_version_can_be_named_by_its_beginning(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    versions = [publisher.publish(_compile(tmp_path, count), "a") for count in (1, 2, 3)]
    assert publisher.rollback("a", versions[0][:8]) == versions[0]
    assert _count(registry, "a") == 1
    assert publisher.rollback("a", versions[2]) == versions[2]
    with pytest.raises(InvalidParameter, match="version"):
        publisher.rollback("a", "zz")


def test_only_so_many_versions_are_kept_and_none_goes_at_once(
    tmp_path: Path, publisher: Publisher
) -> None:
    versions = [publisher.publish(_compile(tmp_path, n), "a") for n in range(1, 6)]
    assert publisher.versions("a") == versions[-KEPT_VERSIONS:]
    home = publisher.service("a").home
    # The oldest are no longer listed, but a request under way may still read them.
    assert {path.stem for path in home.glob("*.zmd")} == set(versions)


def test_versions_beyond_the_kept_are_swept_by_a_later_change(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [publisher.publish(_compile(tmp_path, n), "a") for n in range(1, 5)]
    monkeypatch.setattr("server.site.publishing._SWEEP_AFTER_S", -1.0)
    versions.append(publisher.publish(_compile(tmp_path, 9), "a"))
    left = {path.stem for path in publisher.service("a").home.glob("*.zmd")}
    assert versions[0] not in left
    assert set(versions[-KEPT_VERSIONS:]) <= left


def test_a_stopped_service_is_not_served_and_comes_back(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    publisher.stop("a")
    assert _count(registry, "a") is None
    assert publisher.service("a").is_stopped
    publisher.publish(_compile(tmp_path, 2), "a")
    assert _count(registry, "a") is None
    publisher.start("a")
    assert _count(registry, "a") == 2


def test_a_renamed_service_keeps_versions_and_state(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    for count in (1, 2):
        publisher.publish(_compile(tmp_path, count), "a")
    registry.poll()
    old = registry.get("a")
    publisher.rename("a", "other/b")
    registry.poll()
    assert registry.names() == ["other/b"]
    publisher.rollback("other/b")
    assert _count(registry, "other/b") == 1
    assert old is not None
    with open(old.path, "rb") as file:  # noqa: PTH123 -- a request under way to the old name still reads
        assert file.read(6) == b"SQLite"


def test_a_deleted_service_is_gone_and_its_name_free(
    tmp_path: Path, publisher: Publisher, registry: ServiceRegistry
) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    publisher.delete("a")
    assert _count(registry, "a") is None
    with pytest.raises(ConfigError, match="a: is no published service; published are: none"):
        publisher.delete("a")
    publisher.publish(_compile(tmp_path, 2), "a")
    assert _count(registry, "a") == 2
    assert len(publisher.versions("a")) == 1


def test_files_of_a_deleted_service_are_swept(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(_compile(tmp_path, 1), "f/a")
    home = publisher.service("f/a").home
    publisher.delete("f/a")
    monkeypatch.setattr("server.site.publishing._SWEEP_AFTER_S", -1.0)
    publisher.publish(_compile(tmp_path, 2), "b")
    assert not home.exists()


@pytest.mark.parametrize("name", NAMES_REFUSED)
def test_names_that_could_leave_the_folder_are_refused(
    tmp_path: Path, publisher: Publisher, data: Path, name: str
) -> None:
    with pytest.raises(InvalidParameter, match="'name': expected NAME or FOLDER/NAME"):
        publisher.publish(_compile(tmp_path, 1), name)
    assert not data.exists()


def test_a_name_cannot_be_a_service_and_a_folder(tmp_path: Path, publisher: Publisher) -> None:
    publisher.publish(_compile(tmp_path, 1), "a/b")
    with pytest.raises(ConfigError, match="is the folder of a/b"):
        publisher.publish(_compile(tmp_path, 1), "a")
    publisher.publish(_compile(tmp_path, 1), "c")
    with pytest.raises(ConfigError, match="'c' is a service"):
        publisher.publish(_compile(tmp_path, 1), "c/d")
    with pytest.raises(ConfigError, match="published service already"):
        publisher.rename("c", "a/b")


def test_changes_of_one_folder_take_turns(tmp_path: Path, publisher: Publisher, data: Path) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    with (data / "services" / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match=r"another change of .* is under way"):
            publisher.stop("a")
    publisher.stop("a")


def test_a_missing_file_is_named(tmp_path: Path, publisher: Publisher) -> None:
    with pytest.raises(ConfigError, match=r"none\.zmd: there is no such file"):
        publisher.publish(tmp_path / "none.zmd", "a")


_WRITER = """
import sys
from pathlib import Path
from server.site.publishing import Publisher
data, *files = map(Path, sys.argv[1:])
print("ready", flush=True)
while True:
    for file in files:
        Publisher(data).publish(file, "a")
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_version(
    tmp_path: Path, data: Path, publisher: Publisher
) -> None:
    files = [_compile(tmp_path, count) for count in (200, 300)]
    publisher.publish(files[0], "a")
    for wait in (0.01, 0.03, 0.05, 0.08):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(data), *map(str, files)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(wait)
        writer.kill()
        writer.wait()
        writer.stdout.close()
        registry = ServiceRegistry(data)
        assert _count(registry, "a") in (200, 300)
        assert dict(registry.problems) == {}
    publisher.publish(files[1], "a")


def test_errors_are_all_of_our_own_tree(publisher: Publisher, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="ascii")
    with pytest.raises(ImageServerError, match="cannot be made"):
        Publisher(blocked / "data").publish(_compile(tmp_path, 1), "a")


def test_who_may_see_a_service_is_read_before_it_appears(
    tmp_path: Path, data: Path, publisher: Publisher
) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    seen: list[list[str]] = []
    registry = ServiceRegistry(data, lambda: seen.append(registry.names()))
    registry.poll()
    registry.poll()
    assert seen == [[]]
    assert registry.names() == ["a"]


def test_services_stay_as_they_are_while_nobody_knows_who_may_see_them(
    tmp_path: Path, data: Path, publisher: Publisher
) -> None:
    def fail() -> None:
        raise ConfigError("site.sqlite", "", "cannot be read")

    publisher.publish(_compile(tmp_path, 1), "a")
    registry = ServiceRegistry(data, fail)
    for _ in range(2):
        with pytest.raises(ConfigError):
            registry.poll()
        assert registry.names() == []


def test_a_renamed_service_is_seen_by_those_who_saw_it(
    tmp_path: Path, data: Path, publisher: Publisher
) -> None:
    publisher.publish(_compile(tmp_path, 1), "a")
    publisher.publish(_compile(tmp_path, 1), "b")
    publisher.rename("b", "c")
    assert not Site(data).path.exists()
    sharing = Sharing(Site(data))
    sharing.share("a", "named", groups=["staff"])
    publisher.rename("a", "folder/a")
    assert sharing.all()["folder/a"] == sharing.all()["a"]
    with pytest.raises(ConfigError):
        publisher.rename("folder/a", "c")
    assert "c" not in sharing.all()
