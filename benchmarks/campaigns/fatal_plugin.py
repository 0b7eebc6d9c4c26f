"""A raster function from outside that takes down the process it runs in: Fatal, as an installed package."""

from pathlib import Path

_MODULE = """
import os

from engine.functions.base import BandsInfo


class _Bound:
    def __init__(self, output):
        self.output = output

    def apply(self, block):
        os.abort()


class _Fatal:
    def padding(self, rule):
        return 0

    def bind(self, info, rule):
        return _Bound(BandsInfo(info.pixel_type, info.bands))


FATAL = _Fatal()
"""

RULE = '{"rasterFunction":"Fatal"}'


def install_fatal(folder: Path) -> None:
    """Put the package into a folder that a server's PYTHONPATH will name."""
    info = folder / "swath_fatal-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "swath_fatal.py").write_text(_MODULE, "utf-8")
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: swath-fatal\nVersion: 1.0\n", "utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[swath.v1.functions]\nFatal = swath_fatal:FATAL\n", "utf-8"
    )
