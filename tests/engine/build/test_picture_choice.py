"""Which bands show where one of the natural colours has no pixels."""

from __future__ import annotations

import pytest

from engine.build.picture_choice import picture_note, shown_bands
from engine.build.service_facts import ServiceFacts
from engine.pixel_type import PixelType
from engine.summary import BandInfo, BandStatistics

_LANDSAT = {"Blue": 482, "Green": 561, "Red": 655, "NIR": 865, "SWIR 1": 1609, "SWIR 2": 2201}
_SOME = BandStatistics(min=0.0, max=1.0, mean=0.5, std=0.1, count=10)
_NOTHING = BandStatistics(min=0.0, max=0.0, mean=0.0, std=0.0)


def _facts(*empty: str, waves: bool = True) -> ServiceFacts:
    return ServiceFacts(
        crs="EPSG:32633",
        pixel_type=PixelType.F32,
        bands=tuple(
            BandInfo(name=name, wavelength_min_nm=nm, wavelength_max_nm=nm)
            if waves
            else BandInfo(name=name)
            for name, nm in _LANDSAT.items()
        ),
        statistics=tuple(_NOTHING if name in empty else _SOME for name in _LANDSAT),
        picture_bands=(2, 1, 0),
    )


@pytest.mark.parametrize(
    ("empty", "shown"),
    [
        ((), (2, 1, 0)),
        (("SWIR 2",), (2, 1, 0)),
        (("Blue",), (3, 2, 1)),
        (("Green",), (4, 3, 2)),
        (("Red",), (4, 3, 0)),
        (("Green", "NIR"), (0, 2, 4)),
        (("Blue", "Green", "NIR", "SWIR 1"), (2,)),
        (tuple(_LANDSAT), (2, 1, 0)),
    ],
)
def test_the_best_bands_that_have_pixels_show(
    empty: tuple[str, ...], shown: tuple[int, ...]
) -> None:
    assert shown_bands(_facts(*empty), ()) == shown


def test_without_wavelengths_the_first_that_have_pixels_show() -> None:
    assert shown_bands(_facts("Green", waves=False), ()) == (0, 2, 3)


def test_what_an_author_states_stays_and_is_told() -> None:
    facts = _facts("Green")
    assert shown_bands(facts, (3, 2, 1)) == (2, 1, 0)
    note = picture_note(facts, (3, 2, 1))
    assert "Green (band 2)" in note
    assert "picture_bands" in note


def test_the_note_says_what_lacks_and_what_shows_instead() -> None:
    assert picture_note(_facts("SWIR 2"), ()) == ""
    assert picture_note(_facts("Green"), ()) == (
        "No pixel was found of Green (band 2), which the picture should show: "
        "it shows SWIR 1 (band 5), NIR (band 4), Red (band 3) instead."
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [(PixelType.F32, "what each view holds"), (PixelType.U16, "0 to 65535"), (PixelType.U8, "")],
)
def test_the_note_says_how_a_service_without_statistics_is_stretched(
    kind: PixelType, words: str
) -> None:
    facts = ServiceFacts(crs="EPSG:32633", pixel_type=kind, bands=(BandInfo(name="B1"),))
    note = picture_note(facts, ())
    assert words in note
    assert bool(note) == bool(words)
