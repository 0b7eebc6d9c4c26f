"""Which overviews a definition has, kept so that later builds make the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.build.overview_plan import OverviewMode
from engine.build.overview_sets import group_field
from engine.errors import ConfigError

if TYPE_CHECKING:
    from engine.build.build_options import BuildOptions
    from engine.build.service_table import ServiceTable

_KEY = "overviews"


class OverviewOptions(msgspec.Struct, frozen=True):
    """Where overviews begin, and the field of whose values there are some, too ("" = none)."""

    mode: OverviewMode = "auto"
    by: str = ""


def overview_options(table: ServiceTable, options: BuildOptions) -> OverviewOptions:
    """Return what is asked for, and else what the last build did.

    Raises
    ------
    ConfigError
        The field to group by is none, or what is kept cannot be read.
    """
    text = table.info(_KEY)
    try:
        kept = msgspec.json.decode(text, type=OverviewOptions) if text else OverviewOptions()
    except msgspec.MsgspecError as err:
        raise ConfigError("swath_info", _KEY, f"cannot be read: {err}") from err
    mode, by = options.overviews, options.overviews_by
    by = kept.by if by is None else by
    field = group_field(by, table.fields()) if by else ""
    return OverviewOptions(kept.mode if mode is None else mode, field)


def keep_overview_options(table: ServiceTable, options: OverviewOptions) -> None:
    """Keep them for the next build."""
    table.set_info(_KEY, msgspec.json.encode(options).decode())
