"""The `afterclick` command."""

from __future__ import annotations

import sys

import typer

from afterclick import __version__
from afterclick.cli.adopt import adopt
from afterclick.cli.backfill import backfill
from afterclick.cli.backup import backup, restore
from afterclick.cli.check import check
from afterclick.cli.config import app as config_app
from afterclick.cli.demo.command import demo
from afterclick.cli.events import app as events_app
from afterclick.cli.fields import fields
from afterclick.cli.findings import findings
from afterclick.cli.forget import forget
from afterclick.cli.health import health
from afterclick.cli.leads import app as leads_app
from afterclick.cli.observe import observe
from afterclick.cli.operations import app as operations_app
from afterclick.cli.output import complain
from afterclick.cli.parked import parked
from afterclick.cli.plugins import plugins
from afterclick.cli.preview import preview
from afterclick.cli.provision import provision
from afterclick.cli.refold import refold
from afterclick.cli.registration import send_registration
from afterclick.cli.resync import resync
from afterclick.cli.retry import retry
from afterclick.cli.sandbox import sandbox
from afterclick.cli.send import app as send_app
from afterclick.cli.serve import serve
from afterclick.cli.stubs import stubs
from afterclick.errors import AfterclickError, ConfigurationError
from afterclick.observe.log import configure

app = typer.Typer(
    name="afterclick",
    help="Deep-link attribution, kept up to date in the CRM.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve)
app.command("health")(health)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("demo")(demo)
app.command("check")(check)
app.command("plugins")(plugins)
app.command("provision")(provision)
send_app.command("registration")(send_registration)
app.add_typer(send_app, name="send")
app.add_typer(leads_app, name="leads")
app.add_typer(events_app, name="events")
app.command("findings")(findings)
app.command("parked")(parked)
app.command("stubs")(stubs)
app.command("retry")(retry)
app.command("resync")(resync)
app.command("backfill")(backfill)
app.command("adopt")(adopt)
app.command("refold")(refold)
app.command("forget")(forget)
app.add_typer(operations_app, name="operations")
app.command("observe")(observe)
app.command("preview")(preview)
app.command("fields")(fields)
app.add_typer(config_app, name="config")
app.command("sandbox")(sandbox)

FAILED, MISCONFIGURED = 1, 2


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"afterclick {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Run one of the commands below; each has its own --help."""


def main() -> None:
    """Run the command line; errors become one message and an exit code, never a traceback."""
    # A plugin may log while a command asks it something: that is no part of what the command prints.
    configure("warning", stream=sys.stderr)
    try:
        app()
    except ConfigurationError as failure:
        complain(failure)
        sys.exit(MISCONFIGURED)
    except AfterclickError as failure:
        complain(failure)
        sys.exit(FAILED)
