"""The process chain of an item: what happens to its pixels between source and mosaic, as records.

Three kinds of process: geotransforms change geometry and never pixels; radiometric processes change
pixels and never geometry; samplers are where pixels of one geometry become pixels of another. A chain
is written in the order in which pixels flow. `split` sorts it by kind: all geotransforms between two
samplers are one map, so that there is one sampling between source and output unless the author says
otherwise.

Rule: descriptions only. No pixels, no files, and no geotransform is evaluated here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from config.definition import Interpolation
from engine.function_rules import FunctionArguments
from engine.functions import FUNCTIONS
from engine.functions.base import RasterFunction
from engine.geometry.terrain_definition import AverageHeight, TerrainDefinition
from engine.geotransforms import Geotransform, PlaneRecord, SensorRecord
from engine.geotransforms.concatenation import Concatenation, concatenate
from engine.geotransforms.outside import OutsidePlane, OutsideSensor
from engine.pixel_type import PixelType
from engine.request_parts import RenderingRule, RuleInput

# The name of the function that does nothing; it has no line in FUNCTIONS.
NO_FUNCTION = "None"
# What may stand in `made_by` of a process that no author wrote.
BY_RASTER_TYPE = "raster-type"
BY_BALANCE = "colour-balance"

Functions = Mapping[str, RasterFunction]


class Kind(StrEnum):
    """What a process may change."""

    RADIOMETRIC = "radiometric process"
    GEOTRANSFORM = "geotransform"
    SAMPLER = "sampler"


class RasterFunctionProcess(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="process",
    tag="RasterFunction",
):
    """A radiometric process: a raster function with its arguments.

    Attributes
    ----------
    function : str
        Name in engine.functions.FUNCTIONS, or "None".
    arguments : FunctionArguments or None
        Of that function; None = its defaults.
    output_pixel_type : PixelType or None
        None = what the function gives.
    inputs : tuple of RuleInput
        What the function takes, where that is more than the raster of the chain: rules for functions,
        numbers, and `MosaicInput` for the raster; () = that one.
    made_by : str
        What put the process into the chain ("raster-type", "colour-balance"), so that it can be told
        from what an author wrote; "" = the author.
    """

    function: str
    arguments: FunctionArguments | None = None
    output_pixel_type: PixelType | None = None
    inputs: tuple[RuleInput, ...] = ()
    made_by: str = ""

    def rule(self) -> RenderingRule:
        """Return the process as the functions' `bind` takes it."""
        name = self.function
        if name in FUNCTIONS:
            name = FUNCTIONS.own_name(name)
        return RenderingRule(
            function=name,
            arguments=self.arguments,
            inputs=self.inputs,
            output_pixel_type=self.output_pixel_type,
        )


class Sampler2D(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="process",
    tag="Sampler2D",
):
    """Samples through transforms in the plane.

    Attributes
    ----------
    interpolation : Interpolation or None
        None = the request's, else the service's.
    tolerance_px : float or None
        Largest error of an interpolated position in output pixels; None = the service's.
    pixel_size : float
        Size of the pixels made, in units of the sampler's output plane; only where more geotransforms
        follow. The last sampler makes the pixels of the request.
    """

    interpolation: Interpolation | None = None
    tolerance_px: float | None = None
    pixel_size: float = 1.0


class SamplerOrtho(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="process",
    tag="SamplerOrtho",
):
    """Samples through a sensor model at the heights of a terrain.

    Attributes
    ----------
    interpolation, tolerance_px, pixel_size
        As of Sampler2D.
    terrain : TerrainDefinition
        Heights of the ground.
    """

    interpolation: Interpolation | None = None
    tolerance_px: float | None = None
    pixel_size: float = 1.0
    terrain: TerrainDefinition = AverageHeight()


Sampler = Sampler2D | SamplerOrtho
Process = Geotransform | RasterFunctionProcess | Sampler2D | SamplerOrtho
Chain = tuple[Process, ...]

DEFAULT_SAMPLER = Sampler2D()


def padding_of(process: RasterFunctionProcess, functions: Functions = FUNCTIONS) -> int:
    """Return how many neighbour pixels a process needs on each side.

    Raises
    ------
    InvalidParameter
        Its arguments are wrong.
    """
    return _padding(process.rule(), functions)


def _padding(rule: RenderingRule, functions: Functions) -> int:
    own = 0 if rule.function == NO_FUNCTION else functions[rule.function].padding(rule)
    inner = (_padding(each, functions) for each in rule.inputs if isinstance(each, RenderingRule))
    return own + max(inner, default=0)


def process_name(process: Process) -> str:
    """Return the name that stands under "process" in files."""
    if isinstance(process, OutsidePlane | OutsideSensor):
        return process.name
    return str(process.__struct_config__.tag)


def kind_of(process: Process) -> Kind:
    """Return what a process may change."""
    if isinstance(process, RasterFunctionProcess):
        return Kind.RADIOMETRIC
    if isinstance(process, Sampler):
        return Kind.SAMPLER
    return Kind.GEOTRANSFORM


def is_sensor(process: Process) -> bool:
    """Whether a process leads from the ground to an image, and so needs heights."""
    return isinstance(process, SensorRecord)


@dataclass(frozen=True, slots=True)
class Stage:
    """One sampling: what is done to the pixels before it, and the one map it goes through.

    Attributes
    ----------
    pointwise : RasterFunctionProcess
        Done to decoded blocks once, before the sampler.
    focal : RasterFunctionProcess
        The rest of what stands before the sampler, from the first process with neighbours on; done to
        the window that is sampled, with a halo.
    halo_px : int
        Source pixels that the focal processes need around the window.
    geotransforms : Geotransform
        In chain order, one concatenation; of the last stage together with the projection.
    sampler : Sampler
    is_default : bool
        The author gave no sampler here.
    source_step : float
        Size of the pixels sampled from, in units of the first geotransform's source.
    """

    pointwise: tuple[RasterFunctionProcess, ...]
    focal: tuple[RasterFunctionProcess, ...]
    halo_px: int
    geotransforms: tuple[Geotransform, ...]
    sampler: Sampler
    is_default: bool
    source_step: float

    @property
    def sensor(self) -> SensorRecord | None:
        """The sensor model, where this sampling needs heights."""
        return next((g for g in self.geotransforms if isinstance(g, SensorRecord)), None)

    @property
    def image_side(self) -> tuple[PlaneRecord, ...]:
        """Geotransforms between source and sensor model; all where there is none."""
        return tuple(g for g in self.geotransforms[: self._turn] if isinstance(g, PlaneRecord))

    @property
    def ground_side(self) -> tuple[PlaneRecord, ...]:
        """Geotransforms between sensor model and output."""
        return tuple(g for g in self.geotransforms[self._turn :] if isinstance(g, PlaneRecord))

    @property
    def _turn(self) -> int:
        """Place of the sensor model."""
        found = (i for i, g in enumerate(self.geotransforms) if is_sensor(g))
        return next(found, len(self.geotransforms))

    def bind(self) -> Concatenation:
        """Return the stage's geotransforms as one map.

        Raises
        ------
        InvalidParameter
            A geotransform has bad numbers.
        """
        return concatenate([record.bind() for record in self.geotransforms], self.source_step)


@dataclass(frozen=True, slots=True)
class SplitChain:
    """A chain sorted by kind.

    Attributes
    ----------
    stages : Stage
        One or more, from the source to the output. Of more than one, each samples what the one before
        it made, on a lattice from (0, 0) of the plane between them.
    after : RasterFunctionProcess
        What stands behind the last sampler: done to sampled pixels, before the mosaic.
    after_halo_px : int
        Output pixels that those need around the view.
    """

    stages: tuple[Stage, ...]
    after: tuple[RasterFunctionProcess, ...] = ()
    after_halo_px: int = 0


def split(chain: Sequence[Process], functions: Functions = FUNCTIONS) -> SplitChain:
    """Sort a chain by kind; a 2D sampler is added where geotransforms, or no sampler at all, end it.

    Geometry and pixels do not touch each other, so within a stage only the order within each kind
    matters; radiometric processes stay on the side of the sampler where the author put them.

    Parameters
    ----------
    chain
        Without faults (see engine.chain_rules).
    """
    stages: list[Stage] = []
    radiometric: list[RasterFunctionProcess] = []
    geotransforms: list[Geotransform] = []

    def end_stage(sampler: Sampler, *, is_default: bool) -> None:
        pointwise, focal = _parted(radiometric, functions)
        stages.append(
            Stage(
                pointwise=pointwise,
                focal=focal,
                halo_px=_halo(focal, functions),
                geotransforms=tuple(geotransforms),
                sampler=sampler,
                is_default=is_default,
                source_step=stages[-1].sampler.pixel_size if stages else 1.0,
            )
        )
        radiometric.clear()
        geotransforms.clear()

    for process in chain:
        if isinstance(process, RasterFunctionProcess):
            radiometric.append(process)
        elif isinstance(process, Sampler):
            end_stage(process, is_default=False)
        else:
            geotransforms.append(process)
    if geotransforms or not stages:
        end_stage(DEFAULT_SAMPLER, is_default=True)
    after = tuple(process for process in radiometric if not _is_idle(process))
    return SplitChain(tuple(stages), after, _halo(after, functions))


def _is_idle(process: RasterFunctionProcess) -> bool:
    is_nothing = process.function == NO_FUNCTION and process.output_pixel_type is None
    return is_nothing and not process.inputs


def _parted(
    processes: Sequence[RasterFunctionProcess], functions: Functions
) -> tuple[tuple[RasterFunctionProcess, ...], tuple[RasterFunctionProcess, ...]]:
    """Return the pointwise prefix, and the rest from the first process that needs neighbours."""
    used = tuple(process for process in processes if not _is_idle(process))
    for place, process in enumerate(used):
        if padding_of(process, functions) > 0:
            return used[:place], used[place:]
    return used, ()


def _halo(processes: Sequence[RasterFunctionProcess], functions: Functions) -> int:
    return sum(padding_of(process, functions) for process in processes)
