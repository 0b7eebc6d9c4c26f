"""What a service's templates make of it: checked against its bands, and measured, when it is compiled.

So is what its own chain makes of it, where that does not follow from statistics of the rasters.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec

from engine.build.zmd_writer import move_into_place
from engine.errors import ConfigError, RequestError, RequestTooLarge, SourceError
from engine.process_memory import process_memory
from engine.request_parts import RenderingRule
from engine.rule_counts import RuleCounts, counted
from engine.service import ImageService
from engine.service_picture import rule_bands

if TYPE_CHECKING:
    from pathlib import Path

    from engine.summary import FunctionTemplate, Histogram, ServiceSummary

# Samples as the service gives them.
AS_SERVED = RenderingRule()
_encoder = msgspec.msgpack.Encoder()


def measure_templates(part: Path, out: Path, *, measures_service: bool = False) -> None:
    """Give a compiled definition its name once its templates are known to fit, with their statistics.

    Parameters
    ----------
    measures_service
        Statistics and histograms of the service itself are to be made, too.

    Raises
    ------
    ConfigError
        Names the template and what of it does not fit the service.
    """
    service = ImageService(part, process_memory())
    try:
        summary = service.summary
        histograms: tuple[Histogram, ...] = ()
        counts = _counts_of(service, AS_SERVED) if measures_service else None
        if counts is not None:
            histograms = counts.histograms
            summary = msgspec.structs.replace(
                summary, statistics=counts.statistics, has_histograms=bool(histograms)
            )
        summary = msgspec.structs.replace(
            summary,
            templates=tuple(_measured(service, each) for each in service.summary.templates),
        )
    finally:
        service.close()
    _write(part, summary, histograms)
    move_into_place(part, out)


def _measured(service: ImageService, template: FunctionTemplate) -> FunctionTemplate:
    try:
        service.function_tree(template.rule, rule_bands(service.summary, ()))
    except RequestError as err:
        raise ConfigError(f"template {template.name}", "", str(err)) from err
    counts = _counts_of(service, template.rule)
    if counts is None:
        # Counted when they are asked for, if they can be then.
        return template
    return msgspec.structs.replace(
        template, statistics=counts.statistics, histograms=counts.histograms
    )


def _counts_of(service: ImageService, rule: RenderingRule) -> RuleCounts | None:
    """Return what was counted, None where not all of it could be."""
    try:
        counts = counted(service, rule)
    except (RequestTooLarge, SourceError):
        return None
    return None if counts.is_partial else counts


def _write(path: Path, summary: ServiceSummary, histograms: tuple[Histogram, ...]) -> None:
    try:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "UPDATE meta SET value = ? WHERE key = 'summary'", (_encoder.encode(summary),)
            )
            if histograms:
                database.execute(
                    "UPDATE meta SET value = ? WHERE key = 'histograms'",
                    (_encoder.encode(histograms),),
                )
    except sqlite3.Error as err:
        raise ConfigError(path, "", f"cannot be written: {err}") from err
