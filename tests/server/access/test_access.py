"""The door to accounts and permissions."""

from __future__ import annotations

import time

import pytest

from config.settings import AccessSettings
from engine.errors import (
    ConfigError,
    InvalidToken,
    ServiceNotFound,
    SignInFailed,
    TokenRequired,
    TooManyAttempts,
)
from server.access.access import Access
from server.access.api_keys import ApiKeys
from server.access.binding import Binding
from server.access.caller import ANONYMOUS
from server.access.sharing import Sharing
from server.access.signing_keys import SigningKeys
from server.access.users import Users
from tests.server.access.conftest import PASSWORD, PUBLISHED


async def _caller(access, name):
    account = await access.sign_in(name, PASSWORD, "10.0.0.1")
    return access.caller(access.token(account).token)


def test_until_the_site_is_read_nobody_sees_anything(site):
    access = Access(site.path.parent, AccessSettings(), PUBLISHED.__contains__)
    assert not access.is_public("open")
    with pytest.raises(TokenRequired):
        access.check(ANONYMOUS, "open")
    access.open()
    access.check(ANONYMOUS, "open")
    access.close()


async def test_other_settings_are_followed(access):
    access.follow(AccessSettings(new_services="signed-in", longest_token_minutes=1))
    assert not access.is_public("open")
    account = await access.sign_in("ben", PASSWORD, "10.0.0.1")
    assert access.token(account).ends_at <= time.time() + 60
    access.follow(AccessSettings())
    assert access.is_public("open")


def test_a_data_folder_without_a_site_file_gets_one(tmp_path):
    access = Access(tmp_path / "new", AccessSettings(), PUBLISHED.__contains__)
    access.open()
    assert access.is_public("open")
    assert not access.has_accounts
    assert not access.has_administrator
    assert (tmp_path / "new" / "site.sqlite").is_file()
    access.close()


def test_a_data_folder_that_cannot_be_written_is_one_without_accounts(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    access = Access(tmp_path / "file" / "data", AccessSettings(), PUBLISHED.__contains__)
    access.open()
    assert access.is_public("open")
    assert not access.poll()
    assert "no accounts" in caplog.text
    access.close()


def test_a_server_that_cannot_read_who_may_see_what_does_not_start(tmp_path):
    (tmp_path / "site.sqlite").write_text("no database, and longer than a header of one" * 9)
    access = Access(tmp_path, AccessSettings(), PUBLISHED.__contains__)
    with pytest.raises(ConfigError, match=r"site\.sqlite"):
        access.open()
    assert not access.is_public("open")
    access.close()


def test_who_shows_nothing_is_anonymous_and_what_is_none_of_ours_is_refused(access):
    assert access.caller(None) is ANONYMOUS
    assert access.caller("") is ANONYMOUS
    for foreign in ("x", "swath_nothing", "é", "a" * 100_000, "eyJhbGciOiJub25lIn0.e30."):
        with pytest.raises(InvalidToken, match=r"^Invalid Token$"):
            access.caller(foreign)


async def test_roles_and_groups_are_those_of_the_user(access):
    anna, paul, ben = [await _caller(access, name) for name in ("ANNA ", "paul", "ben")]
    assert (anna.name, anna.kind, anna.is_administrator) == ("anna", "user", True)
    assert (paul.is_administrator, paul.is_publisher) == (False, True)
    assert (ben.is_publisher, ben.groups) == (False, {"staff"})


async def test_a_wrong_password_and_an_unknown_name_are_refused_alike(access):
    for name, password in [("anna", "wrong"), ("nobody", PASSWORD), ("", ""), ("x\0", "\ud800")]:
        with pytest.raises(SignInFailed, match="Invalid username or password"):
            await access.sign_in(name, password, "10.0.0.1")
    assert access.sign_ins_failed == 4


async def test_many_wrong_passwords_lock_the_account(access):
    for _ in range(10):
        with pytest.raises(SignInFailed):
            await access.sign_in("anna", "wrong", "10.0.0.1")
    with pytest.raises(TooManyAttempts):
        await access.sign_in("anna", PASSWORD, "10.0.0.2")
    await access.sign_in("ben", PASSWORD, "10.0.0.1")


@pytest.mark.parametrize(
    "change",
    [
        lambda site: Users(site).set_password("ben", "other-" + PASSWORD),
        lambda site: Users(site).sign_out("ben"),
        lambda site: Users(site).remove("ben"),
        lambda site: (Users(site).remove("ben"), Users(site).add("ben", PASSWORD)),
        lambda site: SigningKeys(site).rotate(at_once=True),
    ],
)
async def test_what_ends_tokens_ends_them_at_the_next_poll(access, site, change):
    account = await access.sign_in("ben", PASSWORD, "")
    token = access.token(account).token
    assert access.caller(token).name == "ben"
    change(site)
    assert access.poll()
    with pytest.raises(InvalidToken):
        access.caller(token)
    assert not access.poll()


async def test_tokens_outlive_a_change_of_the_signing_key(access, site):
    old = access.token(await access.sign_in("ben", PASSWORD, ""))
    SigningKeys(site).rotate()
    access.poll()
    new = access.token(await access.sign_in("ben", PASSWORD, ""))
    assert access.caller(old.token).name == access.caller(new.token).name == "ben"
    SigningKeys(site).rotate()
    access.poll()
    assert access.caller(old.token).name == access.caller(new.token).name == "ben"


async def test_changes_of_roles_and_groups_count_for_tokens_that_are_out(access, site):
    token = access.token(await access.sign_in("ben", PASSWORD, "")).token
    Users(site).set_role("ben", "publisher")
    Users(site).set_groups("ben", ["guests", "Guests", "staff"])
    access.poll()
    ben = access.caller(token)
    assert ben.is_publisher
    assert ben.groups == {"guests", "staff"}


async def test_a_bound_token_is_good_where_it_is_bound_to_also_when_remembered(access):
    account = await access.sign_in("ben", PASSWORD, "")
    token = access.token(account, Binding(referer="https://map.example", ip="10.0.0.7")).token
    for _ in range(2):
        assert access.caller(token, "https://map.example/a", "10.0.0.7").name == "ben"
        for referer, address in [("https://map.example/", "10.0.0.8"), ("", "10.0.0.7")]:
            with pytest.raises(InvalidToken):
                access.caller(token, referer, address)


async def test_a_token_ends_also_when_it_is_remembered(access, monkeypatch):
    issued = access.token(await access.sign_in("ben", PASSWORD, ""), minutes=1)
    assert access.caller(issued.token).name == "ben"
    monkeypatch.setattr(time, "time", lambda: float(issued.ends_at))
    with pytest.raises(InvalidToken):
        access.caller(issued.token)


async def test_how_long_tokens_last(make_access):
    access = make_access(token_minutes=5, longest_token_minutes=10)
    account = await access.sign_in("ben", PASSWORD, "")
    for asked, given in [(None, 5), (1, 1), (10, 10), (500_000, 10)]:
        lasts = access.token(account, minutes=asked).ends_at - time.time()
        assert abs(lasts - 60 * given) < 5


def _seen(access, caller):
    return access.visible(caller, sorted(PUBLISHED))


async def test_who_sees_what(access, site):
    sharing = Sharing(site)
    sharing.share("land/hidden", "named", users=["Cleo"])
    sharing.share("land/staff", "named", groups=["staff"])
    sharing.share("sea/", "signed-in")
    assert access.poll()
    for_all = ["land/forest", "open"]
    assert _seen(access, ANONYMOUS) == for_all
    assert _seen(access, await _caller(access, "ben")) == [
        "land/forest",
        "land/staff",
        "open",
        "sea/depth",
    ]
    assert _seen(access, await _caller(access, "cleo")) == [
        "land/forest",
        "land/hidden",
        "open",
        "sea/depth",
    ]
    for name in ("anna", "paul"):
        assert _seen(access, await _caller(access, name)) == sorted(PUBLISHED)


async def test_a18_hidden_and_missing_services_are_told_alike(access, site):
    Sharing(site).share("land/hidden", "named", users=["cleo"])
    Sharing(site).share("sea/", "signed-in")
    access.poll()
    ben = await _caller(access, "ben")
    for hidden, missing in [("land/hidden", "land/nothing"), ("sea/depth", "sea/nothing")]:
        for name in (hidden, missing):
            with pytest.raises(TokenRequired):
                access.check(ANONYMOUS, name)
    told = []
    for name in ("land/hidden", "land/nothing"):
        with pytest.raises(ServiceNotFound) as refused:
            access.check(ben, name)
        told.append(str(refused.value).replace(name, ""))
    assert told[0] == told[1]
    with pytest.raises(ServiceNotFound):
        access.check(ANONYMOUS, "air/nothing")
    access.check(ANONYMOUS, "land/forest")
    access.check(ben, "sea/depth")


async def test_services_for_which_nothing_was_said(make_access):
    for default, anonymous, ben in [
        ("public", 5, 5),
        ("signed-in", 0, 5),
        ("private", 0, 0),
    ]:
        access = make_access(new_services=default)
        assert len(_seen(access, ANONYMOUS)) == anonymous
        assert len(_seen(access, await _caller(access, "ben"))) == ben
        assert len(_seen(access, await _caller(access, "paul"))) == 5


def test_keys_see_what_they_may(access, site):
    Sharing(site).share("land/", "signed-in")
    Sharing(site).share("land/staff", "named", groups=["staff"])
    Sharing(site).share("sea/depth", "named")
    keys = ApiKeys(site)
    plain, staff = keys.create("plain"), keys.create("staff", groups=["staff"])
    limited = keys.create("limited", "publisher", services=["sea/depth", "air/"])
    whole = keys.create("whole", "publisher")
    access.poll()
    assert access.caller(plain).name == "key:plain"
    assert access.caller(plain).kind == "key"
    assert _seen(access, access.caller(plain)) == ["land/forest", "land/hidden", "open"]
    assert "land/staff" in _seen(access, access.caller(staff))
    assert _seen(access, access.caller(limited)) == ["open", "sea/depth"]
    assert access.may_see(access.caller(limited), "air/wind")
    assert _seen(access, access.caller(whole)) == sorted(PUBLISHED)
    keys.revoke("plain")
    access.poll()
    with pytest.raises(InvalidToken):
        access.caller(plain)


def test_a_key_ends(access, site, monkeypatch):
    key = ApiKeys(site).create("short", days=0.5)
    access.poll()
    assert access.caller(key).name == "key:short"
    ends = time.time() + 43_201
    monkeypatch.setattr(time, "time", lambda: ends)
    with pytest.raises(InvalidToken):
        access.caller(key)


def test_a_site_file_that_is_gone_opens_nothing(access, site):
    Sharing(site).share("open", "named")
    access.poll()
    kept = site.path.with_suffix(".kept")
    site.path.rename(kept)
    for _ in range(3):
        with pytest.raises(ConfigError):
            access.poll()
        assert not access.is_public("open")
    assert not site.path.exists()
    kept.rename(site.path)
    assert access.poll()
    assert not access.is_public("open")


def test_another_site_file_in_its_place_counts(access, site, tmp_path):
    other = type(site)(tmp_path / "other")
    Sharing(other).share("open", "named")
    assert access.is_public("open")
    other.path.rename(site.path)
    assert access.poll()
    assert not access.is_public("open")
    assert not access.has_accounts
