"""The campaigns run in their short form, and what they found becomes a page."""

from __future__ import annotations

import msgspec
import pytest

from benchmarks import campaign
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.machine import this_machine


@pytest.mark.parametrize("name", campaign.CAMPAIGNS)
def test_short_campaign_finds_every_promise_kept(name):
    found = list(campaign.findings(name, Effort.SHORT))
    assert found
    assert [f"{each.what}: {each.seen}" for each in found if not (each.met or each.is_timed)] == []


def figure(name, what="what", started="2026-01-01T00:00:00+00:00"):
    found = Finding(what=what, asked="≤ 1 s", seen="2 s", met=False)
    machine = msgspec.structs.replace(this_machine(), started=started)
    return campaign.CampaignFigure(
        campaign=name, finding=found, effort=Effort.SHORT, machine=machine
    )


def test_page_shows_what_was_asked_and_what_was_seen():
    page = campaign.page([figure("load", "a | flood"), figure("kill")])
    assert page.index("## load\n") < page.index("| a \\| flood | ≤ 1 s | 2 s | **broken** |")
    assert page.count("Effort short, ") == 2


def test_the_last_run_of_each_campaign_is_shown_in_their_order():
    again = "2026-01-02T00:00:00+00:00"
    runs = [figure("kill", "a"), figure("load", "b"), figure("gone"), figure("load", "c", again)]
    assert [each.finding.what for each in campaign.latest(runs)] == ["c", "a"]


def test_unknown_campaign_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        campaign.main(["nothing"])
    assert "no campaign nothing" in capsys.readouterr().err
