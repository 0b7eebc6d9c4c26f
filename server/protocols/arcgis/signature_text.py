"""The text of a signature file (.gsg): classes with the means and covariances of their bands.

Lines that begin with # are remarks; /* stands before numbers that readers skip over. One line says how many
classes and layers there are; each class follows with its number, its count of pixels and its name, the
numbers of the layers, the means, and a row of covariances a layer, led by the layer's number.

References
----------
ArcGIS Spatial Analyst, signature files (the layout; how many blanks and digits is free).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.measurements import ClassStatistics, ClassStatisticsResult

_RULE = "# " + "=" * 70
_WIDTH = 16


def signature_text(result: ClassStatisticsResult, name: str) -> str:
    """Return the signature file of classes with the layers of a service; classes without a pixel are left out."""
    kept = [each for each in result.classes if each.count]
    layers = max((len(each.means) for each in result.classes), default=0)
    lines = [
        f"# Signatures Produced by Class Statistics of {name}",
        "#",
        "# Number of selected grids",
        f"/*{layers:>12}",
        "# Layer-Number   Grid-name",
        *(f"/*{layer:>12}    Band_{layer}" for layer in range(1, layers + 1)),
        "#  Type  Number of Classes  Number of Layers  Number of Parametric Layers",
        f"{1:>6}{len(kept):>14}{layers:>18}{layers:>18}",
        _RULE,
    ]
    for each in kept:
        lines += _class_lines(each)
    return "\n".join(lines) + "\n"


def _class_lines(found: ClassStatistics) -> list[str]:
    bands = range(1, len(found.means) + 1)
    return [
        "#  Class ID  Number of Cells  Class Name",
        f"{found.id:>10}{found.count:>16}    {found.name}",
        "# Layers" + "".join(f"{band:>{_WIDTH}}" for band in bands),
        "# Means",
        "        " + _row(found.means),
        "# Covariance",
        *(f"{band:<8}" + _row(row) for band, row in zip(bands, found.covariances, strict=True)),
        "# " + "-" * 70,
    ]


def _row(values: tuple[float, ...]) -> str:
    return "".join(f"{value:>{_WIDTH}.5f}" for value in values)
