"""Time the output formats and the picture step on one 256² tile of natural-looking texture.

Prints one JSON line a case, with the machine, the commit and a fixed reference loop timed beside it:
compare ratios, not milliseconds. `python -m benchmarks.encoders [--tiny]`.
"""

import argparse
import json
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config.definition import ServiceProperties
from engine.extent import Extent
from engine.formats import FORMATS
from engine.formats.base import EncodeOptions, Georeference
from engine.function_rules import StretchRule
from engine.functions.picture import Picture, bind_picture, to_rgbv
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Pixels, rgbv_of_planes
from engine.request_parts import RenderingRule
from engine.summary import BandInfo, BandStatistics, ServiceSummary

SIDE = 256
HERE = Georeference("EPSG:32633", (5e5, 10.0, 0.0, 5e6, 0.0, -10.0))
KINDS = (PixelType.U8, PixelType.U16, PixelType.S16, PixelType.F32)


def texture(bands: int, seed: int = 1) -> NDArray[np.float64]:
    """Return (bands, rows, cols) of 1/f noise between 0 and 1."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE)[None])
    frequency[0, 0] = 1.0
    spectrum = np.fft.fft2(random.normal(size=(bands, SIDE, SIDE))) / frequency**1.2
    planes = np.fft.ifft2(spectrum).real
    low, high = planes.min(), planes.max()
    return (planes - low) / (high - low)


def corner_cut() -> NDArray[np.bool_]:
    """Return validity with a fifth of the tile missing along a slanted edge."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return np.asarray(x + 0.4 * y > 0.4 * SIDE)[np.newaxis]


def picture_of(kind: PixelType, gamma: float) -> Picture:
    """Return a percent-like stretch of three bands of a type."""
    statistics = BandStatistics(min=0, max=250, mean=120, std=40)
    summary = ServiceSummary(
        properties=ServiceProperties(),
        crs="EPSG:32633",
        extent=Extent(0, 0, 1, 1),
        pixel_size_x=1,
        pixel_size_y=1,
        pixel_type=kind,
        bands=tuple(BandInfo(name=name) for name in "rgb"),
        statistics=(statistics,) * 3,
        picture_bands=(0, 1, 2),
    )
    rule = RenderingRule(function="Stretch", arguments=StretchRule(stretch_type=3, gamma=(gamma,)))
    return bind_picture(summary, rule=rule)


def encoder_cases() -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield a name and a function that encodes and returns the bytes written."""
    planes = (texture(3) * 255).astype(np.uint8)
    whole = np.ones((1, SIDE, SIDE), np.bool_)
    options = EncodeOptions(georeference=HERE)
    forms: dict[str, Pixels] = {
        "opaque": rgbv_of_planes(PixelBlock(planes, whole)),
        "edge": rgbv_of_planes(PixelBlock(planes, corner_cut())),
        "grey": PixelBlock(planes[:1], whole),
        "blank": rgbv_of_planes(PixelBlock(planes, ~whole)),
    }
    for name, entry in FORMATS.items():
        for form, pixels in forms.items():
            yield f"{name} {form}", lambda e=entry, p=pixels: len(e.encode(p, options).data)


def picture_cases() -> Iterator[tuple[str, Callable[[], int]]]:
    """Yield a name and a function that turns samples into four-byte pixels."""
    samples = texture(3) * 255
    for kind in KINDS:
        block = PixelBlock(samples.astype(kind.dtype_name), corner_cut())
        for gamma in (1.0, 1.8):
            picture = picture_of(kind, gamma)
            yield (
                f"stretch {kind} gamma {gamma}",
                lambda b=block, p=picture: to_rgbv(b, p).words.nbytes,
            )
        yield f"bind {kind}", lambda k=kind: picture_of(k, 1.8).bands[0]
    words = rgbv_of_planes(PixelBlock(samples.astype(np.uint8), corner_cut()))
    picture = picture_of(PixelType.U8, 1.0)
    yield "stretch words", lambda: to_rgbv(words, picture).words.nbytes


def reference_loop() -> int:
    """Do a fixed piece of work whose time tells how fast this machine is just now."""
    return sum(i * i for i in range(20_000))


def median_ms(work: Callable[[], int], repeats: int) -> float:
    """Return the median time of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2] * 1000


def commit() -> str:
    """Return the checkout's commit, or "" outside of one."""
    ran = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout.strip()


def main() -> None:
    """Print a line for every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="few repeats, to see that it runs")
    repeats = 3 if parser.parse_args().tiny else 51
    facts = {"machine": f"{platform.machine()} {platform.system()}", "commit": commit()}
    for name, work in (*picture_cases(), *encoder_cases()):
        line = {
            "case": name,
            "ms": round(median_ms(work, repeats), 3),
            "result": work(),
            "reference_ms": round(median_ms(reference_loop, 5), 3),
        }
        print(json.dumps(line | facts))


if __name__ == "__main__":
    main()
