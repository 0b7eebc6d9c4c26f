"""Clients that ask without end and keep what came: the load under which a campaign does its harm."""

import hashlib
import http.client
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

# Nobody waits so long: an answer that has not come by then is a hang.
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and what became of it.

    Attributes
    ----------
    status : int
        0 = no answer: the connection broke, or nothing came within `PATIENCE_S`.
    text : str
        What an answer that is no picture says; or why there is none.
    """

    url: str
    seconds: float
    status: int
    digest: str = ""
    text: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == 200 and not self.text


class Client:
    """One kept-alive connection, opened anew when it breaks."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)

    def ask(self, url: str) -> Asked:
        """Return what comes of a GET."""
        parts = urlsplit(url)
        begun = time.monotonic()
        try:
            self._connection.request("GET", f"{parts.path}?{parts.query}")
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as err:
            self._connection.close()
            return Asked(url, time.monotonic() - begun, 0, text=repr(err))
        seconds = time.monotonic() - begun
        if answer.headers.get("Content-Type", "").startswith("image/"):
            return Asked(url, seconds, answer.status, hashlib.sha256(body).hexdigest())
        return Asked(url, seconds, answer.status, text=body.decode("utf-8", "replace"))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Askers:
    """Several clients that ask for addresses in turn while the block runs."""

    def __init__(self, urls: Sequence[str], clients: int) -> None:
        self.asked: list[Asked] = []
        self._urls = urls
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(number * len(urls) // clients,))
            for number in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, place: int) -> None:
        client = Client(self._urls[0])
        while not self._is_over.is_set():
            self.asked.append(client.ask(self._urls[place % len(self._urls)]))
            place += 1
        client.close()
