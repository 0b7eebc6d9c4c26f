"""The form an answer is asked in: `f`, `pretty` and `callback`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from server.protocols.arcgis.esri_json import check_callback

if TYPE_CHECKING:
    from server.protocols.arcgis.parameters import Parameters

_COMMON = ("html", "json", "pjson")


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """`f` in lower case, and the JSONP function or ""."""

    f: str = "json"
    callback: str = ""

    def options(self) -> dict[str, str]:
        """Return what `esri_json.encode` needs."""
        options = {"f": "pjson" if self.f == "html" else self.f}
        if self.callback and self.f != "html":
            options["callback"] = self.callback
        return options


def answer_form(parameters: Parameters, accept: str, further: tuple[str, ...] = ()) -> AnswerForm:
    """Read the form asked for.

    Parameters
    ----------
    accept : str
        The Accept header: without `f` a browser gets a page, anything else JSON.
    further
        Values of `f` that this resource has beside html, json and pjson.

    Raises
    ------
    InvalidParameter
        An `f` that this resource does not have, or a callback that is no function's name.
    """
    callback = parameters.text("callback")
    if callback:
        check_callback(callback)
    f = parameters.keyword("f").casefold()
    if not f:
        f = "html" if "text/html" in accept and not callback else "json"
    if f not in (*_COMMON, *further):
        raise InvalidParameter("f", f, "one of " + ", ".join((*_COMMON, *further)))
    if f == "json" and parameters.text("pretty").casefold() == "true":
        f = "pjson"
    return AnswerForm(f, callback)
