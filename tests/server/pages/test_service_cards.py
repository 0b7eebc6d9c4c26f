"""Cards say what a service holds in a person's words."""

from __future__ import annotations

import pytest

from server.pages.service_cards import ground_size


@pytest.mark.parametrize(
    ("size_m", "text"),
    [(3000.0, "3 km pixels"), (0.25, "25 cm pixels"), (463.3, "463 m pixels")],
)
def test_pixel_sizes_read_as_a_person_says_them(size_m: float, text: str) -> None:
    assert ground_size(size_m) == text
