"""What the front process knows of the format; no pixels are imported here."""

from engine.format_names import FormatName

PPM_NAME = FormatName("ppm", "image/x-portable-pixmap", "ppm")
