"""Logs on standard error: one line an event, as text for people or as JSON for collectors.

Rule: tokens, keys and passwords are struck out of every line, wherever they came from.
"""

from __future__ import annotations

import logging
import logging.config
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from server.http.request_id import REQUEST_ID
from server.telemetry.log_flood import FloodFilter
from server.telemetry.masks import masked, masked_fields

# What a LogRecord always has; anything else came as `extra` and belongs into the JSON line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class RequestIdFilter(logging.Filter):
    """Gives each record the id of the request that it is about, if any and it does not say so itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let all records pass."""
        request_id = REQUEST_ID.get()
        if request_id and not hasattr(record, "request_id"):
            record.request_id = request_id
        return True


class TextFormatter(logging.Formatter):
    """A line for people, with the request's id at its end, tracebacks below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, without secrets."""
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        """Return the line without a traceback."""
        line = super().formatMessage(record)
        request_id = getattr(record, "request_id", "")
        return f"{line} [{request_id}]" if request_id else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(masked_fields(line), enc_hook=str).decode()


def configure_logging(form: Literal["text", "json"] = "text", level: str = "INFO") -> None:
    """Send all logs of this process to standard error in one form."""
    formatters: dict[str, Any] = {
        "text": {
            "()": TextFormatter,
            "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
            "datefmt": "%H:%M:%S",
        },
        "json": {"()": JsonFormatter},
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {form: formatters[form]},
            "filters": {"request": {"()": RequestIdFilter}, "flood": {"()": FloodFilter}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": form,
                    "filters": ["request", "flood"],
                }
            },
            "root": {"handlers": ["stderr"], "level": "WARNING"},
            "loggers": {
                "swath": {"level": level},
                # Its start and stop lines repeat ours, and a line for every malformed request is a gift to floods.
                "uvicorn": {"level": "ERROR"},
                # GDAL's remarks; what they mean for a source is said by the engine.
                "rasterio": {"level": "ERROR"},
            },
        }
    )
