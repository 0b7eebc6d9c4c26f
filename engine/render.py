"""Render a plan: cell by cell of the world lattice, raster by raster, until the canvas is full.

Rule: decides nothing about rasters, order or levels; every pixel depends on its lattice cell alone,
so any cut of a view gives the same pixels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from config.definition import MosaicOperator
from engine.fetch import MixedValidity
from engine.pixel_type import PixelType
from engine.plan import Plan, with_halo
from engine.process_steps import take_bands
from engine.render_planes import render_planes
from engine.render_rgbv import KERNELS, render_rgbv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.mosaic_process import MosaicProcess
    from engine.pixels import PixelBlock, Pixels
    from engine.render_work import Work


def render(plan: Plan, work: Work, service_type: PixelType) -> Pixels:
    """Return the mosaic of a plan, before the picture step.

    Parameters
    ----------
    service_type : PixelType
        Type of the mosaic's samples; items of another type are cast. Functions that follow the mosaic
        know its type and give their own.

    Returns
    -------
    Rgbv or PixelBlock
        RGBV where three 8-bit bands are wanted for a picture and nothing stands against it.

    Raises
    ------
    DeadlineExceeded, Cancelled
    SourceError
        Only for strict services and single rasters.
    """
    if plan.process is not None:
        return _render_processed(plan, plan.process, work)
    if plan.picture is not None:
        return render_words(plan, work, service_type)
    return render_planes(plan, work, service_type)


def render_words(plan: Plan, work: Work, service_type: PixelType) -> Pixels:
    """Return the mosaic of a plan, as RGBV wherever that can hold it; see `render`."""
    if _fits_rgbv(plan, service_type):
        try:
            return render_rgbv(plan, work)
        except MixedValidity:
            work.filled = work.no_terrain = work.samplings = 0
    return render(replace(plan, picture=None), work, service_type)


def _render_processed(plan: Plan, process: MosaicProcess, work: Work) -> PixelBlock:
    """Return the mosaic after functions that follow it, in the type that they give."""
    mosaics: list[tuple[Plan, tuple[int, ...]]] | None = plan.memo.get("mosaics")
    if mosaics is None:
        mosaics = plan.memo["mosaics"] = list(_mosaics(plan, process))
    before = work.filled
    blocks = [
        process.served(render_planes(mosaic, work, process.pixel_type), bands, mosaic.grid)
        for mosaic, bands in mosaics
    ]
    block = process.apply(blocks, mosaics[0][0].grid)
    if process.rule is not None and len(plan.bands) != block.bands:
        block = take_bands(block, plan.bands)
    # What lies in the halo is not part of the answer.
    work.filled = before + int(np.count_nonzero(block.valid_any()))
    return block


def _mosaics(plan: Plan, process: MosaicProcess) -> Iterator[tuple[Plan, tuple[int, ...]]]:
    """Yield the mosaics that functions need: the plan of each, and which bands of the service."""
    grid = with_halo(plan.grid, process)
    wanted = [plan.bands]
    if process.rule is not None:
        wanted = [process.leaf_bands(leaf) for leaf in process.rule.leaves]
    for source, bands in zip(plan.sources or (plan,), wanted, strict=True):
        read = process.bands_to_read(bands)
        mosaic = replace(source, grid=grid, bands=read, picture=None, process=None, sources=())
        yield mosaic, bands


def _fits_rgbv(plan: Plan, service_type: PixelType) -> bool:
    return (
        plan.process is None
        and len(plan.bands) == 3
        and service_type is PixelType.U8
        and plan.operator in (MosaicOperator.FIRST, MosaicOperator.LAST)
        and plan.interpolation in KERNELS
        and not plan.per_pixel
        and all(planned.fits_words for planned in plan.items)
    )
