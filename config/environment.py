"""Variables of the environment that would let rasters run code or reach the network, and are refused.

The raster library reads its options from the environment, too; some of them undo what Swath relies on.
They are refused rather than ignored: who set them expects something of them.

References
----------
GDAL manual, "Security considerations", "Configuration options", drivers VRT and "Python drivers"; PROJ
manual, "Network capabilities".
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from config.layers import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

# The secret that an identity provider shares with this server: not among the settings, which are shown and
# kept, and for the front alone, so not handed on to processes that read rasters and run functions.
OIDC_SECRET = "OIDC_CLIENT_SECRET"
_OFF = ("", "0", "NO", "FALSE", "OFF", "DISABLE")

# Unless they say no.
_REFUSED: dict[str, str] = {
    "GDAL_VRT_ENABLE_PYTHON": "lets a raster run Python code",
    "CPL_VSIL_CURL_HEADER_FILE_KVP_ENABLED": "lets the name of a raster read any file",
    "PROJ_NETWORK": "lets projections fetch grids from the network",
    "GDAL_VRT_PYTHON_TRUSTED_MODULES": "names Python code that a raster may run",
    "GDAL_DRIVER_PATH": "loads drivers of others into the server",
    "OGR_DRIVER_PATH": "loads drivers of others into the server",
    "GDAL_PYTHON_DRIVER_PATH": "loads drivers in Python into the server",
    "GDAL_CONFIG_FILE": "sets options of the raster library from a file",
    "PYTHONSO": "names a Python library that rasters run code with",
    "PROJ_NETWORK_ENDPOINT": "lets projections fetch grids from the network",
    "PROJ_AUX_DB": "lets projections come from a database of others",
}


def check_environment(environment: Mapping[str, str] | None = None) -> None:
    """Refuse to go on where the environment enables code in rasters or changes what is opened.

    Parameters
    ----------
    environment
        None = the process's own.

    Raises
    ------
    SettingsError
        Names the variable.
    """
    found = os.environ if environment is None else environment
    for name, why in _REFUSED.items():
        if found.get(name, "").strip().upper() not in _OFF:
            raise SettingsError(
                "environment", name, f"{why}; unset it, Swath does not start with it"
            )
