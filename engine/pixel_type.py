"""Pixel types in Esri's names; no numpy here, the front imports this."""

from __future__ import annotations

from enum import StrEnum


class PixelType(StrEnum):
    """The type of one sample; U1, U2 and U4 are held as uint8."""

    U1 = "U1"
    U2 = "U2"
    U4 = "U4"
    U8 = "U8"
    S8 = "S8"
    U16 = "U16"
    S16 = "S16"
    U32 = "U32"
    S32 = "S32"
    F32 = "F32"
    F64 = "F64"

    @property
    def dtype_name(self) -> str:
        """Return the numpy dtype that holds it."""
        return _DTYPES[self]

    @property
    def is_float(self) -> bool:
        """Whether samples are floating point."""
        return self in (PixelType.F32, PixelType.F64)

    @property
    def bytes_per_sample(self) -> int:
        """Bytes of one sample in memory."""
        return _BYTES[self]

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest value; ±inf for floats."""
        return _LIMITS[self]


_DTYPES = {
    PixelType.U1: "uint8",
    PixelType.U2: "uint8",
    PixelType.U4: "uint8",
    PixelType.U8: "uint8",
    PixelType.S8: "int8",
    PixelType.U16: "uint16",
    PixelType.S16: "int16",
    PixelType.U32: "uint32",
    PixelType.S32: "int32",
    PixelType.F32: "float32",
    PixelType.F64: "float64",
}
_BYTES = {
    **dict.fromkeys((PixelType.U1, PixelType.U2, PixelType.U4, PixelType.U8, PixelType.S8), 1),
    **dict.fromkeys((PixelType.U16, PixelType.S16), 2),
    **dict.fromkeys((PixelType.U32, PixelType.S32, PixelType.F32), 4),
    PixelType.F64: 8,
}
_INF = float("inf")
_LIMITS: dict[PixelType, tuple[float, float]] = {
    PixelType.U1: (0, 1),
    PixelType.U2: (0, 3),
    PixelType.U4: (0, 15),
    PixelType.U8: (0, 255),
    PixelType.S8: (-128, 127),
    PixelType.U16: (0, 65535),
    PixelType.S16: (-32768, 32767),
    PixelType.U32: (0, 4294967295),
    PixelType.S32: (-2147483648, 2147483647),
    PixelType.F32: (-_INF, _INF),
    PixelType.F64: (-_INF, _INF),
}


def pixel_type_of_dtype(name: str) -> PixelType | None:
    """Return the pixel type of a numpy or GDAL dtype name, or None (complex, 64-bit integers)."""
    table = {
        dtype: ptype for ptype, dtype in _DTYPES.items() if ptype.value not in ("U1", "U2", "U4")
    }
    return table.get(name)
