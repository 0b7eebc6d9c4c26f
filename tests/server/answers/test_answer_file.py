"""One kept picture as a file."""

import time

import pytest

from server.answers.answer_file import DamagedFile, decode, encode, name_of
from server.instances.job import Reply

KEY = ("f" * 32, "test/picture", b"question")
REPLY = Reply(media_type="image/png", body=bytes(range(256)) * 40, headers=(("X-A", "b"),))


def whole():
    return encode(KEY, REPLY) + bytes(REPLY.body)


def test_an_answer_comes_back_with_its_age():
    old = Reply(media_type="a/b", body=b"x", made=time.monotonic() - 100)
    found = decode(KEY, encode(KEY, old) + b"x")
    assert (found.media_type, found.body) == ("a/b", b"x")
    assert time.monotonic() - found.made == pytest.approx(100, abs=5)
    assert decode(KEY, whole()).headers == (("X-A", "b"),)


@pytest.mark.parametrize("length", [0, 3, 20, 27, 28, 60, 200, len(whole()) - 1])
def test_a_cut_file_is_no_answer(length):
    with pytest.raises(DamagedFile):
        decode(KEY, whole()[:length])


def test_one_wrong_bit_anywhere_is_found():
    data = whole()
    for place in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[place] ^= 1
        with pytest.raises(DamagedFile):
            decode(KEY, bytes(damaged))


def test_bytes_behind_the_end_are_found():
    with pytest.raises(DamagedFile):
        decode(KEY, whole() + b"\0")


def test_the_answer_to_another_question_is_none():
    other = ("e" * 32, *KEY[1:])
    with pytest.raises(DamagedFile, match="another question"):
        decode(other, whole())
    assert name_of(other) != name_of(KEY)
    assert name_of(("f" * 32, "test/picture", b"question ")) != name_of(KEY)
