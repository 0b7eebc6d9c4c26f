"""Jobs in this process: results in order, errors of a file beside them, our own faults not hidden."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from engine.build.workers import InProcess
from engine.errors import SourceCorrupt


@dataclass(frozen=True, slots=True)
class _Job:
    path: str


def _length(job: _Job) -> int:
    if job.path == "bad":
        raise SourceCorrupt(job.path, "has no end")
    if job.path == "bug":
        raise TypeError("ours")
    return len(job.path)


def test_results_come_in_order_with_the_errors_of_files_among_them() -> None:
    answers = list(InProcess().map(_length, map(_Job, ["one", "bad", "three"])))
    assert [job.path for job, _ in answers] == ["one", "bad", "three"]
    assert (answers[0][1], answers[2][1]) == (3, 5)
    assert isinstance(answers[1][1], SourceCorrupt)


def test_a_fault_of_ours_is_no_fault_of_the_file() -> None:
    with pytest.raises(TypeError, match="ours"):
        list(InProcess().map(_length, [_Job("bug")]))


def test_jobs_are_taken_one_by_one() -> None:
    asked: list[str] = []

    def jobs() -> object:
        for name in ("a", "b"):
            asked.append(name)
            yield _Job(name)

    answers = InProcess().map(_length, jobs())  # type: ignore[arg-type]  # -- a plain generator
    next(answers)
    assert asked == ["a"]
