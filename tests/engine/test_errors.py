"""Errors keep their fields over a process border, and say name, value and what is accepted."""

from __future__ import annotations

import msgspec
import pytest

from engine import errors
from engine.errors import (
    AccessError,
    Cancelled,
    ConfigError,
    DeadlineExceeded,
    Forbidden,
    FunctionFailed,
    ImageServerError,
    InstanceLost,
    InternalError,
    InvalidParameter,
    InvalidToken,
    ItemNotFound,
    NotFound,
    NoTiles,
    Overloaded,
    Quarantined,
    RequestError,
    RequestTooLarge,
    ServiceNotFound,
    SignInFailed,
    SourceCorrupt,
    SourceError,
    SourceUnavailable,
    StorageDown,
    StorageError,
    StorageTimeout,
    TileOutsideLimits,
    TokenRequired,
    TooManyAttempts,
    UnknownProduct,
    UnsupportedFormat,
    from_record,
    shorten,
    to_record,
)

EXAMPLES: list[ImageServerError] = [
    InvalidParameter("size", "0,0", "two whole numbers from 1"),
    UnsupportedFormat("tga", "png, jpg"),
    RequestTooLarge("width", 20000, 15000),
    ServiceNotFound("a/b"),
    ItemNotFound(7),
    TileOutsideLimits(1, 2, 3),
    NoTiles(4, 1, 2, 8, 9),
    InvalidToken(),
    TokenRequired(),
    Forbidden("publish services"),
    SignInFailed(),
    TooManyAttempts(30.0),
    SourceUnavailable("/data/a.tif", "does not exist"),
    SourceCorrupt("/data/a.tif", "block 3 cannot be decoded"),
    UnknownProduct("/data/a.txt", "no driver reads it"),
    StorageError("store", "sends the whole object"),
    StorageTimeout("store", "does not answer"),
    StorageDown("store", 4.0),
    FunctionFailed("Own", 7, "ValueError: no"),
    Overloaded(2.0),
    DeadlineExceeded(60.0),
    Cancelled(),
    InstanceLost(),
    InstanceLost("4f2a"),
    Quarantined("4f2a"),
    InternalError("4f2a"),
    ConfigError("swath.toml", "port", "expected a number"),
]
BRANCHES = {ImageServerError, RequestError, NotFound, AccessError, SourceError}


def test_every_error_has_an_example_here() -> None:
    known = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, ImageServerError)
    }
    assert known - BRANCHES == {type(error) for error in EXAMPLES}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_behind_a_process_border(error: ImageServerError) -> None:
    name, fields = msgspec.msgpack.decode(msgspec.msgpack.encode(to_record(error)))
    back = from_record(name, fields)
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.fields == error.fields


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_the_text_is_made_from_the_fields(error: ImageServerError) -> None:
    text = str(error)
    fields = [field if not isinstance(field, float) else f"{field:g}" for field in error.fields]
    assert all(str(field) in text for field in fields)


def test_an_unknown_class_comes_back_as_the_base() -> None:
    error = from_record("FromANewerVersion", ["a", 3])
    assert type(error) is ImageServerError
    assert str(error) == "a 3"


def test_a_value_of_any_length_makes_a_short_message() -> None:
    assert len(str(InvalidParameter("where", "x" * 10_000, "a clause"))) < 200
    assert len(str(SourceCorrupt("a.tif", "y" * 10_000))) < 400


@pytest.mark.parametrize("length", [0, 79, 80, 81, 500])
def test_shortened_texts_keep_to_their_limit(length: int) -> None:
    text = shorten("é" * length)
    assert len(text) == min(length, 80)
    assert text.endswith("…") is (length > 80)
