"""A definition opened in this process: pixels of any view and chain, as a server would answer.

It lives in `server` because rules are read as clients of the REST interface write them; no HTTP and no other
process takes part, but those that run registered functions in Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.answer import render_request
from engine.budget import UNLIMITED
from engine.errors import ConfigError, InvalidParameter
from engine.extent import Extent
from engine.mosaic_process import is_function
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.service import open_service
from engine.service_picture import band_names, rule_bands
from server.notebook.data_array import data_array
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json, rule_scope
from server.protocols.arcgis.rules import mosaic_rule_of_json
from server.protocols.arcgis.sloppy_json import decode_json
from server.protocols.arcgis.spatial_reference import parse_crs
from server.python_functions.session import registered_functions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    import xarray

    from engine.plan import Plan
    from engine.request_parts import MosaicRule, RenderingRule
    from engine.summary import ServiceSummary

Rule: TypeAlias = "Mapping[str, Any] | str"
Pair: TypeAlias = "tuple[float, float]"

_ROOT = Path(__file__).resolve().parents[2]
_SAMPLES = Encoding(format="tiff")


def open_definition(path: Path | str, data: Path | str | None = None) -> OpenDefinition:
    """Open a compiled definition, or compile the folder of one and open that.

    Parameters
    ----------
    path
        NAME.zmd, or the folder NAME.isdef as it was last built.
    data
        Data folder of a server, for the functions in Python that are registered there.

    Raises
    ------
    ConfigError
        It is no definition, or cannot be compiled.
    """
    found = Path(path)
    if not found.is_dir():
        return OpenDefinition(found, None, data)
    temporary = tempfile.TemporaryDirectory(prefix="swath-notebook-")
    try:
        compiled = Path(temporary.name) / f"{found.stem}.zmd"
        _compile(found, compiled)
        return OpenDefinition(compiled, temporary, data)
    except BaseException:
        temporary.cleanup()
        raise


class OpenDefinition:
    """An open definition; a context manager, and closed by `close`.

    Made by `open_definition`.
    """

    def __init__(
        self,
        compiled: Path,
        temporary: tempfile.TemporaryDirectory[str] | None,
        data: Path | str | None,
    ) -> None:
        self._service = open_service(str(compiled))
        self._temporary = temporary
        self._functions = ExitStack()
        self.name = compiled.stem
        if data is not None:
            self._functions.enter_context(registered_functions(Path(data)))

    def __enter__(self) -> OpenDefinition:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the definition and remove what was compiled for it."""
        self._service.close()
        self._functions.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def summary(self) -> ServiceSummary:
        """Bands, extent, CRS, pixel size, statistics and properties."""
        return self._service.summary

    def view(  # noqa: PLR0913 -- what a person types in a notebook, by keyword
        self,
        extent: Sequence[float] | None = None,
        *,
        crs: str | int = "",
        size: tuple[int, int] | None = None,
        pixel_size: float | Pair | None = None,
        rule: Rule | None = None,
        mosaic: Rule | None = None,
        bands: Sequence[int] = (),
    ) -> PixelBlock:
        """Return the pixels of a view: samples, never a picture.

        Parameters
        ----------
        extent : (xmin, ymin, xmax, ymax)
            In `crs`; None = all there is.
        crs
            Of extent and pixels, as "EPSG:n", n or WKT; "" = the definition's.
        size : (width, height)
            In pixels; else `pixel_size` says it, else the definition's own pixels.
        pixel_size
            In units of `crs`: one number, or those along x and y.
        rule, mosaic
            Rendering rule and mosaic rule as clients send them: a dict, its JSON, or a name.
        bands
            From 0, what the rule knows; () = all.

        Raises
        ------
        ImageServerError
            What cannot be is named.
        """
        asked = _Asked(extent, str(crs), size, pixel_size, rule, mosaic, tuple(bands))
        return self._pixels(asked)[0]

    def xarray(  # noqa: PLR0913 -- as `view`
        self,
        extent: Sequence[float] | None = None,
        *,
        crs: str | int = "",
        size: tuple[int, int] | None = None,
        pixel_size: float | Pair | None = None,
        rule: Rule | None = None,
        mosaic: Rule | None = None,
        bands: Sequence[int] = (),
    ) -> xarray.DataArray:
        """Return the pixels of a view as an array (band, y, x); invalid ones are NaN. See `view`.

        Coordinates are those of the pixels' centres; `attrs` has `crs`, `transform` (as GDAL has it) and
        `pixel_type`. Samples are float32, or float64 where that does not hold them.

        Raises
        ------
        ImageServerError
        ConfigError
            The package xarray is not installed.
        """
        asked = _Asked(extent, str(crs), size, pixel_size, rule, mosaic, tuple(bands))
        block, made, names = self._pixels(asked)
        return data_array(block, made, names)

    def _pixels(self, asked: _Asked) -> tuple[PixelBlock, Plan, tuple[str, ...]]:
        request = asked.request(self.name, self.summary)
        made = plan(self._service, request)
        pixels = render_request(made, request, Work(self._service, UNLIMITED))
        block = pixels.planes() if isinstance(pixels, Rgbv) else pixels
        return block, made, self._names(request.rendering, made, request)

    def _names(
        self, rule: RenderingRule | None, made: Plan, request: ImageRequest
    ) -> tuple[str, ...]:
        if rule is not None and is_function(rule):
            known = rule_bands(self.summary, request.band_ids)
            return band_names(self._service.function_tree(rule, known).output)
        return tuple(self.summary.bands[band].name for band in made.bands)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A view as it was typed."""

    extent: Sequence[float] | None
    crs: str
    size: tuple[int, int] | None
    pixel_size: float | Pair | None
    rule: Rule | None
    mosaic: Rule | None
    bands: tuple[int, ...]

    def request(self, name: str, summary: ServiceSummary) -> ImageRequest:
        """Return the request that a client would have sent."""
        crs = parse_crs("crs", self.crs)
        box = self._box(crs, summary)
        width, height = self._size(box, crs, summary)
        view = View(extent=box, extent_crs=crs, out_crs=crs, width=width, height=height)
        return ImageRequest(
            view=view,
            encoding=_SAMPLES,
            band_ids=self.bands,
            mosaic=self._mosaic(),
            rendering=self._rule(name, summary),
        )

    def _box(self, crs: str, summary: ServiceSummary) -> Extent:
        if self.extent is None:
            if crs not in ("", summary.crs):
                raise InvalidParameter("extent", "nothing", "a box, where crs is another")
            return summary.extent
        values = [float(value) for value in self.extent]
        if len(values) != 4:
            raise InvalidParameter("extent", values, "xmin, ymin, xmax, ymax")
        return Extent(*values)

    def _size(self, box: Extent, crs: str, summary: ServiceSummary) -> tuple[int, int]:
        if self.size is not None:
            width, height = self.size
            if not (width == int(width) > 0 and height == int(height) > 0):
                raise InvalidParameter("size", self.size, "width and height, whole numbers from 1")
            return int(width), int(height)
        pixel = self.pixel_size
        if pixel is None:
            if crs not in ("", summary.crs):
                raise InvalidParameter(
                    "size", "nothing", "size or pixel_size, where crs is another"
                )
            pixel = (summary.pixel_size_x, summary.pixel_size_y)
        across, down = (pixel, pixel) if isinstance(pixel, int | float) else pixel
        if not (across > 0 and down > 0 and box.is_finite):
            raise InvalidParameter("pixel_size", pixel, "one or two numbers above 0")
        return max(1, round(box.width / across)), max(1, round(box.height / down))

    def _rule(self, name: str, summary: ServiceSummary) -> RenderingRule | None:
        if self.rule is None:
            return None
        return rendering_rule_of_json(_value("rule", self.rule), rule_scope(name, summary))

    def _mosaic(self) -> MosaicRule | None:
        return None if self.mosaic is None else mosaic_rule_of_json(_value("mosaic", self.mosaic))


def _value(name: str, rule: Rule) -> Any:
    """Return a rule as its JSON would be read."""
    if isinstance(rule, str):
        return decode_json(name, rule) if rule.lstrip().startswith("{") else rule
    return dict(rule)


def _compile(folder: Path, compiled: Path) -> None:
    """Compile in a process of its own: a notebook has threads, and its main module cannot be run again."""
    command = [sys.executable, "-P", "-m", "server.cli", "definition", "compile", str(folder)]
    more = os.environ.get("PYTHONPATH")
    paths = [str(_ROOT), more] if more else [str(_ROOT)]
    done = subprocess.run(
        [*command, "-o", str(compiled)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 or not compiled.is_file():
        said = (done.stderr or done.stdout).strip().splitlines()
        why = said[-1].removeprefix("swath: ") if said else f"ended with code {done.returncode}"
        raise ConfigError(folder, "", f"cannot be compiled: {why}")
