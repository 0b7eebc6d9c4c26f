"""What the head of a multidimensional service says of its variables, and of the one that it shows first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from engine.build.dimension_census import VariableCounts
from engine.build.service_chain import with_service_chain
from engine.dimensions import variable_of
from engine.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.dimension_census import DimensionCensus
    from engine.build.service_facts import ServiceFacts
    from engine.chain import Chain
    from engine.dimensions import Variable
    from engine.summary import Histogram


@dataclass(frozen=True, slots=True)
class VariablesHead:
    """Variables by name, the default one, and the histograms of each."""

    variables: tuple[Variable, ...] = ()
    default: str = ""
    histograms: dict[str, tuple[Histogram, ...]] = field(default_factory=dict)

    def facts_of_default(self, facts: ServiceFacts) -> ServiceFacts:
        """Return the facts of the service with the statistics of the variable that it shows."""
        variable = variable_of(self.variables, self.default)
        if variable is None:
            return facts
        histograms = self.histograms.get(variable.name, ())
        return msgspec.structs.replace(facts, statistics=variable.statistics, histograms=histograms)


def variables_head(
    census: DimensionCensus | None,
    facts: ServiceFacts,
    chain: Chain,
    definition: tuple[Path, str],
) -> VariablesHead:
    """Return what is known of the variables, after the service's chain.

    Parameters
    ----------
    facts
        As build found them.
    definition : (definition.toml, its default_variable)

    Raises
    ------
    ConfigError
        There is no such default variable.
    """
    file, stated = definition
    if census is None:
        variables: tuple[Variable, ...] = ()
    else:
        counts = {name: _served(each, facts, chain) for name, each in facts.variables.items()}
        variables = census.variables(counts)
    if stated and variable_of(variables, stated) is None:
        known = ", ".join(each.name for each in variables) or "none"
        why = f"{stated!r} is no variable of the service; known: {known}"
        raise ConfigError(file, "service.default_variable", why)
    if census is None or not variables:
        return VariablesHead()
    default = variable_of(variables, stated or census.first)
    histograms = {name: each.histograms for name, each in counts.items() if each.histograms}
    return VariablesHead(variables, default.name if default else "", histograms)


def _served(own: VariableCounts, facts: ServiceFacts, chain: Chain) -> VariableCounts:
    alone = msgspec.structs.replace(facts, statistics=own.statistics, histograms=own.histograms)
    _, after = with_service_chain(chain, alone, "")
    return VariableCounts(statistics=after.statistics, histograms=after.histograms)
