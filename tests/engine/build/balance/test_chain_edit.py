"""Where corrections stand in chains, and that nothing else is touched."""

from __future__ import annotations

from engine.build.balance.chain_edit import is_balanced, with_corrections, without_correction
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.chain import BY_BALANCE, Process, RasterFunctionProcess, Sampler2D
from engine.function_rules import ArithmeticRule, GainOffsetRule, GainSurfaceRule
from engine.geotransforms import Affine
from engine.process_definition import RasterEntry, RasterProcessDefinition

OURS = RasterFunctionProcess(
    function="GainOffset", arguments=GainOffsetRule(gains=(2.0,)), made_by=BY_BALANCE
)
SURFACE = RasterFunctionProcess(
    function="GainSurface", arguments=GainSurfaceRule(), made_by=BY_BALANCE
)
OTHER = RasterFunctionProcess(function="Arithmetic", arguments=ArithmeticRule(constants=(1.0,)))
MOVE = Affine(source_to_output=(0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
PLAIN = RasterDefinition(raster_type="x", sources=(SourceDefinition(path="a.tif"),))


def record(chain: tuple[Process, ...] = (), group: tuple[Process, ...] = ()) -> RasterDefinition:
    """An item whose definition was imported."""
    entry = RasterEntry(source="a.tif", process_chain=chain)
    definition = RasterProcessDefinition(name="a", rasters=(entry,), process_chain=group)
    return RasterDefinition(
        raster_type="x", sources=(SourceDefinition(path="a.tif"),), process=definition
    )


def chains(raster: RasterDefinition) -> tuple[tuple[Process, ...], tuple[Process, ...]]:
    """The chain of the raster and of its group."""
    assert raster.process is not None
    return raster.process.rasters[0].process_chain, raster.process.process_chain


def test_an_item_without_a_definition_gets_one_and_loses_it_again() -> None:
    made = with_corrections("a", PLAIN, [OURS])
    assert chains(made) == ((OURS,), ())
    assert made.sources == PLAIN.sources
    assert is_balanced(made)
    assert without_correction("a", made) == PLAIN


def test_corrections_follow_other_functions_and_precede_samplers() -> None:
    made = with_corrections("a", record((OTHER, MOVE, Sampler2D())), [OURS, SURFACE])
    assert chains(made)[0] == (OTHER, OURS, SURFACE, MOVE, Sampler2D())


def test_gains_follow_a_function_behind_the_sampler_and_surfaces_cannot() -> None:
    chain = (OTHER, MOVE, Sampler2D(), OTHER)
    assert chains(with_corrections("a", record(chain), [OURS]))[0] == (*chain, OURS)
    made = with_corrections("a", record(chain), [OURS, SURFACE])
    assert chains(made)[0] == (OTHER, OURS, SURFACE, MOVE, Sampler2D(), OTHER)


def test_what_the_group_does_comes_before_too() -> None:
    assert chains(with_corrections("a", record(group=(OTHER,)), [OURS])) == ((), (OTHER, OURS))
    sampled = record((MOVE, Sampler2D()), (OTHER,))
    made = with_corrections("a", sampled, [SURFACE])
    assert chains(made) == ((SURFACE, MOVE, Sampler2D()), (OTHER,))


def test_corrections_are_replaced_and_none_leaves_the_item_as_it_was() -> None:
    before = record((OTHER, Sampler2D()))
    once = with_corrections("a", before, [SURFACE])
    twice = with_corrections("a", once, [OURS])
    assert chains(twice)[0] == (OTHER, OURS, Sampler2D())
    assert with_corrections("a", twice, []) == before
    assert without_correction("a", before) is before
    assert not is_balanced(before)
