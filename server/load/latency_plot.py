"""A histogram of latencies: bins that suit the data, a picture by Pillow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BINS_PER_FACTOR_TWO = 2
_WIDTH, _HEIGHT, _MARGIN = 900, 420, 60


def histogram_ms(latencies_s: Sequence[float]) -> list[tuple[float, float, int]]:
    """Return (from, to, count) in ms over bins half a factor of two wide, none left out between."""
    numbers = [_bin(latency * 1e3) for latency in latencies_s]
    if not numbers:
        return []
    counts = dict.fromkeys(range(min(numbers), max(numbers) + 1), 0)
    for number in numbers:
        counts[number] += 1
    return [(_edge(number), _edge(number + 1), count) for number, count in counts.items()]


def _bin(milliseconds: float) -> int:
    return math.floor(math.log2(max(milliseconds, 1e-3)) * _BINS_PER_FACTOR_TWO)


def _edge(number: int) -> float:
    return float(2 ** (number / _BINS_PER_FACTOR_TWO))


def draw_histogram(bins: Sequence[tuple[float, float, int]], title: str, file: Path) -> None:
    """Write the histogram as a PNG."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(15)
    draw.text((_MARGIN, 16), title, fill="black", font=font)
    base = _HEIGHT - _MARGIN
    draw.line((_MARGIN, base, _WIDTH - _MARGIN, base), fill="black")
    tallest = max((count for _, _, count in bins), default=1) or 1
    step = (_WIDTH - 2 * _MARGIN) / max(1, len(bins))
    every = max(1, math.ceil(len(bins) / 12))
    for place, (low, _, count) in enumerate(bins):
        left = _MARGIN + place * step
        top = base - (base - 60) * count / tallest
        draw.rectangle((left + 1, top, left + step - 1, base), fill="#2b6cb0")
        if place % every == 0:
            draw.text((left, base + 8), f"{low:.3g}", fill="black", font=font)
    draw.text((_WIDTH - _MARGIN - 20, base + 28), "ms", fill="black", font=font)
    image.save(file, "PNG")
