"""SLD documents for tests."""

from __future__ import annotations


def sld(symbolizer: str, layer: str = "hills") -> str:
    """Return a document with one raster symbolizer."""
    return (
        '<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"><NamedLayer>'
        f"<Name>{layer}</Name><UserStyle><FeatureTypeStyle><Rule><RasterSymbolizer>"
        f"{symbolizer}</RasterSymbolizer></Rule></FeatureTypeStyle></UserStyle></NamedLayer>"
        "</StyledLayerDescriptor>"
    )


def colour_map(*entries: str, kind: str = "ramp") -> str:
    """Return a ColorMap of entries `quantity#RRGGBB`, with ` opacity` behind where there is one."""
    rows = []
    for entry in entries:
        place, _, opacity = entry.partition(" ")
        quantity, _, colour = place.partition("#")
        seen = f' opacity="{opacity}"' if opacity else ""
        rows.append(f'<ColorMapEntry color="#{colour}" quantity="{quantity}"{seen}/>')
    return f'<ColorMap type="{kind}">{"".join(rows)}</ColorMap>'
