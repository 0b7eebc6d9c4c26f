"""Run jobs that read files elsewhere than in the process that keeps the catalog.

A file may make its reader hang, crash or ask for all memory. The command line gives build and crawl
workers that are processes with limits; tests and small tools use `InProcess`. Answers come in the
order of the jobs, so OBJECTIDs do not depend on who was faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Job(Protocol):
    """What is to be done about a file; `path` names it in messages."""

    @property
    def path(self) -> str:
        """The file."""


J = TypeVar("J", bound=Job)
R = TypeVar("R")


class Workers(Protocol):
    """Something that runs a function over jobs."""

    def map(self, task: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | SourceError]]:
        """Yield each job with its result, or with the error that says what is wrong with its file.

        `task` is a function of a module, jobs and results can be pickled.
        """


class InProcess:
    """Runs each job here and now."""

    def map(self, task: Callable[[J], R], jobs: Iterable[J]) -> Iterator[tuple[J, R | SourceError]]:
        """See `Workers.map`."""
        for job in jobs:
            try:
                result: R | SourceError = task(job)
            except SourceError as err:
                result = err
            yield job, result
