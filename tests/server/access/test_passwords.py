"""Passwords: what is strong enough, how they are kept and compared."""

from __future__ import annotations

import pytest

from server.access.passwords import WeakPassword, check_strength, hashed, is_right


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "fewer than 10"),
        ("short-pw9", "fewer than 10"),
        ("x" * 257, "more than 256"),
        ("Password123", "commonest"),
        ("1234567890", "commonest"),
        ("aaaaaaaaaaaa", "4 different"),
        ("Annabella01", "name of the user"),
        ("annabellaannabella", "name of the user"),
        ("line\nbreak-in-it", "control"),
    ],
)
def test_weak_passwords_are_refused_and_not_repeated(password, why):
    with pytest.raises(WeakPassword, match=why) as refused:
        check_strength("annabella", password)
    assert not password or password not in str(refused.value)


def test_long_ones_of_any_letters_are_accepted():
    for password in (
        "clay-pigeon-42",
        "Käse mit Löchern",
        "只要够长就可以的密码哦",
        "annabella und ein Regen",
    ):
        check_strength("annabella", password)


def test_what_is_kept_does_not_tell_the_password():
    one, other = hashed("clay-pigeon-42"), hashed("clay-pigeon-42")
    assert one != other
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_right(one, "clay-pigeon-42")
    assert not is_right(one, "clay-pigeon-43")


def test_a_password_is_right_however_the_keyboard_writes_its_letters():
    assert is_right(hashed("Käse mit Löchern"), "Käse mit Löchern")


def test_nobody_and_what_cannot_be_read_have_no_right_password():
    assert not is_right(None, "clay-pigeon-42")
    assert not is_right("", "")
    assert not is_right("$argon2id$broken", "x")
    assert not is_right(hashed("clay-pigeon-42"), "\ud800")
