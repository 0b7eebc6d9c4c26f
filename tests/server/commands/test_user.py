"""`swath user`, `swath key` and `swath service share`, as a person types them.

Covers server.commands.key, server.commands.service_share and server.commands.account_options too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from engine.errors import ImageServerError, InvalidParameter
from server.access.api_keys import ApiKeys
from server.access.passwords import WeakPassword
from server.access.sharing import Sharing
from server.access.signing_keys import read_signing_keys
from server.access.site import Site
from server.access.users import Users
from server.cli import app

if TYPE_CHECKING:
    from pathlib import Path

PASSWORD = "clay-pigeon-42"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def _run(site: Site, *arguments: str, said: str = "") -> str:
    command = [*arguments, "--data", str(site.path.parent)]
    ran = CliRunner().invoke(app, command, input=said)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def _refused(site: Site, *arguments: str, said: str = "") -> str:
    command = [*arguments, "--data", str(site.path.parent)]
    ran = CliRunner().invoke(app, command, input=said)
    assert ran.exit_code != 0
    if isinstance(ran.exception, ImageServerError):
        return str(ran.exception)
    return ran.output


def test_looking_makes_no_file(site: Site) -> None:
    assert "swath user add" in _run(site, "user", "list")
    assert "swath key create" in _run(site, "key", "list")
    assert "as the server says" in _run(site, "service", "share", "a/b")
    assert not site.path.exists()


def test_a_users_life(site: Site) -> None:
    added = _run(
        site, "user", "add", "Anna", "--role", "publisher", "--groups", "b, a", said=f"{PASSWORD}\n"
    )
    assert PASSWORD not in added
    assert re.search(r"anna +publisher +a, b ", _run(site, "user", "list"))
    _run(site, "user", "role", "anna", "administrator")
    _run(site, "user", "groups", "anna", "")
    assert re.search(r"anna +administrator +- ", _run(site, "user", "list"))
    _run(site, "user", "password", "anna", said="another-pigeon-43\r\n")
    _run(site, "user", "signout", "anna")
    assert "Remove user" in _refused(site, "user", "remove", "anna", said="n\n")
    _run(site, "user", "remove", "anna", "--yes")
    assert Users(site).all() == []


def test_mistakes_are_told_before_a_password_is_asked_for(site: Site) -> None:
    Users(site).add("anna", PASSWORD)
    assert "no user has yet" in _refused(site, "user", "add", "Anna")
    assert "administrator, publisher, user" in _refused(site, "user", "add", "b", "--role", "x")
    assert "letters, digits" in _refused(site, "user", "add", "b c")
    assert "the name of a user" in _refused(site, "user", "password", "ben")
    for command in (["role", "ben", "user"], ["groups", "ben", "a"], ["signout", "ben"]):
        assert "the name of a user" in _refused(site, "user", *command)
    assert "--all" in _refused(site, "user", "signout")
    assert "--all" in _refused(site, "user", "signout", "anna", "--all")


@pytest.mark.parametrize("password", ["", "short", "x" * 300, "password123"])
def test_weak_passwords_are_refused_and_not_shown(site: Site, password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        _run(site, "user", "add", "anna", said=f"{password}\n")
    assert not password or password not in str(refused.value)
    assert Users(site).all() == []


def test_a_key_is_shown_once(site: Site) -> None:
    key = _run(site, "key", "create", "harvest", "--services", "a/b,c/", "--days", "2").strip()
    assert re.fullmatch(r"swath_[A-Za-z0-9]{43}", key)
    listed = _run(site, "key", "list")
    assert re.search(r"harvest +user +- +a/b, c/ +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d", listed)
    assert key not in listed
    assert "no key has yet" in _refused(site, "key", "create", "harvest")
    for days in ("0", "-1", "nan", "inf", "1e300", "x"):
        assert "--days" in _refused(site, "key", "create", "b", "--days", days)
    _run(site, "key", "revoke", "harvest")
    assert "the name of a key" in _refused(site, "key", "revoke", "harvest")
    assert ApiKeys(site).all() == []


def test_the_signing_key_is_changed(site: Site) -> None:
    site.create()

    def kept() -> list[bytes]:
        with site.reading() as handle:
            return [key.secret for key in read_signing_keys(handle)]

    first = kept()
    _run(site, "key", "rotate")
    assert kept()[1:] == first
    _run(site, "key", "rotate", "--now")
    assert len(kept()) == 1
    last = kept()
    _run(site, "user", "signout", "--all")
    assert len(kept()) == 1
    assert kept() != last


def test_services_and_folders_are_shared(site: Site) -> None:
    Users(site).add("anna", PASSWORD)
    assert "users anna and groups staff" in _run(
        site, "service", "share", "a/b", "--users", "Anna", "--groups", "staff"
    )
    assert "signed-in" in _run(site, "service", "share", "a/", "--signed-in")
    assert "(as a/ says)" in _run(site, "service", "share", "a/c")
    assert "private" in _run(site, "service", "share", "a/c", "--private")
    assert "public" in _run(site, "service", "share", "a/c", "--public")
    assert "(as a/ says)" in _run(site, "service", "share", "a/c", "--inherit")
    assert set(Sharing(site).all()) == {"a/", "a/b"}
    _run(site, "service", "share", "/", "--private")
    assert "(as / says)" in _run(site, "service", "share", "root")


def test_slips_of_sharing_are_told(site: Site) -> None:
    ran = CliRunner().invoke(
        app, ["service", "share", "a/b", "--groups", "stuff", "--data", str(site.path.parent)]
    )
    assert "Nobody is in group stuff yet" in ran.stderr
    assert "a/b is not published yet" in ran.stderr
    assert "give one of" in _refused(site, "service", "share", "a", "--public", "--private")
    assert "give one of" in _refused(site, "service", "share", "a", "--public", "--users", "b")
    assert "names of users" in _refused(site, "service", "share", "a", "--users", "nobody")
    with pytest.raises(InvalidParameter):
        _run(site, "service", "share", "../a", "--public")


def test_a_folder_meant_as_a_service_and_a_typing_error_are_told(site: Site) -> None:
    home = site.path.parent / "services/imagery/island"
    home.mkdir(parents=True)
    (home / "current").write_text("0" * 32, "ascii")

    def said(*arguments: str) -> str:
        ran = CliRunner().invoke(app, [*arguments, "--data", str(site.path.parent)])
        assert ran.exit_code == 0, ran.output
        return ran.stderr

    assert "is no service but a folder" in said("service", "share", "imagery", "--private")
    assert "imagery/" in said("service", "share", "imagery", "--private")
    assert "Like it are: imagery/island" in said("service", "share", "imagery/islnd", "--private")
    assert said("service", "share", "imagery/", "--private") == ""
    assert said("service", "share", "/", "--private") == ""
    assert "imagery/isle is not published" in said(
        "key", "create", "k", "--services", "imagery/isle"
    )
    assert "Like it are" in said("cache", "show", "imagery/islands")
    assert said("cache", "show", "imagery/island") == ""


def test_a_slip_in_the_data_folder_is_told(tmp_path: Path) -> None:
    site = Site(tmp_path / "slip")
    for command in ("user", "key", "service", "connection"):
        assert "slip, which is no folder" in _run(site, command, "list")
    assert "slip, a new data folder" in _run(site, "user", "add", "anna", said=f"{PASSWORD}\n")
    assert "new data folder" not in _run(site, "user", "add", "ben", said=f"{PASSWORD}\n")
