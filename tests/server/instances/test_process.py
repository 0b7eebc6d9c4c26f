"""What a process does about itself, seen from outside."""

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.instances.process import Neighbour, is_stopped, proportional_bytes

NAMED = """
import sys, time
from server.instances import process
process.name_process("swath-inst-12345678")
process.leave_signals_to_front()
process.yield_to_front()
process.return_free_memory()
print("up", flush=True)
sys.stdin.read()
"""
ORPHANED = """
import os, signal
from server.instances.process import is_stopped, wake_with_parents_end
pid = os.fork()
if pid == 0:
    wake_with_parents_end()
    os.kill(os.getpid(), signal.SIGSTOP)
    print("awake", flush=True)
    os._exit(0)
while not is_stopped(pid):
    pass
os._exit(0)
"""

KEEPING = """
import resource, sys
from server.instances.process import keep_free_memory
if sys.argv[1] == "keep":
    keep_free_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def answers():
    return [bytearray(3_000_000) for _ in range(8)]
answers()
before = faults()
for _ in range(10):
    answers()
print(faults() - before)
"""


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


def test_it_goes_behind_the_front(child):
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(ours + 5, 19)


def test_signals_to_the_group_do_not_end_it(child):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(child.pid, number)
    out, _ = child.communicate(timeout=10)
    assert out == ""
    assert child.returncode == 0


def test_a_stopped_process_is_woken_when_its_parent_ends(repo_root):
    done = subprocess.run(
        [sys.executable, "-c", ORPHANED], capture_output=True, text=True, cwd=repo_root, check=True
    )
    # The child, which was stopped, says so once its parent has gone.
    assert done.stdout == "awake\n"


def test_a_process_is_killed_whoever_its_parent_is_but_no_later_one_of_its_number(child):
    Neighbour(child.pid, b"1").kill()
    assert child.poll() is None
    Neighbour.of(child.pid).kill()
    assert child.wait(timeout=10) == -signal.SIGKILL
    gone = Neighbour.of(child.pid)
    assert gone.started == b""
    gone.kill()


def test_what_has_ended_is_waited_for_and_what_has_not_for_a_while(child):
    neighbour = Neighbour.of(child.pid)
    neighbour.wait(0.01)
    assert not neighbour.is_gone
    neighbour.go_on()
    neighbour.kill()
    neighbour.wait(10)
    # Nobody has reaped it yet.
    assert neighbour.is_gone
    child.wait(timeout=10)
    neighbour.wait(10)
    assert neighbour.is_gone
    assert Neighbour(child.pid, b"").is_gone


HOLDING = """
import sys
held = b"x" * (64 << 20)
print("up", flush=True)
sys.stdin.read()
"""


def test_a_stopped_process_is_told_from_one_that_waits(child):
    assert not is_stopped(child.pid)
    os.kill(child.pid, signal.SIGSTOP)
    ends = time.monotonic() + 10
    while not is_stopped(child.pid):
        assert time.monotonic() < ends
    os.kill(child.pid, signal.SIGCONT)
    while is_stopped(child.pid):
        assert time.monotonic() < ends


def test_memory_counts_what_is_held_and_shared_pages_in_part(child):
    small = proportional_bytes(child.pid)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"up\n"
        held = proportional_bytes(holder.pid)
        holder.kill()
    assert 1 << 20 < small < 64 << 20
    assert held > 64 << 20


def test_a_process_that_has_gone_is_neither_stopped_nor_holds_memory():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert not is_stopped(gone.pid)
    assert proportional_bytes(gone.pid) == 0


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told so")
def test_freed_memory_is_kept_for_what_comes_next(repo_root):
    def faults(how):
        command = [sys.executable, "-c", KEEPING, how]
        return int(subprocess.run(command, capture_output=True, check=True, cwd=repo_root).stdout)

    assert faults("keep") < faults("give") / 10
