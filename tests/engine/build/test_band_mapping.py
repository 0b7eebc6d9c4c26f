"""Bands of items become those of the service: by band list or in order, never repeated."""

from __future__ import annotations

import msgspec
import pytest

from engine.build.band_mapping import NO_BAND, map_bands, offered_bands
from engine.build.raster_record import GapBand, RasterDefinition, SourceDefinition
from engine.item import BandSource, Level
from engine.pixel_type import PixelType
from engine.readers.header import BandHeader, RasterHeader


def _header(count: int, alpha: int = 0, no_data: str = "") -> RasterHeader:
    band = BandHeader(pixel_type=PixelType.U8, no_data_text=no_data)
    return RasterHeader(
        path="/nowhere/a.tif",
        driver="GTiff",
        size=1,
        mtime_ns=1,
        width=4,
        height=4,
        bands=(band,) * count,
        levels=(Level(4, 4, 4, 4),),
        mask="alpha" if alpha else "none",
        alpha_band=alpha,
    )


def _raster(*sources: SourceDefinition) -> RasterDefinition:
    return RasterDefinition(raster_type="raster-dataset", sources=sources)


def _source(**stated: object) -> SourceDefinition:
    return SourceDefinition(path="/nowhere/a.tif", **stated)  # type: ignore[arg-type]  # -- shorthand


def test_without_a_list_the_first_bands_are_taken_and_alpha_is_the_mask() -> None:
    mapping = map_bands(_raster(_source()), (_header(4, alpha=4),), 3)
    assert mapping.bands == (BandSource(0, 1), BandSource(0, 2), BandSource(0, 3))
    assert mapping.alpha == BandSource(0, 4)


def test_a_list_chooses_and_orders() -> None:
    mapping = map_bands(_raster(_source(bands=(4, 2))), (_header(4),), 2)
    assert mapping.bands == (BandSource(0, 4), BandSource(0, 2))
    assert mapping.alpha is None


def test_missing_bands_are_invalid_and_never_repeated() -> None:
    mapping = map_bands(_raster(_source()), (_header(1, no_data="0"),), 3)
    assert mapping.bands == (BandSource(0, 1), NO_BAND, NO_BAND)
    assert mapping.no_data == (0.0, None, None)


def test_bands_of_several_files_follow_one_another_and_disabled_files_are_left_out() -> None:
    raster = _raster(_source(), _source(enabled=False), _source(bands=(2,)))
    mapping = map_bands(raster, (_header(1), _header(3), _header(2)), 2)
    assert mapping.bands == (BandSource(0, 1), BandSource(2, 2))
    assert len(mapping.headers) == 2


def test_what_the_author_states_goes_before_the_files_no_data() -> None:
    mapping = map_bands(_raster(_source(no_data="-1")), (_header(1, no_data="255"),), 1)
    assert mapping.no_data == (-1.0,)


@pytest.mark.parametrize("band", [-1, 0, 3])
def test_a_band_that_is_not_there_is_named(band: int) -> None:
    with pytest.raises(ValueError, match=f"band {band} is asked for, but the file has 2"):
        offered_bands(_raster(_source(bands=(band,))), (_header(2),))


@pytest.mark.parametrize(
    ("source", "header"),
    [(_source(enabled=False), _header(3)), (_source(), _header(1, alpha=1))],
)
def test_an_item_without_any_band_is_refused(
    source: SourceDefinition, header: RasterHeader
) -> None:
    with pytest.raises(ValueError, match="no band is left"):
        map_bands(_raster(source), (header,), 1)


def test_a_band_that_is_lacking_is_called_as_its_product_calls_it() -> None:
    green = GapBand(name="Green", wavelength_nm=561)
    raster = msgspec.structs.replace(_raster(_source(bands=(1, 0, 2))), gaps=(green,))
    found = [(band.name, band.wavelength_nm) for _, band, _ in offered_bands(raster, (_header(2),))]
    assert found == [("", None), ("Green", 561), ("", None)]


def test_what_is_said_of_lacking_bands_counts_only_while_their_number_fits() -> None:
    edited = msgspec.structs.replace(
        _raster(_source(bands=(0, 1, 0))), gaps=(GapBand(name="Green"),)
    )
    assert {band.name for _, band, _ in offered_bands(edited, (_header(1),))} == {""}
