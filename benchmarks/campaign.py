"""Attack a server of our own and say what held: `python -m benchmarks.campaign [NAME ...]`.

`--short` takes seconds a campaign (CI does that; two minutes of load), `--long` an hour where time is the point. The table is
also written to `benchmarks/CAMPAIGNS.md` with `--write`, beside the last runs of the others. Exit code 1 when a promise was not kept.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import cast

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.campaigns.finding import Campaign, Effort, Finding
from benchmarks.json_lines import append_lines, read_lines
from benchmarks.machine import Machine, this_machine
from benchmarks.peers.process_tree import end_on_sigterm

_HERE = Path(__file__).parent
_RUNS = _HERE / "results" / "campaigns.jsonl"
_PAGE = _HERE / "CAMPAIGNS.md"

# One line a campaign: its name and its module in benchmarks/campaigns/.
CAMPAIGNS: dict[str, str] = {
    "cases": "cases",
    "load": "load",
    "fuzz": "fuzz",
    "storage": "storage",
    "overload": "overload",
    "neighbour": "neighbour",
    "kill": "kill",
    "resize": "resize",
    "republish": "republish",
    "cache": "disk_cache",
}


class CampaignFigure(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with where and when it was found."""

    campaign: str
    finding: Finding
    effort: str
    machine: Machine


def findings(name: str, effort: Effort) -> Iterator[Finding]:
    """Run one campaign in a folder of its own."""
    campaign = cast("Campaign", import_module(f"benchmarks.campaigns.{CAMPAIGNS[name]}"))
    with tempfile.TemporaryDirectory(prefix=f"swath-{name}-") as folder:
        yield from campaign.run(effort, Path(folder))


def _table(figures: Sequence[CampaignFigure]) -> Table:
    table = Table(title="Campaigns")
    for column in ("campaign", "what", "asked", "seen", ""):
        table.add_column(column)
    for figure in figures:
        found = figure.finding
        verdict = "held" if found.met else "[red]broken[/red]"
        table.add_row(figure.campaign, found.what, found.asked, found.seen, verdict)
    return table


def latest(figures: Sequence[CampaignFigure]) -> list[CampaignFigure]:
    """Return what the last run of each campaign found, in the order of the campaigns."""
    last = {figure.campaign: figure.machine.started for figure in figures}
    order = list(CAMPAIGNS)
    found = [each for each in figures if each.machine.started == last[each.campaign]]
    return sorted(
        (each for each in found if each.campaign in CAMPAIGNS),
        key=lambda each: order.index(each.campaign),
    )


def page(figures: Sequence[CampaignFigure]) -> str:
    """Return tables as a page of Markdown, one a campaign, each with when and of what it was made."""
    lines = [
        "# Campaigns",
        "",
        "The last run of each: `python -m benchmarks.campaign [NAME ...] --write`.",
    ]
    for name, group in groupby(figures, key=lambda figure: figure.campaign):
        found = list(group)
        machine = found[0].machine
        lines += [
            "",
            f"## {name}",
            "",
            (
                f"Effort {found[0].effort}, {machine.cores} cores of {machine.processor}, "
                f"{machine.started}, commit {machine.commit}."
            ),
            "",
            "| what | asked | seen | |",
            "| --- | --- | --- | --- |",
            *(_row(each.finding) for each in found),
        ]
    return "\n".join(lines) + "\n"


def _row(found: Finding) -> str:
    cells = (found.what, found.asked, found.seen, "held" if found.met else "**broken**")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    end_on_sigterm()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CAMPAIGNS) or "none yet")
    parser.add_argument("--short", action="store_const", const=Effort.SHORT, dest="effort")
    parser.add_argument("--long", action="store_const", const=Effort.LONG, dest="effort")
    parser.add_argument("--write", action="store_true", help=f"write the table to {_PAGE.name}")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(CAMPAIGNS))
    if unknown:
        parser.error(f"no campaign {', '.join(unknown)}; there are: {', '.join(CAMPAIGNS)}")
    effort = chosen.effort or Effort.NORMAL
    machine, console = this_machine(), Console()
    figures = []
    for name in chosen.names or CAMPAIGNS:
        for found in findings(name, effort):
            console.print(f"{name}: {found.what}: {found.seen} ({found.asked})")
            figures.append(
                CampaignFigure(campaign=name, finding=found, effort=effort, machine=machine)
            )
    console.print(_table(figures))
    append_lines(figures, _RUNS)
    if chosen.write:
        _PAGE.write_text(page(latest(read_lines(_RUNS, CampaignFigure))), "utf-8")
    return 0 if all(figure.finding.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
