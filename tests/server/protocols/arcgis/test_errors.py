"""Errors as ArcGIS clients read them."""

from __future__ import annotations

import logging

import msgspec
import pytest

from engine.errors import (
    ConfigError,
    Forbidden,
    InvalidParameter,
    InvalidToken,
    Overloaded,
    RequestTooLarge,
    ServiceNotFound,
    SourceUnavailable,
    TileOutsideLimits,
    TokenRequired,
    TooManyAttempts,
)
from server.errors import status_of
from server.protocols.arcgis.errors import MAX_BYTES, failure_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidParameter("size", "abc", "width,height"), 200, 400),
        (RequestTooLarge("width", 1, 0), 200, 400),
        (ServiceNotFound("x"), 200, 404),
        (InvalidToken(), 200, 498),
        (TokenRequired(), 200, 499),
        (Forbidden("publish services"), 200, 403),
        (TooManyAttempts(2.0), 429, 429),
        (Overloaded(2.0), 503, 503),
        (TileOutsideLimits(1, 2, 3), 404, 404),
        (SourceUnavailable("/data/secret.tif", "gone"), 200, 500),
        (ValueError("boom"), 200, 500),
    ],
)
def test_the_code_is_in_the_body(error: Exception, status: int, code: int) -> None:
    failure = failure_of(error, status_of)
    assert (failure.status, failure.code) == (status, code)
    assert isinstance(failure.body()["error"]["details"], list)


@pytest.mark.parametrize("character", ["x", '"', "\\", "\x01", "é", "😀", "\u2028"])
def test_a_body_stays_below_what_the_javascript_sdk_reads(character: str) -> None:
    error = InvalidParameter(character * 3000, character * 3000, character * 3000)
    body = msgspec.json.encode(failure_of(error, status_of).body())
    assert len(body) <= MAX_BYTES


def test_a_service_that_cannot_be_opened_is_told_and_why_stays_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failure = failure_of(ConfigError("/data/secret.zmd", "", "is of another format"), status_of)
    assert (failure.status, failure.code) == (200, 500)
    assert failure.message == "This service cannot be opened."
    (record,) = caplog.records
    assert "/data/secret.zmd" in record.getMessage()
    assert record.exc_info is None
    assert failure.details[0].removeprefix("Incident ").rstrip(".") in record.getMessage()


def test_the_path_of_a_source_stays_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        failure = failure_of(SourceUnavailable("/data/secret.tif", "gone"), status_of)
    assert "secret" not in str(failure.body())
    incident = failure.details[0].removeprefix("Incident ").rstrip(".")
    assert incident in caplog.text
    assert "/data/secret.tif" in caplog.text
