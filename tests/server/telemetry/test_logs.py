"""Log lines."""

import json
import logging
import subprocess
import sys

import pytest

from server.telemetry.logs import JsonFormatter

SCRIPT = """
import logging
from server.telemetry.logs import configure_logging
configure_logging("{form}")
logging.getLogger("swath.x").info("hello %s", "there")
logging.getLogger("swath.x").debug("quiet")
logging.getLogger("foreign").info("quiet")
"""


def test_a_json_line_has_the_event_and_its_extras():
    record = logging.makeLogRecord(
        {"name": "swath.x", "levelname": "INFO", "msg": "a %d", "args": (1,), "service": "f/n"}
    )
    line = json.loads(JsonFormatter().format(record))
    assert line["message"] == "a 1"
    assert line["service"] == "f/n"
    assert line["level"] == "info"


def test_a_json_line_has_the_traceback():
    try:
        int("why")
    except ValueError:
        record = logging.makeLogRecord({"msg": "x", "exc_info": sys.exc_info()})
    assert "invalid literal for int()" in json.loads(JsonFormatter().format(record))["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_only_our_own_events_are_said(repo_root, form):
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(form=form)],
        capture_output=True,
        text=True,
        check=True,
        cwd=repo_root,
    ).stderr.splitlines()
    assert len(said) == 1
    assert "hello there" in said[0]
    assert said[0].startswith("{") == (form == "json")


SECRETS = """
import logging
from server.telemetry.logs import configure_logging
configure_logging("{form}")
log = logging.getLogger("swath.x")
log.info("asked %s", "/a?token=s3cret-a&f=json")
log.warning("with", extra={{"password": "s3cret-b", "headers": {{"X-API-Key": "s3cret-c"}}}})
try:
    raise ValueError("Authorization: Bearer s3cret-d")
except ValueError:
    log.exception("failed")
logging.getLogger("foreign").error("https://anna:s3cret-e@host/")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_struck_out_of_every_line(repo_root, form):
    said = subprocess.run(
        [sys.executable, "-c", SECRETS.format(form=form)],
        capture_output=True,
        text=True,
        check=True,
        cwd=repo_root,
    ).stderr
    assert "s3cret" not in said
    assert said.count("***") >= 3
    assert "Traceback" in said
    assert "f=json" in said
