"""What a service's templates make of it: checked against its bands, and measured, when it is compiled."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from engine.build.zmd_writer import move_into_place
from engine.errors import ConfigError, RequestError, RequestTooLarge, SourceError
from engine.process_memory import process_memory
from engine.rule_counts import statistics_of
from engine.service import ImageService
from engine.service_picture import rule_bands

if TYPE_CHECKING:
    from pathlib import Path

    from engine.summary import FunctionTemplate, ServiceSummary

_encoder = msgspec.msgpack.Encoder()


def measure_templates(part: Path, out: Path) -> None:
    """Give a compiled definition its name once its templates are known to fit, with their statistics.

    Raises
    ------
    ConfigError
        Names the template and what of it does not fit the service.
    """
    service = ImageService(part, process_memory())
    try:
        summary = msgspec.structs.replace(
            service.summary,
            templates=tuple(_measured(service, each) for each in service.summary.templates),
        )
    finally:
        service.close()
    _write_summary(part, summary)
    move_into_place(part, out)


def _measured(service: ImageService, template: FunctionTemplate) -> FunctionTemplate:
    try:
        service.function_tree(template.rule, rule_bands(service.summary, ()))
    except RequestError as err:
        raise ConfigError(f"template {template.name}", "", str(err)) from err
    try:
        counts = statistics_of(service, template.rule)
    except (RequestTooLarge, SourceError):
        # Counted when they are asked for, if they can be then.
        return template
    if counts.is_partial:
        return template
    return msgspec.structs.replace(
        template, statistics=counts.statistics, histograms=counts.histograms
    )


def _write_summary(path: Path, summary: ServiceSummary) -> None:
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "UPDATE meta SET value = ? WHERE key = 'summary'", (_encoder.encode(summary),)
            )
    except sqlite3.Error as err:
        raise ConfigError(path, "", f"cannot be written: {err}") from err
