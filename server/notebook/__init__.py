"""Swath in a notebook: definitions opened without a server, views of them as numpy or xarray.

README.md beside this file has an example that runs.
"""

from server.notebook.opened import OpenDefinition, open_definition

__all__ = ["OpenDefinition", "open_definition"]
