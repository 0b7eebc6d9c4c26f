"""A comparison as one HTML file that needs nothing else: for screens of any colour, and for paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from server.comparison.picture import AMPLIFICATION
from server.comparison.report import limits_text, worst_first
from server.pages.page import FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.comparison.comparing import ViewPictures
    from server.comparison.report import ComparisonReport

# Beyond it a page gets too heavy for mail and browsers; the figures of all views stand in the table.
MOST_PICTURED = 40


def render_comparison(report: ComparisonReport, pictures: Mapping[int, ViewPictures]) -> str:
    """Return the page of a comparison; `pictures` by number of a view. All texts are escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ordered = worst_first(report.views)
    shown = [view for view in ordered if view.view.number in pictures][:MOST_PICTURED]
    # Our own files, as they are: CSS that was escaped would be none.
    sheets = (FOLDER / "static" / name for name in ("theme.css", "compare.css"))
    style = Markup("\n").join(Markup(sheet.read_text(encoding="utf-8")) for sheet in sheets)
    return environment.get_template("compare.html").render(
        report=report,
        ordered=ordered,
        shown=shown,
        pictures=pictures,
        style=style,
        median_shift=report.totals.median_shift,
        limits=limits_text(report.limits),
        amplification=AMPLIFICATION,
    )
