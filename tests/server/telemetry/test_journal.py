"""Lines about requests."""

import pytest

from config.load import load_settings
from config.settings import Settings
from server.http.proxy import PublicAddress
from server.metrics.counts import Metrics
from server.telemetry.journal import Finished, Journal


def journal(**settings):
    made = Settings(**settings)
    return Journal(made, Metrics(), PublicAddress(made))


def finished(path="/tiles/a/1/2/3.png", seconds=0.1, **more):
    scope = {"method": "GET", "path": path, "headers": [], "client": ("10.0.0.7", 1)}
    fields = {
        "request_id": b"id7",
        "service": "a",
        "protocol": "xyz",
        "operation": "tile",
        "status": 200,
        "body_bytes": 20,
    }
    return Finished(scope=scope, seconds=seconds, **{**fields, **more})


def test_without_a_wish_nothing_is_wanted():
    assert not journal().is_wanted
    assert journal(access_log=True).is_wanted


def test_an_access_line_says_what_was_answered(caplog):
    caplog.set_level("INFO", "swath.access")
    journal(access_log=True).note(finished(cache="hit"))
    (record,) = caplog.records
    assert record.getMessage() == (
        "GET /tiles/a/1/2/3.png 200 100.0 ms 20 bytes xyz:tile hit 10.0.0.7"
    )
    assert (record.service, record.status, record.bytes, record.cache) == ("a", 200, 20, "hit")


def test_a_path_cannot_forge_a_line(caplog):
    caplog.set_level("INFO", "swath.access")
    journal(access_log=True).note(finished("/a\nERROR all is lost\x1b[2J" + "x" * 900))
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert "\x1b" not in record.getMessage()
    assert len(record.getMessage()) < 700


def test_a_slow_request_is_told_with_its_stages_and_counted(caplog):
    kept = journal(slow_request_s=0.5)
    kept.note(finished(seconds=0.4))
    kept.note(finished(seconds=0.6, stages={"queue": 590.04, "plan": 1.0}))
    (record,) = caplog.records
    assert "took 600 ms; stages: queue 590, plan 1" in record.getMessage()
    assert record.stages == {"queue": 590.0, "plan": 1.0}
    assert kept.metrics.slow_requests == 1


def test_other_settings_are_followed():
    kept = journal()
    kept.follow(Settings(access_log=True, slow_request_s=3.0))
    assert (kept.is_wanted, kept.slow_s) == (True, 3.0)
    kept.listen(lambda _: None)
    kept.follow(Settings())
    assert kept.is_wanted


def test_a_listener_hears_of_every_request():
    kept, heard = journal(), []
    kept.listen(heard.append)
    assert kept.is_wanted
    kept.note(finished(seconds=0.001))
    assert [each.request_id for each in heard] == [b"id7"]


@pytest.mark.parametrize("text", ["0", "-1", "nan", "x", "1e9"])
def test_the_limit_of_slow_is_checked(text):
    with pytest.raises(ValueError, match="slow_request_s"):
        load_settings(None, {"SWATH_SLOW_REQUEST_S": text})
