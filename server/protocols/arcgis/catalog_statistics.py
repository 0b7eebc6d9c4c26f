"""outStatistics: the figures of groups of rows that a query asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.request_parts import QueryStatistic, StatisticKind
from server.protocols.arcgis.parameters import as_number
from server.protocols.input_limits import MAX_STATISTIC_NAME, MAX_STATISTICS, MAX_WHERE

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.arcgis.sloppy_json import JsonValue

_KINDS: dict[str, StatisticKind] = {
    "count": "count",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "avg": "avg",
    "mean": "avg",
    "stddev": "stddev",
    "var": "var",
    "variance": "var",
    "percentile_cont": "percentile_cont",
    "percentile_disc": "percentile_disc",
    # As the JavaScript SDK calls them before it sends.
    "percentile-continuous": "percentile_cont",
    "percentile-discrete": "percentile_disc",
}
_ACCEPTED = "count, sum, min, max, avg, stddev, var, percentile_cont or percentile_disc"
_FORM = "a list of objects with statisticType, onStatisticField and outStatisticFieldName"


def out_statistics(parameters: Parameters) -> tuple[QueryStatistic, ...]:
    """Return the statistics asked for; () = none.

    Raises
    ------
    InvalidParameter
        Names the key that is not accepted.
    """
    value = parameters.json("outStatistics")
    if value is None:
        if parameters.names("groupByFieldsForStatistics"):
            text = parameters.text("groupByFieldsForStatistics")
            raise InvalidParameter("groupByFieldsForStatistics", text, "outStatistics beside it")
        return ()
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_STATISTICS:
        raise InvalidParameter(
            "outStatistics", f"{len(entries)} entries", f"at most {MAX_STATISTICS}"
        )
    return tuple(_statistic(entry) for entry in entries)


def having(parameters: Parameters) -> str:
    """Return the condition on groups; "" = none."""
    text = parameters.text("having") or parameters.text("havingClause")
    if len(text) > MAX_WHERE:
        raise InvalidParameter("having", text, f"text of at most {MAX_WHERE} characters")
    return text


def _statistic(entry: JsonValue) -> QueryStatistic:
    if not isinstance(entry, dict):
        raise InvalidParameter("outStatistics", entry, _FORM)
    fields = {key.casefold(): value for key, value in entry.items()}
    word = str(fields.get("statistictype", "")).strip()
    kind = _KINDS.get(word.casefold())
    if kind is None:
        raise InvalidParameter("outStatistics.statisticType", word, _ACCEPTED)
    field = str(fields.get("onstatisticfield") or "").strip()
    if kind == "count" and field in ("", "1"):
        field = "*"
    if not field or (field == "*" and kind != "count"):
        raise InvalidParameter("outStatistics.onStatisticField", field, "the name of a field")
    name = str(fields.get("outstatisticfieldname") or "").strip()
    if len(name) > MAX_STATISTIC_NAME:
        accepted = f"a name of at most {MAX_STATISTIC_NAME} characters"
        raise InvalidParameter("outStatistics.outStatisticFieldName", name, accepted)
    share, descending = _share(kind, fields.get("statisticparameters"))
    return QueryStatistic(
        kind=kind,
        field=field,
        name=name or f"{kind}_{'rows' if field == '*' else field}",
        share=share,
        descending=descending,
    )


def _share(kind: StatisticKind, value: JsonValue) -> tuple[float, bool]:
    """Return which percentile is meant, and whether it is counted from the highest value."""
    if not kind.startswith("percentile"):
        return 0.5, False
    if not isinstance(value, dict):
        raise InvalidParameter(
            "outStatistics.statisticParameters", value, "an object with value and orderBy"
        )
    fields = {key.casefold(): entry for key, entry in value.items()}
    name = "outStatistics.statisticParameters.value"
    share = as_number(name, fields.get("value"))
    if not 0 <= share <= 1:
        raise InvalidParameter(name, share, "a number from 0 to 1")
    order = str(fields.get("orderby") or "ASC").casefold()
    if order not in ("asc", "desc"):
        raise InvalidParameter("outStatistics.statisticParameters.orderBy", order, "ASC or DESC")
    return share, order == "desc"
