"""A service is published again and again under load; each version is of one colour.

Every picture must be wholly of one version: tiles, an export, and a large TIFF whose strips go to all
instances. A second service lets the version before be given while new pictures are made: those are marked.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.campaigns.arena import Arena, arena
from benchmarks.campaigns.colours import compile_version, export_url, tile_urls, version_in
from benchmarks.campaigns.finding import Effort, Finding
from server.site.publishing import Publisher

_VERSIONS = {Effort.SHORT: 11, Effort.NORMAL: 51, Effort.LONG: 51}
# A running server looks twice a second: each version serves for a moment.
_PAUSE_S = 0.6
_FOLLOWED_S = 20.0
_TIMEOUT_S = 60.0
_PLAIN, _PATIENT = "colours/plain", "colours/patient"


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer; `version` None = its pixels are not of one version."""

    url: str
    version: int | None
    etag: str
    mark: str


class _Client(threading.Thread):
    """Asks for one address after the other on one connection until it is stopped."""

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__()
        self.urls = urls
        self._stopped = threading.Event()
        self.answers: list[_Answer] = []
        self.failures: list[str] = []

    def run(self) -> None:
        connection = HTTPConnection(urlsplit(self.urls[0]).netloc, timeout=_TIMEOUT_S)
        try:
            while not self._stopped.is_set():
                for url in self.urls:
                    self._ask(connection, url)
        finally:
            connection.close()

    def _ask(self, connection: HTTPConnection, url: str) -> None:
        parts = urlsplit(url)
        try:
            connection.request("GET", f"{parts.path}?{parts.query}")
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException) as err:
            self.failures.append(repr(err))
            connection.close()
            return
        if answer.status != 200 or not answer.headers["content-type"].startswith("image/"):
            self.failures.append(f"{answer.status} {body[:200]!r}")
            return
        mark = answer.headers.get("x-swath-stale", "")
        self.answers.append(_Answer(url, version_in(body), answer.headers.get("etag", ""), mark))

    def stop(self) -> None:
        """Stop after this round."""
        self._stopped.set()


def run(effort: Effort, folder: Path) -> Iterator[Finding]:
    """Yield what is found."""
    settings = {"SWATH_LIMITS_LARGE_EXPORT_MB": "1", "SWATH_CACHE_DISK_MB": "64"}
    with arena(folder, **settings) as server:
        count = _VERSIONS[effort]
        versions = [compile_version(folder, number) for number in range(count)]
        clients = _under_load(server, versions)
        yield from _findings(clients, count)
        few = count // 2
        patient = [
            compile_version(folder, number, stale_while_revalidate_s=600) for number in range(few)
        ]
        yield from _patient_findings(_under_load(server, patient, _PATIENT), few)


def _under_load(server: Arena, versions: Sequence[Path], service: str = _PLAIN) -> list[_Client]:
    """Publish all versions while clients ask, until each has seen the last one."""
    publisher = Publisher(server.data)
    publisher.publish(versions[0], service)
    tiles = tile_urls(server.url, service)
    exports = [export_url(server.url, service, "png24", 512)]
    if service == _PLAIN:
        exports.append(export_url(server.url, service, "tiff"))
    _wait_for(server, tiles[0])
    clients = [_Client(tiles), _Client(tiles[::-1]), _Client([*exports, tiles[0]])]
    for client in clients:
        client.start()
    try:
        for compiled in versions[1:]:
            time.sleep(_PAUSE_S)
            publisher.publish(compiled, service)
        ends = time.monotonic() + _FOLLOWED_S
        last = len(versions) - 1
        while time.monotonic() < ends and not all(_has_seen(client, last) for client in clients):
            time.sleep(0.1)
    finally:
        for client in clients:
            client.stop()
        for client in clients:
            client.join()
    return clients


def _wait_for(server: Arena, url: str) -> None:
    ends = time.monotonic() + _TIMEOUT_S
    parts = urlsplit(url)
    while True:
        connection = HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
        connection.request("GET", parts.path)
        status = connection.getresponse().status
        connection.close()
        if status == 200:
            return
        if time.monotonic() > ends:
            raise RuntimeError(f"{server.url}: the service does not appear: {status}")
        time.sleep(0.05)


def _has_seen(client: _Client, version: int) -> bool:
    """Tell whether all addresses of a client were answered with this version, unmarked."""
    seen = {each.url for each in client.answers if each.version == version and not each.mark}
    return seen == set(client.urls)


def _findings(clients: Sequence[_Client], count: int) -> Iterator[Finding]:
    answers = [answer for client in clients for answer in client.answers]
    failures = [failure for client in clients for failure in client.failures]
    last = count - 1
    yield Finding(
        what=f"{count - 1} republishes under load",
        asked="0 failures",
        seen=f"{len(failures)} of {len(answers) + len(failures)} {''.join(failures[:1])}".strip(),
        met=not failures and bool(answers),
    )
    mixed = sum(answer.version is None for answer in answers)
    kinds = Counter("TIFF" if "format=tiff" in each.url else "picture" for each in answers)
    yield Finding(
        what="pictures of more than one version, large TIFFs in strips of all instances too",
        asked="0",
        seen=f"{mixed} of {kinds['picture']} pictures and {kinds['TIFF']} TIFFs",
        met=mixed == 0 and kinds["TIFF"] > 0,
    )
    back = sum(
        _steps_back([each for each in client.answers if not each.mark]) for client in clients
    )
    yield Finding(
        what="an older version after a newer one, for one client",
        asked="0, and all see the last version",
        seen=f"{back}; {sum(_has_seen(each, last) for each in clients)} of {len(clients)} clients",
        met=back == 0 and all(_has_seen(each, last) for each in clients),
    )
    marked = sum(bool(answer.mark) for answer in answers)
    yield Finding(
        what="marked as older, where no older answers are allowed",
        asked="0",
        seen=str(marked),
        met=marked == 0,
    )


def _patient_findings(clients: Sequence[_Client], count: int) -> Iterator[Finding]:
    answers = [answer for client in clients for answer in client.answers]
    failures = [failure for client in clients for failure in client.failures]
    marked = [answer for answer in answers if answer.mark]
    yield Finding(
        what=f"{count - 1} republishes, older answers allowed while new ones are made",
        asked="0 failures, 0 mixed; some are older, and marked",
        seen=f"{len(failures)} failures, {sum(answer.version is None for answer in answers)} mixed; "
        f"{len(marked)} of {len(answers)} marked",
        met=not failures and bool(marked) and all(each.version is not None for each in answers),
    )
    back = sum(
        _steps_back([each for each in client.answers if not each.mark]) for client in clients
    )
    colours: dict[tuple[str, str], set[int | None]] = {}
    for answer in answers:
        colours.setdefault((answer.url, answer.etag), set()).add(answer.version)
    wrong = sum(len(versions) > 1 for versions in colours.values())
    yield Finding(
        what="unmarked answers that are older; ETags that two versions share",
        asked="0; 0",
        seen=f"{back}; {wrong} of {len(colours)}",
        met=back == 0 and wrong == 0,
    )


def _steps_back(answers: Sequence[_Answer]) -> int:
    versions = [answer.version for answer in answers if answer.version is not None]
    return sum(after < before for before, after in pairwise(versions))
