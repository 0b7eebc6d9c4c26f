"""The campaigns run in their short form, and what they found becomes a page."""

from __future__ import annotations

import pytest

from benchmarks import campaign
from benchmarks.campaigns.finding import Effort, Finding
from benchmarks.machine import this_machine


@pytest.mark.parametrize("name", campaign.CAMPAIGNS)
def test_short_campaign_finds_every_promise_kept(name):
    found = list(campaign.findings(name, Effort.SHORT))
    assert found
    assert [f"{each.what}: {each.seen}" for each in found if not (each.met or each.is_timed)] == []


def test_page_shows_what_was_asked_and_what_was_seen():
    found = Finding(what="a | flood", asked="≤ 1 s", seen="2 s", met=False)
    figure = campaign.CampaignFigure(
        campaign="load", finding=found, effort=Effort.SHORT, machine=this_machine()
    )
    assert "| load | a \\| flood | ≤ 1 s | 2 s | **broken** |" in campaign.page([figure])


def test_unknown_campaign_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        campaign.main(["nothing"])
    assert "no campaign nothing" in capsys.readouterr().err
