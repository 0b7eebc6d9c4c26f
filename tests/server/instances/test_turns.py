"""Whose turn it is, and who has most waiting, against slow models."""

from hypothesis import given
from hypothesis import strategies as st

from server.instances.turns import Flow, Lane, Lengths, Turns

STEPS = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from(["grow", "shrink", "charge"])), max_size=80
)


@given(STEPS)
def test_the_longest_and_the_earliest_are_those_of_a_search(steps):
    flows = {name: Flow(name) for name in "abcde"}
    lengths, turns = Lengths(), Turns(Lane.SMALL)
    for name, step in steps:
        flow = flows[name]
        if step == "grow":
            flow.add(Lane.SMALL, 1.0)
            lengths.grown(flow)
            turns.add(flow)
        elif step == "charge":
            flow.tag += 1.5
        elif flow.count:
            flow.remove(Lane.SMALL, 1.0)
            lengths.shrunk(flow)
        waiting = [each for each in flows.values() if each.count]
        longest, first = lengths.longest(), turns.first()
        if not waiting:
            assert longest is first is None
        else:
            assert longest.count == max(each.count for each in waiting)
            assert first in waiting
            assert first.tag == min(each.tag for each in waiting)


def test_flows_of_one_tag_take_turns():
    turns, taken = Turns(Lane.LARGE), []
    for name in "abc":
        flow = Flow(name)
        flow.add(Lane.LARGE, 1.0)
        turns.add(flow)
    for _ in range(6):
        flow = turns.first()
        flow.tag += 1.0
        taken.append(flow.name)
    assert taken == list("abcabc")


def test_flows_whose_askers_left_are_dropped_though_they_never_come_to_the_front():
    turns = Turns(Lane.SMALL)
    stuck = Flow("stuck")
    stuck.add(Lane.SMALL, 1.0)
    turns.add(stuck)
    for number in range(5000):
        flow = Flow(str(number))
        flow.tag = 1.0
        flow.add(Lane.SMALL, 1.0)
        turns.add(flow)
        flow.remove(Lane.SMALL, 1.0)
    assert len(turns._heap) < 200
    assert turns.first() is stuck


def test_an_empty_flow_costs_nothing():
    flow = Flow("a")
    for _ in range(10):
        flow.add(Lane.SMALL, 0.1)
    for _ in range(10):
        flow.remove(Lane.SMALL, 0.1)
    assert flow.price_s == 0.0
