"""Decode one block of one level: samples, no-data, masks and footprint become pixels with validity.

I/O and nothing else: which block is wanted is settled before. Levels averaged on the fly (`shrink`)
are read through GDAL's decimating average (mode for classes), exactly 2**shrink source pixels a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from engine.errors import SourceCorrupt
from engine.footprint import Rings, clip_valid, edges_of
from engine.functions.base import BlockPlace
from engine.pixels import PixelBlock
from engine.process_steps import take_bands
from engine.readers.area_reader import SourcePart, source_part
from engine.readers.pack import pack_rgbv
from engine.sample_rule import NO_RULE, SampleRule
from engine.wavelet import BLUR_PX, is_wavelet

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from engine.item import Item, Source
    from engine.levels import LevelView
    from engine.process_steps import Steps
    from engine.readers.handles import HandlePool

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a chain does to each pixel by itself, when its block is decoded.

    Attributes
    ----------
    take : tuple of int or None
        Bands kept of the results; None = all.
    key : tuple
        Equal for equal work; stands in keys of blocks.
    """

    steps: Steps
    take: tuple[int, ...] | None
    key: tuple[object, ...]

    def apply(
        self, data: Array, valid: NDArray[np.bool_], place: BlockPlace
    ) -> tuple[Array, NDArray[np.bool_]]:
        """Return processed samples and their validity."""
        block = self.steps.apply(PixelBlock(data, valid), place)
        if self.take is not None:
            block = take_bands(block, self.take)
        return block.data, block.valid


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """What is wanted of a block.

    Attributes
    ----------
    identity : int
        Stands for the item's files and how they are read (see block_cache.Identities).
    bands : tuple of int
        Service bands from 0.
    thematic : bool
        Averaged levels take the most frequent value instead of the mean: of classes, or as asked for.
    clip, seam : bytes
        Packed rings to clip by: the footprint, and a hard seamline; b"" = not.
    prefix : Prefix or None
        Done to all bands that are read.
    """

    item: Item
    identity: int
    view: LevelView
    bands: tuple[int, ...]
    thematic: bool
    clip: bytes
    prefix: Prefix | None = None
    seam: bytes = b""


@dataclass(frozen=True, slots=True)
class Block:
    """A decoded block.

    Attributes
    ----------
    data : (bands, rows, cols), or uint32 (rows, cols) for RGBV
    valid : bool (1 or bands, rows, cols) or None
        None = all valid; always None for RGBV, whose words say it.
    all_valid, none_valid : bool
    mixed : bool
        RGBV only: some pixel has bands that are valid and bands that are not, so this form cannot
        hold it; `data` is empty.
    """

    data: Array
    valid: NDArray[np.bool_] | None
    all_valid: bool
    none_valid: bool
    mixed: bool = False

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self.data.nbytes) + (0 if self.valid is None else int(self.valid.nbytes))


@lru_cache(maxsize=512)
def _rings(packed: bytes) -> Rings:
    return edges_of(packed)


def read_planes(handles: HandlePool, request: BlockRequest, row: int, col: int) -> Block:
    """Decode a block as planes of the item's pixel type.

    Raises
    ------
    SourceUnavailable, SourceCorrupt
    """
    data, valid = _read(handles, request, row, col)
    if valid is None:
        return Block(data, None, all_valid=True, none_valid=False)
    count = int(np.count_nonzero(valid))
    all_valid = count == valid.size
    return Block(data, None if all_valid else valid, all_valid, count == 0)


def read_rgbv(handles: HandlePool, request: BlockRequest, row: int, col: int) -> Block:
    """Decode a block of three uint8 bands as RGBV words.

    Raises
    ------
    SourceUnavailable, SourceCorrupt
    """
    data, valid = _read(handles, request, row, col)
    if valid is None:
        valid = np.ones((1, *data.shape[1:]), np.bool_)
    words, valid_count, mixed_count = pack_rgbv(data, valid)
    if mixed_count:
        return Block(
            np.empty((0, 0), np.uint32), None, all_valid=False, none_valid=False, mixed=True
        )
    return Block(words, None, valid_count == words.size, valid_count == 0)


def _read(
    handles: HandlePool, request: BlockRequest, row: int, col: int
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Read samples (bands, rows, cols) and their validity (1 or bands, rows, cols), processed.

    None = all are valid.
    """
    data, valid = _read_source(handles, request, row, col)
    if request.prefix is None:
        return data, valid
    if valid is None:
        valid = np.ones((1, *data.shape[1:]), np.bool_)
    view = request.view
    step_x, step_y = 1.0 / view.width, 1.0 / view.height
    place = BlockPlace(
        col * view.block_cols * step_x, row * view.block_rows * step_y, step_x, step_y
    )
    return request.prefix.apply(data, valid, place)


def _read_source(
    handles: HandlePool, request: BlockRequest, row: int, col: int
) -> tuple[Array, NDArray[np.bool_] | None]:
    """Read samples and their validity as the files have them; None = all are valid."""
    item, view = request.item, request.view
    col0, row0 = col * view.block_cols, row * view.block_rows
    cols, rows = min(view.block_cols, view.cols - col0), min(view.block_rows, view.rows - row0)
    data: Array | None = None
    mask: NDArray[np.bool_] | None = None
    reached: dict[int, NDArray[np.bool_]] = {}
    for opened in _datasets(handles, request, (row0, col0, rows, cols)):
        source, part = opened.source, opened.part
        try:
            data = _read_bands(opened, request, (rows, cols), data)
            if opened.mask >= 0:
                bands = [opened.mask] if opened.mask else 0
                own = part.read(opened.dataset, bands, Resampling.nearest)[0] != 0
                mask = own if mask is None else mask & own
            if part.inside is not None:
                reached.update(dict.fromkeys((out for out, _ in opened.wanted), part.inside))
        except RasterioError as err:
            # Other bytes under the same name look corrupt, too.
            handles.confirm(source)
            raise SourceCorrupt(source.path, f"block {row}, {col}: {err}") from err
        # A file overwritten in place since it was opened has given new bytes: they are not kept.
        handles.confirm(source)
    if data is None:
        data = _no_samples(request, rows, cols)
    for clip in filter(None, (request.clip, request.seam)):
        mask = np.ones((rows, cols), np.bool_) if mask is None else mask
        clip_valid(
            _rings(clip),
            (col0 / view.scale_x, row0 / view.scale_y),
            (1 / view.scale_x, 1 / view.scale_y),
            mask,
        )
    per_band = [
        _both(_sample_valid(item, band, data[i]), reached.get(i))
        for i, band in enumerate(request.bands)
    ]
    if all(valid is None for valid in per_band):
        return data, None if mask is None else mask[np.newaxis]
    valid = np.empty(data.shape, np.bool_)
    for index, own_valid in enumerate(per_band):
        valid[index] = True if own_valid is None else own_valid
    if mask is not None:
        valid &= mask
    return data, valid


def _both(
    one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None
) -> NDArray[np.bool_] | None:
    """Return where both hold; None = everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _no_samples(request: BlockRequest, rows: int, cols: int) -> Array:
    return np.zeros((len(request.bands), rows, cols), request.item.pixel_type.dtype_name)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file to read.

    Attributes
    ----------
    wanted : list of (output index, band)
    mask : int
        Band that is the mask, 0 = the dataset's own, -1 = none.
    """

    source: Source
    dataset: DatasetReader
    wanted: list[tuple[int, int]]
    mask: int
    part: SourcePart


def _datasets(
    handles: HandlePool, request: BlockRequest, place: tuple[int, int, int, int]
) -> list[_Opened]:
    """Return the files to read for an area of the level."""
    item = request.item
    by_source: dict[int, list[tuple[int, int]]] = {}
    for out, band in enumerate(request.bands):
        where = item.bands[band]
        if where.source >= 0:
            by_source.setdefault(where.source, []).append((out, where.band))
    if item.alpha is not None:
        by_source.setdefault(item.alpha.source, [])
    elif item.dataset_mask and not by_source:
        by_source[0] = []
    found = []
    for source, wanted in by_source.items():
        mask = 0 if item.dataset_mask else -1
        if item.alpha is not None:
            mask = item.alpha.band if item.alpha.source == source else -1
        file = item.sources[source]
        part = source_part(file, request.view, place)
        level = part.view.index
        if file.pyramid is not None and level >= file.pyramid_from:
            file, level = file.pyramid, level - file.pyramid_from
        found.append(_Opened(file, handles.get(file, level - 1), wanted, mask, part))
    return found


def _read_bands(
    opened: _Opened, request: BlockRequest, shape: tuple[int, int], data: Array | None
) -> Array | None:
    """Return the samples with the wanted ones in their places; None where there are none as yet."""
    wanted = opened.wanted
    if not wanted:
        return data
    samples = _samples(opened, request)
    dtype = np.dtype(request.item.pixel_type.dtype_name)
    if [out for out, _ in wanted] == list(range(len(request.bands))) and samples.dtype == dtype:
        return samples
    if data is None:
        data = _no_samples(request, *shape)
    for (out, _), plane in zip(wanted, samples, strict=True):
        data[out] = plane
    return data


def _samples(opened: _Opened, request: BlockRequest) -> Array:
    """Return samples of the wanted bands, in their order."""
    bands, part, dataset = [band for _, band in opened.wanted], opened.part, opened.dataset
    if request.thematic:
        return part.read(dataset, bands, Resampling.mode)
    rules = [_rule(request.item, request.bands[out]) for out, _ in opened.wanted]
    blur_px = BLUR_PX if part.view.index and is_wavelet(opened.source.driver) else 0
    said = [SampleRule(dataset.nodatavals[band - 1]) for band in bands]
    if any(rule != NO_RULE for rule in rules) and (blur_px or (part.view.shrink and rules != said)):
        return part.read_checked(dataset, bands, rules, blur_px)
    return part.read(dataset, bands, Resampling.average)


def _rule(item: Item, band: int) -> SampleRule:
    """Return what says which samples of a service band are data."""
    no_data = item.no_data[band] if band < len(item.no_data) else None
    return SampleRule(no_data, item.valid_range)


def _sample_valid(item: Item, band: int, samples: Array) -> NDArray[np.bool_] | None:
    """Return which samples of a band are data, or None when all are by their kind."""
    if item.bands[band].source < 0:
        return np.zeros(samples.shape, np.bool_)
    return _rule(item, band).valid(samples)
