"""What a geotransform is: a step from output coordinates towards the pixels of a source.

Rule 1: positions in an image are level-0 pixels with the corner origin; whoever reads a vendor's file
converts its convention once.
Rule 2: no files, no projections here: numbers in, numbers out. NaN stands for "not defined here".
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]


class PlaneTransform(Protocol):
    """A step in the plane: affine, projective, polynomial, spline, displacement."""

    def to_source(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return where output positions come from.

        Parameters
        ----------
        x, y : float64 (n,)

        Returns
        -------
        x, y : float64 (n,)
            NaN where the transform is not defined.
        """
        ...

    def to_output(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return where source positions go to: the inverse, within 1e-6 of a source unit.

        Parameters
        ----------
        x, y : float64 (n,)

        Returns
        -------
        x, y : float64 (n,)
            NaN where the inverse does not converge.
        """
        ...


class SensorModel(Protocol):
    """From the ground to an image.

    Attributes
    ----------
    ground_crs : str
        Of x and y; "EPSG:4326" = longitude and latitude in degrees, x first.
    vertical_datum : str
        What heights count from: "ellipsoid", "egm96", "egm2008" or the name of a geoid file.
    height_range : (float, float)
        Heights in metres within which the model is meant.
    """

    @property
    def ground_crs(self) -> str:
        """Horizontal CRS of the ground."""
        ...

    @property
    def vertical_datum(self) -> str:
        """What heights count from."""
        ...

    @property
    def height_range(self) -> tuple[float, float]:
        """Plausible heights, metres."""
        ...

    def ground_to_image(self, x: Array, y: Array, z: Array) -> tuple[Array, Array]:
        """Return column and row positions of ground points.

        Parameters
        ----------
        x, y : float64 (n,)
            In `ground_crs`.
        z : float64 (n,)
            Metres in `vertical_datum`; NaN gives NaN positions.

        Returns
        -------
        col_pos, row_pos : float64 (n,)
            Level-0 pixels, corner origin; NaN outside the model's validity.
        """
        ...

    def image_to_ground(self, col_pos: Array, row_pos: Array, z: Array) -> tuple[Array, Array]:
        """Return where lines of sight meet given heights.

        Parameters
        ----------
        col_pos, row_pos : float64 (n,)
            Level-0 pixels, corner origin.
        z : float64 (n,)
            Metres in `vertical_datum`.

        Returns
        -------
        x, y : float64 (n,)
            In `ground_crs`; NaN where the iteration does not converge.
        """
        ...
