"""`swath plugins`: what other distributions bring."""

from __future__ import annotations

import typer


def plugins() -> None:
    """List the plug-ins that are installed beside Swath; ends with code 1 where one cannot be used.

    Raster types, raster functions, geotransforms, sensor models and output formats join by entry points;
    the contract is described in engine/contract/README.md.
    """
    from engine.contract import CONTRACT, GROUPS, PluginFailed, entry_points_of
    from engine.contract.entries import strangers

    found = [entry for group in GROUPS for entry in entry_points_of(group)]
    failed = 0
    for entry in found:
        told = f"{GROUPS[entry.group]:<26} {entry.name:<20} {entry.distribution}"
        try:
            entry.load()
        except PluginFailed as failure:
            failed += 1
            typer.secho(f"{told}  {failure.fields[2]}", fg=typer.colors.RED)
            continue
        typer.echo(told)
    for entry in strangers():
        told = f"is for another contract ({entry.group}); this Swath has version {CONTRACT}"
        typer.secho(f"{entry.name} of {entry.distribution} {told}", fg=typer.colors.YELLOW)
    if not found:
        typer.echo("None is installed.")
    if failed:
        raise typer.Exit(1)
