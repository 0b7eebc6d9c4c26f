"""Cores and memory that a process may use."""

import os

import pytest

from config import machine


def test_the_machine_has_cores_and_memory():
    assert 1 <= machine.core_count() <= os.cpu_count()
    assert 100 < machine.memory_limit_mb() < 100_000_000


@pytest.mark.parametrize(
    ("text", "cores"),
    [
        ("200000 100000\n", 2),
        ("50000 100000\n", 1),
        ("250000 100000\n", 2),
        ("max 100000\n", None),
        ("", None),
    ],
)
def test_a_containers_quota_counts(tmp_path, text, cores):
    file = tmp_path / "cpu.max"
    file.write_text(text, "ascii")
    assert machine._cpu_quota(file) == cores


def test_no_quota_file_is_no_quota(tmp_path):
    assert machine._cpu_quota(tmp_path / "none") is None
