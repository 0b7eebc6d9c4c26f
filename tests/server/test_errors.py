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
        (errors.SourceCorrupt("/secret/file.tif", "x"), 500),
        (errors.Overloaded(), 503),
        (errors.DeadlineExceeded(1), 504),
        (errors.InstanceLost(), 500),
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
    assert headers_of(errors.DeadlineExceeded(1)) == {}
