"""What a process does about itself, seen from outside."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NAMED = """
import sys, time
from server.instances import process
process.name_process("swath-inst-12345678")
process.leave_signals_to_front()
process.return_free_memory()
print("up", flush=True)
sys.stdin.read()
"""
ORPHAN = "from server.instances.process import die_with_parent; die_with_parent({parent})"


@pytest.fixture
def child(repo_root):
    with subprocess.Popen(
        [sys.executable, "-c", NAMED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=repo_root,
    ) as process:
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()


def test_it_shows_its_name(child):
    assert Path(f"/proc/{child.pid}/comm").read_text("ascii") == "swath-inst-1234\n"


def test_signals_to_the_group_do_not_end_it(child):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child.pid, number)
    out, _ = child.communicate(timeout=10)
    assert out == ""
    assert child.returncode == 0


def test_an_orphan_ends_at_once(repo_root):
    done = subprocess.run(
        [sys.executable, "-c", ORPHAN.format(parent=os.getpid() + 1)], check=False, cwd=repo_root
    )
    assert done.returncode == 1
    alive = subprocess.run(
        [sys.executable, "-c", ORPHAN.format(parent=os.getpid())], check=False, cwd=repo_root
    )
    assert alive.returncode == 0
