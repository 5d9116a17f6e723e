"""`keepers engines`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from keepers.cli.options import Engine, Model

if TYPE_CHECKING:
    from keepers.app.engines import Engines

_EPILOG = """\b
Examples:
  keepers engines
  keepers engines --json
  KEEPERS_ENGINE=onnxruntime keepers cull ~/Pictures/wedding
"""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_EPILOG, short_help="Say what runs the networks here, and how fast.")(engines)


def engines(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    model: Model = None,
    engine: Engine = None,
) -> None:
    """Run every network with every engine that is installed: whether the answers are the same, and how long it takes.

    The fastest with the same answers is remembered, and used from now on unless an engine is named. A cull does the
    same by itself once, and again when a network or an engine is another.
    """
    from keepers import app

    found = app.measure_engines(model=model, engine=engine)
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str))
    else:
        _show(found)


def _show(found: Engines) -> None:
    from rich.table import Table

    from keepers.cli.show import console

    def table(*titles: str) -> Table:
        return Table(*titles, box=None, padding=(0, 2), header_style="dim")

    out = console()
    out.print(f"Asked for: {found.wished}; what was measured is remembered in {found.memory}", soft_wrap=True)
    known = table("engine", "version", "is")
    for one in found.installed:
        known.add_row(one.name, one.version or "-", one.what if one.version else f"{one.what} (with {one.extra})")
    out.print(known)
    rows = table("network", "engine", "ms", "largest difference", "")
    for network in found.networks:
        for trial in network.trials:
            took = "-" if trial.ms is None else f"{trial.ms:.1f}"
            said = trial.refused or ("used" if trial.engine == network.used else "")
            rows.add_row(network.network, trial.engine, took, f"{trial.difference:.1g}", said)
    out.print(rows)
