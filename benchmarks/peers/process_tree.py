"""A server's processes: started together, measured together, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Launch:
    """What to run, and the address that answers once it is ready."""

    command: Sequence[str]
    ready_url: str
    log: Path
    environment: Mapping[str, str]
    timeout_s: float = 120.0


def end_on_sigterm() -> None:
    """Make SIGTERM unwind this process, so that the servers it started end with it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


class ProcessTree:
    """A running server: its first process and all that it started."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        started = time.perf_counter()
        with launch.log.open("ab") as log:
            self._process = subprocess.Popen(
                launch.command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **launch.environment},
                start_new_session=True,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        self.start_s = time.perf_counter() - started

    def pids(self) -> list[int]:
        """Return the process ids of the whole tree, the first process at the front."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended while we looked
            parent = int(text.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
        tree, at = [self._process.pid], 0
        while at < len(tree):
            tree += children.get(tree[at], [])
            at += 1
        return tree

    def proportional_bytes(self) -> int:
        """Sum the proportional set size: shared pages are counted once over the tree."""
        total_kb = 0
        for pid in self.pids():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total_kb += sum(
                int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
            )
        return total_kb * 1024

    def stop(self) -> None:
        """End the tree: politely, then by force; only what this object started."""
        tree = self.pids()
        self._process.terminate()
        try:
            self._process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in tree[1:]:
            _kill_member(pid, group=self._process.pid)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._launch.timeout_s
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self._launch.ready_url, timeout=30.0) as answer:
                    answer.read()
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.02)
        tail = self._launch.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(
            f"{self._launch.command[0]} did not answer {self._launch.ready_url} "
            f"within {self._launch.timeout_s:.0f} s; its log ends: {tail}"
        )


def free_port() -> int:
    """Return a port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _kill_member(pid: int, group: int) -> None:
    # A child that outlived its parent keeps its process group; a reused id has another one.
    try:
        if os.getpgid(pid) == group:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
