"""Which bands the picture shows where those that it should show have no pixels, and what is said of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.build.band_description import NATURAL_COLOUR_NM, bands_near

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.build.service_facts import ServiceFacts
    from engine.summary import BandInfo

# Middles of what is shown as red, green and blue, best first: natural colour, colour infrared, and two
# with short-wave infrared for products without green or without red.
_COMPOSITES_NM = (
    NATURAL_COLOUR_NM,
    (850.0, 660.0, 560.0),
    (1610.0, 850.0, 660.0),
    (1610.0, 850.0, 480.0),
)


def shown_bands(facts: ServiceFacts, stated: tuple[int, ...]) -> tuple[int, ...]:
    """Return the bands (from 0) of the default picture.

    Those of the service; where one of them has no pixels in all rasters, the best that have some.

    Parameters
    ----------
    stated
        By the author, from 1; () = none. They stay as they are.
    """
    chosen, empty = facts.picture_bands, _empty_bands(facts)
    full = [band for band in range(len(facts.bands)) if band not in empty]
    if stated or not full or not empty.intersection(chosen):
        return chosen
    waves = [None if n in empty else _centre_nm(band) for n, band in enumerate(facts.bands)]
    for targets in _COMPOSITES_NM:
        if found := bands_near(waves, targets):
            return found
    return tuple(full[:3]) if len(full) >= 3 else (full[0],)


def picture_note(facts: ServiceFacts, stated: tuple[int, ...]) -> str:
    """Return a sentence about what the picture does not show as one expects; "" = it does."""
    if not facts.statistics:
        return _without_statistics(facts)
    chosen, shown = facts.picture_bands, shown_bands(facts, stated)
    gone = [band for band in chosen if band in _empty_bands(facts)]
    if not gone:
        return ""
    lacking = f"No pixel was found of {_named(facts, gone)}, which the picture should show"
    if shown == chosen:
        return f"{lacking}; choose others by picture_bands in definition.toml."
    return f"{lacking}: it shows {_named(facts, shown)} instead."


def _empty_bands(facts: ServiceFacts) -> frozenset[int]:
    return frozenset(n for n, found in enumerate(facts.statistics) if found.is_empty)


def _centre_nm(band: BandInfo) -> float | None:
    low, high = band.wavelength_min_nm, band.wavelength_max_nm
    return None if low is None or high is None else (low + high) / 2


def _named(facts: ServiceFacts, bands: Iterable[int]) -> str:
    return ", ".join(f"{facts.bands[band].name} (band {band + 1})" for band in bands)


def _without_statistics(facts: ServiceFacts) -> str:
    if facts.pixel_type.bytes_per_sample == 1:
        return ""
    if facts.pixel_type.is_float:
        how = "by what each view holds, so that neighbouring tiles may differ"
    else:
        low, high = facts.pixel_type.limits
        how = f"from {low:g} to {high:g}, as its type allows, and may be dark"
    return f"There are no statistics of its bands: pictures are stretched {how}."
