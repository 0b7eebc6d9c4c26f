"""An answer and where it came from."""

from server.answers.answered import Answered, Stale
from server.instances.job import Reply


def test_what_is_stale_is_marked_and_kept_by_nobody_as_fresh():
    stale = Stale('"e"', "error", 90)
    assert stale.headers() == {
        "ETag": '"e"',
        "Cache-Control": "no-cache",
        "Age": "90",
        "X-Swath-Stale": "error",
    }


def test_what_was_made_now_was_not_kept():
    reply = Reply(media_type="a/b", body=b"")
    assert not Answered(reply).is_kept
    assert Answered(reply, "disk").is_kept
