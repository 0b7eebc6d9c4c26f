"""`swath metrics` with what it does not know."""

from typer.testing import CliRunner

from server.cli import app


def test_an_unknown_command_is_refused():
    result = CliRunner().invoke(app, ["metrics", "nothing"])
    assert result.exit_code == 2
    assert "nothing" in result.output
