"""From errors to status codes."""

import pytest

from engine import errors
from server.errors import headers_of, message_of, status_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InvalidParameter("a", 1, "b"), 400),
        (errors.UnsupportedFormat("a", "b"), 400),
        (errors.RequestTooLarge("a", 1, 2), 400),
        (errors.ServiceNotFound("a"), 404),
        (errors.TileOutsideLimits(1, 2, 3), 404),
        (errors.InvalidToken(), 401),
        (errors.TokenRequired(), 401),
        (errors.SignInFailed(), 401),
        (errors.Forbidden("publish services"), 403),
        (errors.TooManyAttempts(3), 429),
        (errors.SourceCorrupt("/secret/file.tif", "x"), 500),
        (errors.Overloaded(), 503),
        (errors.DeadlineExceeded(1), 504),
        (errors.InstanceLost(), 500),
        (errors.Quarantined("4f2a"), 500),
        (errors.InternalError("r"), 500),
        (errors.ConfigError("/secret/swath.toml", "k", "w"), 500),
        (errors.ImageServerError("x"), 500),
    ],
)
def test_each_branch_has_its_status(error, status):
    assert status_of(error) == status
    assert "/secret" not in message_of(error)


def test_overload_says_when_to_try_again():
    assert headers_of(errors.Overloaded(2.6)) == {"Retry-After": "3"}
    assert headers_of(errors.Overloaded(0.1)) == {"Retry-After": "1"}
    assert headers_of(errors.TooManyAttempts(30.0)) == {"Retry-After": "30"}
    assert headers_of(errors.DeadlineExceeded(1)) == {}


def test_whoever_is_not_known_hears_what_to_show():
    assert headers_of(errors.TokenRequired()) == {"WWW-Authenticate": "Bearer"}
    assert headers_of(errors.Forbidden("x")) == {}


def test_trouble_of_storage_says_when_to_come_again_and_never_whose_storage_it_is():
    down = errors.StorageDown("secret-store", 4.2)
    late = errors.StorageTimeout("secret-store", "does not answer")
    wrong = errors.StorageError("secret-store", "sends the whole object")
    assert [status_of(error) for error in (down, late, wrong)] == [503, 504, 502]
    assert headers_of(down) == {"Retry-After": "4"}
    assert headers_of(late) == {}
    assert not any("secret" in message_of(error) for error in (down, late, wrong))
    assert all(
        str(errors.from_record(*errors.to_record(error))) == str(error)
        for error in (down, late, wrong)
    )
