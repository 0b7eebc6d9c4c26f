"""Arguments of functions in Python that an administrator has registered."""

from __future__ import annotations

from engine.function_rules.base import FunctionRule


class PythonRule(FunctionRule, tag="Python", frozen=True, kw_only=True):
    """Which function, and what it is given.

    No client writes this record: the server makes it of a registered name and of arguments that are checked
    against what the function has said of its parameters.

    Attributes
    ----------
    version : str
        Hash of the registered files: an answer is wholly of one version.
    rasters : tuple of str
        Names of the parameters that the rule's inputs are, one for each input.
    scalars : str
        The other arguments, as JSON with sorted keys.
    """

    name: str = ""
    version: str = ""
    rasters: tuple[str, ...] = ()
    scalars: str = "{}"
