"""Read the pages of the services directory as a browser would: the form, and the pictures."""

from __future__ import annotations

from html.parser import HTMLParser


class Page(HTMLParser):
    """The first form of a page as it would be sent, and what is shown beside it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}
        self.buttons: list[str] = []
        self.pictures: list[str] = []
        self.links: list[str] = []
        self._open = ""
        self._in_text = False
        self._chosen: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.action = given["action"]
        elif tag in ("input", "textarea", "select") and name:
            self.values[name] = given.get("value", "")
            self._open, self._in_text = name, tag == "textarea"
        elif tag == "option" and ("selected" in given or self._open not in self._chosen):
            # The first, unless another is chosen.
            self.values[self._open] = given["value"]
            self._chosen.add(self._open)
        elif tag == "button":
            self.buttons.append(given.get("formmethod", "get"))
        elif tag == "img":
            self.pictures.append(given["src"])
        self.links += [given[key] for key in ("href", "src", "action") if given.get(key)]

    def handle_data(self, data: str) -> None:
        if self._in_text:
            self.values[self._open] += data

    def handle_endtag(self, tag: str) -> None:
        self._in_text = False
