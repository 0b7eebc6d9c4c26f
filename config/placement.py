"""Where a service's instances stand: shared with others, or its own, from a minimum to a maximum.

Written to `services/<folder>/<name>/instances` in the data folder, as TOML:

    minimum = 1
    maximum = 4

No file = shared.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated

import msgspec

from config.layers import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

PLACEMENT_FILE = "instances"
MOST_INSTANCES = 256


class Placement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many instances a service has of its own.

    Attributes
    ----------
    minimum : int
        Kept warm; 0 = the first request starts one.
    maximum : int
        Under load there are so many at most; 0 = it has none, and shares those of all others.
    """

    minimum: Annotated[int, msgspec.Meta(ge=0, le=MOST_INSTANCES)] = 0
    maximum: Annotated[int, msgspec.Meta(ge=0, le=MOST_INSTANCES)] = 0

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")

    @property
    def is_dedicated(self) -> bool:
        """Whether the service has instances of its own."""
        return self.maximum > 0

    def __str__(self) -> str:
        return f"dedicated {self.minimum}–{self.maximum}" if self.is_dedicated else "shared"


SHARED = Placement()


def read_placement(home: Path) -> Placement:
    """Return the placement of the service whose files lie in `home`.

    Raises
    ------
    SettingsError
        The file is not what is written above.
    """
    file = home / PLACEMENT_FILE
    try:
        text = file.read_text("ascii")
    except FileNotFoundError:
        return SHARED
    except (OSError, UnicodeDecodeError) as err:
        raise SettingsError(str(file), "", f"cannot be read: {err}") from err
    try:
        return msgspec.convert(tomllib.loads(text), Placement)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as err:
        raise SettingsError(str(file), "", f"is no placement: {err}") from err


def placement_text(placement: Placement) -> str:
    """Return the text of the file, without a line end."""
    return f"minimum = {placement.minimum}\nmaximum = {placement.maximum}"


def dedicated_maximum(data: Path, without: Path | None = None) -> int:
    """Return how many instances dedicated pools of a data folder may have together.

    Files that cannot be read count nothing: their services share.

    Parameters
    ----------
    without
        Folder of one service that is not counted.
    """
    services = data / "services"
    files = [*services.glob(f"*/{PLACEMENT_FILE}"), *services.glob(f"*/*/{PLACEMENT_FILE}")]
    total = 0
    for home in (file.parent for file in files):
        if home != without and (home / "current").is_file():
            try:
                total += read_placement(home).maximum
            except SettingsError:
                continue
    return total
