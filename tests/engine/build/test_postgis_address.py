"""Addresses of catalogs in PostgreSQL."""

from __future__ import annotations

import pytest

from engine.build.postgis_address import default_schema, parse_address
from engine.errors import ConfigError

SECRET = "open-sesame"


@pytest.mark.parametrize(
    ("text", "connection", "schema", "kept"),
    [
        ("postgresql://h/db", "postgresql://h/db", "d", "postgresql://h/db?schema=d"),
        ("postgres://h:1/db?schema=x", "postgres://h:1/db", "x", "postgres://h:1/db?schema=x"),
        (
            "postgresql:///db?host=/run/pg&schema=x&user=u",
            "postgresql:///db?host=/run/pg&user=u",
            "x",
            "postgresql:///db?host=/run/pg&user=u&schema=x",
        ),
        ("service=s", "service=s", "d", "service=s schema=d"),
        ("service=s schema='x_1'", "service=s", "x_1", "service=s schema=x_1"),
        ("host=h dbname=db", "host=h dbname=db", "d", "host=h dbname=db schema=d"),
    ],
)
def test_parts_of_an_address(text: str, connection: str, schema: str, kept: str) -> None:
    found = parse_address(text, "d")
    assert (found.connection, found.schema, found.text) == (connection, schema, kept)
    assert parse_address(found.text, "other") == found


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://anna:{SECRET}@h/db",
        f"postgresql://h/db?password={SECRET}",
        f"host=h dbname=db password={SECRET}",
        f"host=h dbname=db sslpassword={SECRET}",
    ],
)
def test_a_password_is_refused_with_what_to_do_instead(text: str) -> None:
    with pytest.raises(ConfigError, match=r"PGPASSWORD.*pgpass.*pg_service") as caught:
        parse_address(text, "d")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "catalog.gpkg", "postgresql://h/db?colour=red", "mysql://h/db"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no address of a PostgreSQL database"):
        parse_address(text or "nothing", "d")


@pytest.mark.parametrize("schema", ["public", "pg_temp", 'x"; DROP', "Großes", "1a", "a" * 64])
def test_schemas_that_cannot_be_are_refused(schema: str) -> None:
    with pytest.raises(ConfigError, match="cannot be the schema"):
        parse_address(f"service=s schema='{schema}'", "d")


@pytest.mark.parametrize(
    ("definition", "schema"),
    [
        ("Ortho 2020", "ortho_2020"),
        ("2020", "swath_2020"),
        ("public", "swath_public"),
        ("ÄÖ", "catalog"),
        ("pg_x", "swath_pg_x"),
    ],
)
def test_a_schema_is_named_after_its_definition(definition: str, schema: str) -> None:
    assert default_schema(definition) == schema
    assert parse_address("service=s", definition).schema == schema
