"""A rendering rule as a tree of raster functions: bound once, run over blocks.

Leaves are mosaics of the service, or single items; each is read once however often it is named, and equal
parts are worked out once. Functions that look at no neighbour melt into one pass; the others take whole
blocks, made with what they need around.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from engine.errors import InvalidParameter, RequestTooLarge
from engine.expressions.evaluate import expression_pass
from engine.expressions.tree import Number, Sample, effort_of, replaced, samples_of
from engine.functions import FUNCTIONS
from engine.functions.base import (
    BandsInfo,
    BoundCombination,
    CombiningFunction,
    GridFunction,
    retyped,
    taps_of,
)
from engine.functions.pointwise import (
    MeltingFunction,
    PointwiseFunction,
    StagedFunction,
    as_type,
)
from engine.pixel_type import PixelType
from engine.request_parts import ConstantInput, ItemInput, MosaicInput, RenderingRule
from engine.tree_nodes import NodeWork, OneBlock, SeveralBlocks, TreeNode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.expressions.tree import Expression
    from engine.functions.base import BoundFunction
    from engine.pixels import PixelBlock
    from engine.request_parts import RuleInput
    from engine.target_grid import TargetGrid
    from engine.tree_nodes import Ground

# A larger pass takes long to compile, more than in proportion: it is cut. Some hundred divisions in a row
# take a second.
_MOST_MELTED = 600
# What all passes of a rule may take to compile.
_MOST_EFFORT = 8000
_AS_IT_IS = "None"
_WHOLE_TYPES = (PixelType.U8, PixelType.S16, PixelType.U16, PixelType.S32, PixelType.U32)

Leaf: TypeAlias = MosaicInput | ItemInput


@dataclass(frozen=True, slots=True)
class TreeLeaf:
    """What is read.

    Attributes
    ----------
    bands : tuple of int
        From 0, rising.
    """

    source: Leaf
    bands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FunctionTree:
    """A rule ready to run.

    Attributes
    ----------
    leaves : tuple of TreeLeaf
    halo_px : int
        Pixels needed around those that are wanted.
    taps : int
        Neighbours that its functions look at for a pixel.
    output : BandsInfo
        What comes out.
    """

    leaves: tuple[TreeLeaf, ...]
    halo_px: int
    taps: int
    output: BandsInfo
    _nodes: tuple[TreeNode, ...]

    @property
    def needs_map(self) -> bool:
        """Whether a function asks where on the map pixels lie."""
        alone = (node.work.function for node in self._nodes if isinstance(node.work, OneBlock))
        return any(isinstance(function, GridFunction) for function in alone)

    def run(
        self, blocks: Sequence[PixelBlock], ground: Ground, grid: TargetGrid | None = None
    ) -> PixelBlock:
        """Return the results, as many pixels as the blocks have.

        Parameters
        ----------
        blocks
            Of each leaf its bands.
        ground : callable
            Gives the sizes of the blocks' pixels on the ground; called where a function asks.
        grid
            Of the blocks; None = they lie nowhere, and nothing is cut off by its place.
        """
        results: list[PixelBlock | None] = list(blocks)
        last = {each: number for number, node in enumerate(self._nodes) for each in node.inputs}
        for number, node in enumerate(self._nodes):
            given = [block for each in node.inputs if (block := results[each]) is not None]
            results.append(node.run(given, ground, grid))
            for each in node.inputs:
                if last[each] == number:
                    results[each] = None
        found = results[-1]
        assert found is not None
        return found


def function_tree(rule: RenderingRule, info_of: Callable[[Leaf], BandsInfo]) -> FunctionTree:
    """Bind a rule.

    Parameters
    ----------
    info_of
        Tells what is known of a leaf.

    Raises
    ------
    InvalidParameter
        Names the function and its argument.
    """
    binder = _Binder(info_of)
    bound = binder.bound(rule)
    return binder.tree(bound)


def _type_of(number: float) -> PixelType:
    """Return the smallest type that holds a number as it is, so that whole numbers leave whole rasters so."""
    if number.is_integer():
        for known in _WHOLE_TYPES:
            low, high = known.limits
            if low <= number <= high:
                return known
    return PixelType.F64


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a part of the tree gives.

    Attributes
    ----------
    expressions : one per band
        `Sample.source` is the number of a part that is whole blocks.
    halo_px : int
        What its leaves need around.
    """

    info: BandsInfo
    expressions: tuple[Expression, ...]
    halo_px: int = 0


@dataclass(frozen=True, slots=True)
class _Melted:
    expressions: tuple[Expression, ...]
    pixel_type: PixelType


class _Binder:
    def __init__(self, info_of: Callable[[Leaf], BandsInfo]) -> None:
        self._info_of = info_of
        # Whole blocks in the order they are made, with the numbers of what they are made of.
        self._parts: list[tuple[Leaf | _Melted | OneBlock | SeveralBlocks, tuple[int, ...]]] = []
        self._infos: list[BandsInfo] = []
        self._known: dict[RuleInput, _Bound] = {}
        self._first_steps: dict[tuple[BoundFunction, int], _Bound] = {}
        self._taps = self._effort = 0

    def bound(self, part: RuleInput) -> _Bound:
        found = self._known.get(part)
        if found is None:
            found = self._known[part] = self._new(part)
        return found

    def _new(self, part: RuleInput) -> _Bound:
        if isinstance(part, RenderingRule):
            return self._function(part)
        if isinstance(part, ConstantInput):
            return _Bound(BandsInfo(_type_of(part.value), 1), (Number(part.value),))
        info = self._info_of(part)
        return _Bound(info, self._samples(part, (), info))

    def _samples(
        self,
        part: Leaf | _Melted | OneBlock | SeveralBlocks,
        inputs: tuple[int, ...],
        info: BandsInfo,
    ) -> tuple[Expression, ...]:
        self._parts.append((part, inputs))
        self._infos.append(info)
        return tuple(Sample(len(self._parts) - 1, band) for band in range(info.bands))

    def _function(self, rule: RenderingRule) -> _Bound:
        inputs = [self.bound(each) for each in rule.inputs or (MosaicInput(),)]
        if rule.function == _AS_IT_IS:
            return _cast(inputs[0], rule.output_pixel_type)
        function = FUNCTIONS[rule.function]
        halo = max(each.halo_px for each in inputs) + function.padding(rule)
        self._taps += taps_of(function, rule)
        if isinstance(function, CombiningFunction):
            made: BoundFunction | BoundCombination = function.bind_inputs(
                [each.info for each in inputs], rule
            )
        elif len(inputs) == 1:
            made = function.bind(inputs[0].info, rule)
        else:
            raise InvalidParameter(rule.function, f"{len(inputs)} rasters", "one raster")
        if isinstance(made, MeltingFunction):
            made = made.pointwise or made
        if isinstance(made, StagedFunction):
            first = self._first_step(made, inputs)
            return _Bound(made.output, self._melted(made.then, [first]), halo)
        if isinstance(made, PointwiseFunction):
            return _Bound(made.output, self._melted(made, inputs), halo)
        work = SeveralBlocks(made) if isinstance(made, BoundCombination) else OneBlock(made)
        return replace(self._step(work, inputs, made.output), halo_px=halo)

    def _step(
        self, work: OneBlock | SeveralBlocks, inputs: list[_Bound], info: BandsInfo
    ) -> _Bound:
        """Return what a function makes of whole blocks."""
        numbers = tuple(self._whole(each) for each in inputs)
        return _Bound(info, self._samples(work, numbers, info))

    def _first_step(self, made: StagedFunction, inputs: list[_Bound]) -> _Bound:
        """Return the first step of a function, which others of the same raster share."""
        key = (made.first, self._whole(inputs[0]))
        found = self._first_steps.get(key)
        if found is None:
            found = self._step(OneBlock(made.first), inputs, made.first.output)
            self._first_steps[key] = found
        return found

    def _melted(self, made: PointwiseFunction, inputs: list[_Bound]) -> tuple[Expression, ...]:
        """Return the function's expressions over what its inputs are expressions of."""
        own = effort_of(made.expressions)
        self._effort += own
        if self._effort > _MOST_EFFORT:
            raise RequestTooLarge(
                "number of operations in renderingRule", self._effort, _MOST_EFFORT
            )
        given = effort_of(each for bound in inputs for each in bound.expressions)
        if given and given + own > _MOST_MELTED:
            inputs = [self._apart(each) for each in inputs]

        def inner(sample: Sample) -> Expression:
            bound = inputs[sample.source]
            expression = bound.expressions[sample.band]
            if isinstance(expression, Sample):
                given = self._infos[expression.source].pixel_type
                if given is bound.info.pixel_type:
                    return expression
            return as_type(expression, bound.info.pixel_type)

        # One mapping for all bands, so that what they share stays one.
        needed = frozenset[Sample]().union(*map(samples_of, made.expressions))
        samples = {each: inner(each) for each in needed}
        return tuple(replaced(each, samples) for each in made.expressions)

    def _apart(self, bound: _Bound) -> _Bound:
        number = self._whole(bound)
        samples = tuple(Sample(number, band) for band in range(bound.info.bands))
        return _Bound(bound.info, samples, bound.halo_px)

    def _whole(self, bound: _Bound) -> int:
        """Return the number of a part that is the whole blocks of what is bound."""
        first = bound.expressions[0]
        if isinstance(first, Sample):
            own = self._infos[first.source]
            all_bands = tuple(Sample(first.source, band) for band in range(own.bands))
            if bound.expressions == all_bands and bound.info.pixel_type is own.pixel_type:
                return first.source
        # Numbers alone have the size of the view, too.
        sources = _sources(bound.expressions) or (self._any_leaf(),)
        part = _Melted(bound.expressions, bound.info.pixel_type)
        self._samples(part, sources, bound.info)
        return len(self._parts) - 1

    def tree(self, bound: _Bound) -> FunctionTree:
        last = self._whole(bound)
        if last != len(self._parts) - 1:
            # What is asked for is the last that is made.
            as_it_is = _Melted(self._apart(bound).expressions, bound.info.pixel_type)
            self._samples(as_it_is, (last,), bound.info)
        bands = self._bands_read(last)
        leaves = self._leaf_parts()
        places = {number: place for place, number in enumerate(leaves)}
        nodes: list[TreeNode] = []
        for number, (part, inputs) in enumerate(self._parts):
            if isinstance(part, MosaicInput | ItemInput):
                continue
            given = tuple(places[each] for each in inputs)
            nodes.append(TreeNode(_work(part, inputs, bands), given))
            places[number] = len(leaves) + len(nodes) - 1
        found = (self._parts[number][0] for number in leaves)
        sources = [each for each in found if isinstance(each, MosaicInput | ItemInput)]
        read = tuple(
            TreeLeaf(source, bands[number]) for source, number in zip(sources, leaves, strict=True)
        )
        return FunctionTree(read, bound.halo_px, self._taps, bound.info, tuple(nodes))

    def _any_leaf(self) -> int:
        self.bound(MosaicInput())
        return self._leaf_parts()[0]

    def _leaf_parts(self) -> list[int]:
        return [
            number
            for number, (part, _) in enumerate(self._parts)
            if isinstance(part, MosaicInput | ItemInput)
        ]

    def _bands_read(self, last: int) -> dict[int, tuple[int, ...]]:
        """Return the bands that are read of each leaf; `last` is what is asked for."""
        used: dict[int, set[int]] = {number: set() for number in self._leaf_parts()}
        for part, inputs in self._parts:
            if isinstance(part, _Melted):
                for sample in frozenset[Sample]().union(*map(samples_of, part.expressions)):
                    if sample.source in used:
                        used[sample.source].add(sample.band)
                continue
            for number in inputs:
                if number in used:
                    used[number] |= set(range(self._infos[number].bands))
        if last in used:
            used[last] = set(range(self._infos[last].bands))
        # One band at least: it has the size of the view.
        return {number: tuple(sorted(bands)) or (0,) for number, bands in used.items()}


def _sources(expressions: tuple[Expression, ...]) -> tuple[int, ...]:
    found = frozenset[Sample]().union(*map(samples_of, expressions))
    return tuple(sorted({sample.source for sample in found}))


def _work(
    part: _Melted | OneBlock | SeveralBlocks,
    inputs: tuple[int, ...],
    bands: dict[int, tuple[int, ...]],
) -> NodeWork:
    """Return a part with its samples counted as they come: by input, and by band that is read."""
    if not isinstance(part, _Melted):
        return part
    place = {number: at for at, number in enumerate(inputs)}

    def at(sample: Sample) -> Sample:
        own = bands.get(sample.source)
        band = sample.band if own is None else own.index(sample.band)
        return Sample(place[sample.source], band)

    needed = frozenset[Sample]().union(*map(samples_of, part.expressions))
    samples = {each: at(each) for each in needed}
    moved = [replaced(each, samples) for each in part.expressions]
    return expression_pass(moved, part.pixel_type)


def _cast(bound: _Bound, pixel_type: PixelType | None) -> _Bound:
    if pixel_type is None or pixel_type is bound.info.pixel_type:
        return bound
    inner = bound.info.pixel_type
    expressions = tuple(as_type(as_type(e, inner), pixel_type) for e in bound.expressions)
    return _Bound(retyped(bound.info, pixel_type), expressions, bound.halo_px)
