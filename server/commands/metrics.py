"""`swath metrics`: what is counted, a dashboard and alerts."""

from __future__ import annotations

import typer

app = typer.Typer(
    name="metrics",
    help="What /metrics tells, and what to make of it in Grafana and Prometheus.",
    no_args_is_help=True,
)


@app.command("list")
def list_metrics() -> None:
    """List every metric with its kind, labels and meaning."""
    from server.metrics.names import METRICS

    for name, info in METRICS.items():
        labels = f"{{{', '.join(info.labels)}}}" if info.labels else ""
        typer.echo(f"{name}{labels}  {info.kind}\n    {info.help}")


@app.command()
def dashboard() -> None:
    """Print a dashboard as JSON; import it in Grafana."""
    import msgspec

    from server.metrics.dashboard import dashboard as made

    typer.echo(msgspec.json.format(msgspec.json.encode(made()), indent=2).decode())


@app.command()
def alerts() -> None:
    """Print alert rules as YAML; name the file under rule_files of prometheus.yml."""
    import yaml

    from server.metrics.alerts import alerts as made

    typer.echo(yaml.safe_dump(made(), sort_keys=False, width=120), nl=False)
