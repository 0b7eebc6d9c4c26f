"""Logs on standard error: one line an event, as text for people or as JSON for collectors."""

from __future__ import annotations

import logging
import logging.config
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

# What a LogRecord always has; anything else came as `extra` and belongs into the JSON line.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


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
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure_logging(form: Literal["text", "json"] = "text", level: str = "INFO") -> None:
    """Send all logs of this process to standard error in one form."""
    formatters: dict[str, Any] = {
        "text": {
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
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form}},
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
