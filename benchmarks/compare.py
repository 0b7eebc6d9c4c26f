"""Measure this server beside its peers in one run: `python -m benchmarks.compare [--tiny]`.

Every server is started once for each cold pass, then all stay up and are loaded in turn, one at a
time, round by round, so that a slow minute of the machine hits all of them alike.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.json_lines import append_lines
from benchmarks.load import Load, Pass, Stretch, load, one_pass
from benchmarks.machine import Machine, this_machine
from benchmarks.peers import PEERS, TUNED_PEERS
from benchmarks.peers.base import Bench, Dataset, Peer, running
from benchmarks.peers.process_tree import ProcessTree, end_on_sigterm
from benchmarks.peers.programs import PeerMissing
from benchmarks.report import print_report, write_chart
from benchmarks.rows import Figure, Row, comparison_rows, dataset
from benchmarks.scenes import FULL, TINY

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds of how many seconds; `warm_up_s` of load before them."""

    rounds: int
    seconds: float
    warm_up_s: float


@dataclass(frozen=True, slots=True)
class ColdStart:
    """A server's restart and first pass over a row's tiles."""

    start_s: float
    tiles: Pass


class Comparison:
    """The state of one run: who takes part, and what was seen so far."""

    def __init__(self, peers: Sequence[Peer], folder: Path, console: Console) -> None:
        self._peers, self._folder, self._console = peers, folder, console
        self._machine: Machine = this_machine()
        self._settings = {peer.name: peer.settings for peer in peers}

    def run(self, rows: Sequence[Row], effort: Effort) -> list[Figure]:
        """Measure all rows at all servers, cold first.

        Raises
        ------
        LoadFailed
            When any answer is not 200.
        """
        cold = {(row.key, peer.name): self._cold(row, peer) for row in rows for peer in self._peers}
        with ExitStack() as stack:
            running_peers = {peer.name: stack.enter_context(running(peer)) for peer in self._peers}
            figures = []
            for row in rows:
                figures += self._warm(row, effort, running_peers, cold)
            return figures

    def _cold(self, row: Row, peer: Peer) -> ColdStart | None:
        urls = row.urls(peer)
        if urls is None:
            return None
        self._console.log(f"{row.title}: {peer.name}, restarted, first pass")
        with running(peer) as processes:
            return ColdStart(processes.start_s, one_pass(urls, row.connections))

    def _warm(
        self,
        row: Row,
        effort: Effort,
        running_peers: dict[str, ProcessTree],
        cold: dict[tuple[str, str], ColdStart | None],
    ) -> list[Figure]:
        urls = {peer.name: found for peer in self._peers if (found := row.urls(peer))}
        if not urls:
            return []
        loads: dict[str, list[Load]] = {name: [] for name in urls}
        threads = min(row.connections, 2)
        for name, asked in urls.items():
            self._console.log(f"{row.title}: {name}, warming up")
            stretch = Stretch(effort.warm_up_s, row.connections, threads)
            load(asked, stretch, self._folder)
        for round_number in range(effort.rounds):
            order = list(urls)
            shift = round_number % len(order)
            for name in order[shift:] + order[:shift]:
                # Every round begins elsewhere: a slow server sees other tiles in each.
                first = round_number * len(row.places) // effort.rounds
                stretch = Stretch(effort.seconds, row.connections, threads, first)
                loads[name].append(load(urls[name], stretch, self._folder))
            rates = ", ".join(f"{name} {loads[name][-1].rate:.1f}" for name in order)
            self._console.log(f"{row.title}: round {round_number + 1}: {rates} a second")
        figures = []
        for name, seen in loads.items():
            first_pass = cold[row.key, name]
            assert first_pass is not None, "whoever is asked warm was asked cold"
            memory = running_peers[name].proportional_bytes()
            figures.append(self._figure(row, name, seen, first_pass, memory))
        return figures

    def _figure(
        self, row: Row, server: str, loads: Sequence[Load], cold: ColdStart, memory: int
    ) -> Figure:
        rate = statistics.median(seen.rate for seen in loads)
        return Figure(
            row=row.key,
            server=server,
            rate=rate,
            rates=[round(seen.rate, 2) for seen in loads],
            p50_ms=statistics.median(seen.p50_ms for seen in loads),
            p99_ms=statistics.median(seen.p99_ms for seen in loads),
            warm_ms=1000.0 / rate,
            cold_ms=cold.tiles.ms_per_tile,
            start_s=cold.start_s,
            bytes_per_tile=cold.tiles.mean_bytes,
            non_empty_share=cold.tiles.non_empty_share,
            fully_covered_share=row.fully_covered_share,
            tiles=len(row.places),
            connections=row.connections,
            memory_mb=memory / 1e6,
            driver=loads[0].driver,
            settings=self._settings[server],
            machine=self._machine,
        )


def chosen_peers(options: argparse.Namespace, console: Console) -> list[Peer]:
    """Return the servers that were asked for and can run here; in CI all of them must."""
    asked = [make() for make in (*PEERS, *(TUNED_PEERS if options.tuned else ()))]
    if options.only:
        asked = [peer for peer in asked if peer.name in options.only.split(",")]
    present = []
    for peer in asked:
        try:
            peer.check()
        except PeerMissing as missing:
            if os.environ.get("CI") == "true":
                raise
            console.print(f"[yellow]left out[/yellow]: {missing}")
        else:
            present.append(peer)
    return present


def measure(
    peers: Sequence[Peer],
    data: Dataset,
    rows: Sequence[Row],
    options: argparse.Namespace,
    name: str,
) -> list[Figure]:
    """Prepare the servers, measure, show the figures and write them to `name`.jsonl."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    effort = Effort(options.rounds, options.seconds, warm_up_s=options.seconds * 2.5)
    with tempfile.TemporaryDirectory(prefix="swath-bench-") as folder:
        for peer in peers:
            peer.prepare(Bench(Path(folder), data))
        figures = Comparison(peers, Path(folder), console).run(rows, effort)
    print_report(figures, rows, console)
    options.results.mkdir(parents=True, exist_ok=True)
    append_lines(figures, options.results / f"{name}.jsonl")
    return figures


def options_of(program: str, description: str | None) -> argparse.ArgumentParser:
    """Return the options that comparisons share."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{program}", description=description
    )
    parser.add_argument("--tiny", action="store_true", help="small scenes: a smoke test")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="load per round and server (4)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is written")
    parser.add_argument("--only", default="", help="names of servers, with commas between")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison from the command line; return the exit status."""
    options = _options(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    peers = chosen_peers(options, console)
    if not peers:
        console.print(f"no server to measure; there are {', '.join(p().name for p in PEERS)}")
        return 2
    size = TINY if options.tiny else FULL
    data = dataset(size)
    rows = comparison_rows(data, size)
    name = "compare-tiny" if options.tiny else "compare"
    figures = measure(peers, data, rows, options, name)
    console.print(write_chart(figures, rows, options.results / f"{name}.png"))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = options_of("compare", __doc__)
    parser.add_argument(
        "--tuned", action="store_true", help="also the peers with settings beyond their guides"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
