"""A catalog in PostGIS: authors who meet, databases that are not as they should be, copies."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

import psycopg
import pytest

from engine.build import postgis_database
from engine.build.definition_folder import DefinitionFolder
from engine.build.postgis_address import parse_address
from engine.build.postgis_database import PostgisDatabase
from engine.build.raster_record import NewItem, RasterDefinition, SourceDefinition
from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_numbers = count()


@pytest.fixture
def catalog(postgis: str) -> str:
    return f"{postgis}&schema=p{next(_numbers)}"


@pytest.fixture
def folder(catalog: str, tmp_path: Path) -> DefinitionFolder:
    return DefinitionFolder.create(tmp_path / "d.isdef", catalog=catalog)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgis_database, "WAIT_S", 0.2)


def _item(name: str) -> NewItem:
    source = SourceDefinition(path=f"/data/{name}.tif")
    return NewItem(name=name, raster=RasterDefinition(raster_type="t", sources=(source,)))


@pytest.mark.usefixtures("impatient")
def test_a_second_author_is_told_who_is_at_work(folder: DefinitionFolder) -> None:
    with folder.table() as first, folder.table() as second:
        with first.batch():
            first.insert(_item("a"))
        with pytest.raises(ConfigError, match="being changed by postgres from this machine since"):
            second.batch().__enter__()
        assert second.count() == 1
    with folder.table() as third, third.batch():
        third.insert(_item("b"))
        assert third.count() == 2


@pytest.mark.usefixtures("impatient")
def test_a_row_that_an_editor_holds_is_no_riddle(folder: DefinitionFolder, catalog: str) -> None:
    with folder.table() as table:
        fid = table.insert(_item("a"))
        address = parse_address(catalog, "d")
        with psycopg.connect(address.connection) as editor:
            editor.execute(f'UPDATE {address.schema}.footprints SET "Tag" = %s', ("x",))
            with pytest.raises(ConfigError, match="changed by another program"):
                table.update(fid, {"Tag": "y"})
            editor.commit()
        table.update(fid, {"ZOrder": 1.0})
        row = table.row(fid)
    assert row is not None
    assert (row.attributes["Tag"], row.attributes["ZOrder"]) == ("x", 1.0)


def test_authors_at_once_lose_nothing(folder: DefinitionFolder) -> None:
    failed: list[ConfigError] = []

    def author(name: str) -> None:
        for number in range(5):
            try:
                with folder.table() as table, table.batch():
                    for part in range(10):
                        table.insert(_item(f"{name}{number}-{part}"))
            except ConfigError as err:
                failed.append(err)

    threads = [threading.Thread(target=author, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with folder.table() as table:
        rows = list(table.rows())
    assert len(rows) == len({row.id for row in rows}) == len({row.name for row in rows}) == 150


def test_a_connection_that_breaks_in_a_batch_leaves_nothing_of_it(
    folder: DefinitionFolder, postgis: str
) -> None:
    def broken() -> None:
        with folder.table() as table, table.batch():
            table.insert(_item("a"))
            pid = table.execute("SELECT pg_backend_pid()").fetchone()[0]
            with psycopg.connect(postgis, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (pid,))
            table.insert(_item("b"))

    with pytest.raises(ConfigError, match="cannot be read or written"):
        broken()
    with folder.table() as table, table.batch():
        assert table.count() == 0
        assert table.insert(_item("c")) > 1


def test_a_schema_in_use_is_refused_and_left_alone(catalog: str, tmp_path: Path) -> None:
    first = DefinitionFolder.create(tmp_path / "d.isdef", catalog=catalog)
    with first.table() as table:
        table.insert(_item("a"))
    with pytest.raises(ConfigError, match="is not empty; name another one"):
        DefinitionFolder.create(tmp_path / "e.isdef", catalog=catalog)
    assert list((tmp_path / "e.isdef").iterdir()) == []
    with first.table() as table:
        assert table.count() == 1


def test_a_schema_that_is_gone_is_named(folder: DefinitionFolder, catalog: str) -> None:
    address = parse_address(catalog, "d")
    with psycopg.connect(address.connection, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {address.schema} CASCADE")
    with pytest.raises(ConfigError, match="footprints missing"):
        folder.table()


def test_a_database_without_postgis_is_refused(postgis: str, catalog: str) -> None:
    with psycopg.connect(postgis, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS plain")
        connection.execute("CREATE DATABASE plain")
    address = parse_address(postgis.replace("/imagery?", "/plain?"), "d")
    with pytest.raises(ConfigError, match="CREATE EXTENSION postgis"):
        PostgisDatabase(address)


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = parse_address(f"postgresql:///imagery?host={tmp_path}", "d")
    with pytest.raises(ConfigError, match="No such file or directory"):
        PostgisDatabase(address)


def test_the_password_comes_from_the_environment_or_a_service(
    postgis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(postgis, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE careful LOGIN PASSWORD 'open-sesame';"
            " EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.execute("GRANT CREATE ON DATABASE imagery TO careful")
    careful = postgis.replace("user=postgres", "user=careful")
    with pytest.raises(ConfigError, match="PGPASSWORD"):
        DefinitionFolder.create(tmp_path / "a.isdef", catalog=careful)
    monkeypatch.setenv("PGPASSWORD", "open-sesame")
    made = DefinitionFolder.create(tmp_path / "careful_a.isdef", catalog=careful)
    with made.table() as table:
        table.insert(_item("a"))
        assert table.set_crs("EPSG:32633") == 32633
    assert "open-sesame" not in made.toml.read_text()
    monkeypatch.delenv("PGPASSWORD")
    host = postgis.partition("host=")[2].partition("&")[0]
    services = tmp_path / "services.conf"
    services.write_text(
        f"[imagery]\nhost={host}\ndbname=imagery\nuser=careful\npassword=open-sesame\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    by_service = DefinitionFolder.create(tmp_path / "careful_b.isdef", catalog="service=imagery")
    assert 'catalog = "service=imagery schema=careful_b"' in by_service.toml.read_text()
    with by_service.table() as table:
        assert table.insert(_item("b")) == 1
