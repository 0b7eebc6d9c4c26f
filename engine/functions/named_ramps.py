"""Ramps of colours by the names that ArcGIS knows.

They have the colours that their names say, made for Swath: Esri's own tables are not published.
"""

from __future__ import annotations

# Share of the way, red, green, blue, alpha.
Stops = tuple[tuple[float, ...], ...]


def _even(*colours: str) -> Stops:
    """Return stops at equal distances of colours as rrggbb."""
    last = max(len(colours) - 1, 1)
    return tuple(
        (place / last, *(float(int(text[at : at + 2], 16)) for at in (0, 2, 4)), 255.0)
        for place, text in enumerate(colours)
    )


_GRAY = _even("000000", "ffffff")
_ELEVATION = _even("afeee9", "fbffb4", "2d8c3b", "f9c23c", "9d3b1b", "8b5a3c", "c8c8c8", "ffffff")
_VEGETATION = _even("a50026", "f46d43", "fee08b", "ffffbf", "d9ef8b", "66bd63", "006837")

# The names of ColormapName.
_COLORMAPS: dict[str, Stops] = {
    "gray": _GRAY,
    "hillshade": _GRAY,
    "elevation": _ELEVATION,
    "ndvi": _VEGETATION,
    "ndvi2": _even("ffffff", "ce7e45", "df923d", "fcd163", "99b718", "529400", "056201", "011301"),
    "ndvi3": _even("0c0c0c", "bfbfbf", "eaeaea", "fff9cc", "ccc682", "91bf51", "4f892d", "004400"),
}

_ONE_HUE: dict[str, Stops] = {
    "black to white": _GRAY,
    "white to black": _even("ffffff", "000000"),
    "gray light to dark": _even("f2f2f2", "404040"),
    "blue bright": _even("eaf3ff", "0a5cff"),
    "blue light to dark": _even("e3effa", "6aa9d8", "0b2f6b"),
    "blue-green bright": _even("e6fbf6", "00c2a0"),
    "blue-green light to dark": _even("e4f5f5", "66bfb4", "00473a"),
    "brown light to dark": _even("f7ecd9", "c08a4a", "4a2505"),
    "green bright": _even("e9fbe4", "12b800"),
    "green light to dark": _even("e6f5e1", "72c27a", "00441f"),
    "orange bright": _even("fff2e0", "ff8a00"),
    "orange light to dark": _even("feecda", "fc9a4b", "7a2b03"),
    "purple bright": _even("f6eaff", "a000ff"),
    "purple-blue bright": _even("efedff", "4b2bff"),
    "purple-blue light to dark": _even("eeeaf5", "77a3cc", "06385a"),
    "purple-red bright": _even("ffe9f8", "f0009a"),
    "purple-red light to dark": _even("f2e6f1", "dc6bae", "5c0020"),
    "red bright": _even("ffe9e6", "ff1800"),
    "red light to dark": _even("fee3d8", "f96a4c", "5f000f"),
    "yellow-green bright": _even("fbffe0", "a5d600"),
    "yellow-green light to dark": _even("fcfde0", "7cc678", "01452b"),
}

_SEVERAL_HUES: dict[str, Stops] = {
    "coefficient bias": _even("2e7fb8", "f4f4e6", "b8362e"),
    "condition number": _even("33803d", "fbf58c", "d92e20"),
    "cyan to purple": _even("00e6f0", "7a2bd1", "5a0080"),
    "cyan-light to blue-dark": _even("c2f7f5", "37a6d1", "0b1f70"),
    "distance": _even("fff0a0", "f59331", "d13070", "5a1c9a", "14105e"),
    "errors": _even("fff7d1", "f2a33c", "a6191c"),
    "green to blue": _even("35c41a", "12b0a8", "1140d0"),
    "precipitation": _even("c9822e", "f2e394", "8fd18a", "2c9fb3", "123f8a"),
    "prediction": _even("3c53a6", "6cc8dc", "f5ee7d", "f08a35", "c02420"),
    "red to green": _even("f50000", "f5f500", "00a800"),
    "blue to red": _even("0000f5", "f5f5f5", "f50000"),
    "surface": _even("6e9b4a", "f0e6a0", "c78a4e", "7a4b2b", "f7f2ea"),
    "temperature": _even("2b5fb8", "8cc6e6", "f7f6be", "f5a455", "cf2020"),
    "yellow to dark red": _even("ffffa6", "fd9a3c", "e0301e", "700016"),
    "yellow to green to dark blue": _even("ffffc2", "5bbf8c", "1d7fb0", "101f66"),
    "yellow to red": _even("ffff80", "ff8000", "a80000"),
}

_DIVERGING: dict[str, Stops] = {
    "brown to blue green diverging, bright": _even(
        "a6611a", "e8cf91", "f5f5f5", "86d0c4", "018571"
    ),
    "brown to blue green diverging, dark": _even("593206", "b08a4a", "d0d0c8", "4f9a90", "00382f"),
    "cold to hot diverging": _even("2a4ad0", "8fb4f5", "f0f0f0", "f5a58c", "c01022"),
    "partial spectrum 1 diverging": _even("a02a70", "e8a5b0", "f7f5d0", "a0d0a8", "1e6f78"),
    "partial spectrum 2 diverging": _even("d0602a", "f5c98a", "f5f5e6", "9ac0d8", "4a3a8c"),
    "pink to yellowgreen diverging, bright": _even(
        "d01c8b", "f1b6da", "f7f7f7", "b8e186", "4dac26"
    ),
    "pink to yellowgreen diverging, dark": _even("7a0a4e", "c07aa5", "d0d0d0", "86a85c", "255c0e"),
    "purple to green diverging, bright": _even("7b3294", "c2a5cf", "f7f7f7", "a6dba0", "008837"),
    "purple to green diverging, dark": _even("3b0f4c", "8a6a9a", "d0d0d0", "6a9f66", "00401a"),
    "red to blue diverging, bright": _even("ca0020", "f4a582", "f7f7f7", "92c5de", "0571b0"),
    "red to blue diverging, dark": _even("670014", "b06a4e", "d0d0d0", "5c8aa3", "053456"),
    "red to green diverging, bright": _even("d7191c", "fdae61", "ffffbf", "a6d96a", "1a9641"),
    "red to green diverging, dark": _even("7a0c10", "b87434", "cfcf95", "72994a", "0a4a1e"),
}

_SPECTRA: dict[str, Stops] = {
    "aspect": _even("ff0000", "ffff00", "00ff00", "00ffff", "0000ff", "ff00ff", "ff0000"),
    "elevation #1": _ELEVATION,
    "elevation #2": _even("5fb04e", "cfe08a", "f6e6b0", "c99a5e", "8f5f3a", "f5f5f5"),
    "partial spectrum": _even("f2f0a8", "6fc27a", "1f8fb8", "2a3a9a", "5a1070"),
    "slope": _even("38a800", "8bd100", "ffff00", "ff8000", "ff0000"),
    "spectrum-full bright": _even("ff0000", "ffff00", "00ff00", "00ffff", "0000ff", "ff00ff"),
    "spectrum-full dark": _even("8f0000", "8f8f00", "008f00", "008f8f", "00008f", "8f008f"),
    "spectrum-full light": _even("ff9a9a", "ffff9a", "9aff9a", "9affff", "9a9aff", "ff9aff"),
}

# By their names in lower case.
NAMED_RAMPS: dict[str, Stops] = {
    **_COLORMAPS,
    **_ONE_HUE,
    **_SEVERAL_HUES,
    **_DIVERGING,
    **_SPECTRA,
}
