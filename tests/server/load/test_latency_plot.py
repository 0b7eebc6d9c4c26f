"""Histograms of latencies."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.load.latency_plot import draw_histogram, histogram_ms


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50))
def test_every_latency_is_in_one_bin_and_bins_leave_no_gap(latencies):
    bins = histogram_ms(latencies)
    assert sum(count for _, _, count in bins) == len(latencies)
    for (_, high, _), (low, _, _) in pairwise(bins):
        assert high == low


def test_no_latency_no_bin():
    assert histogram_ms([]) == []


def test_the_picture_is_a_png(tmp_path):
    file = tmp_path / "plot.png"
    draw_histogram(histogram_ms([0.001, 0.002, 0.002, 0.5]), "title", file)
    with Image.open(file) as image:
        assert image.format == "PNG"
        assert len(image.getcolors(100_000)) > 2
    draw_histogram([], "nothing", file)
