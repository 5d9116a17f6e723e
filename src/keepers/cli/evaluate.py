"""`keepers evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keepers.cli.options import Model, Workers

_EPILOG = """\b
Examples:
  keepers evaluate my-photos                         my-photos/MANIFEST.csv: file,label
  keepers evaluate my-photos --map bad=blurred --map fine=good --out report
  keepers evaluate a b c --model new.onnx --beside old.onnx --json figures.json

\b
The manifest is a CSV file (UTF-8) with one line a photo and these columns; only file and one of the others are needed:
  file      the photo, relative to the manifest
  label     good, blurred, camera_shake, distorted, overexposed, underexposed, noisy, closed_eyes;
            several joined with ;
  score     what people think of the photo, larger is better (or rank, 1 for the best)
  exposure_rank  larger is brighter
  scene     photos of one scene share it
A dataset of `keepers dataset build` is measured on its test split. Labels that keepers does not know are told of.
"""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_EPILOG, short_help="Measure how right keepers is on labelled photos.")(evaluate)


def evaluate(
    datasets: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Folders with a MANIFEST.csv, or CSV files.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Write report.md with its figures there.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every figure and every answer as JSON.")
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="LABEL=FLAW", help="What a label means: a flaw, good or ignore; repeatable."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="WHAT=NAME", help="Which column holds label, score, scene ...; repeatable."),
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", metavar="FILE", help="Another network alone, or 'none', beside it; repeatable."),
    ] = None,
    workers: Workers = None,
    model: Model = None,
) -> None:
    """Run keepers over photos that somebody has labelled, and say how right it was.

    First comes how many good photos it would have lost. Then, for every flaw that is labelled: the area under the ROC
    curve, how many were found at how many false alarms, calibration, and rank correlation with people's scores;
    all with 95 % intervals, and with Laplacian variance or mean brightness beside. Nothing is tuned or stored.
    """
    from keepers.app.evaluating import evaluate as run
    from keepers.cli import show
    from keepers.evaluate import report

    words, columns = _pairs(map_, "--map"), _pairs(column, "--column")
    with show.progress_bar() as progress:
        found = run(
            datasets, model=model, beside=beside or (), words=words, columns=columns, workers=workers, progress=progress
        )
    typer.echo(report.markdown(found, {}), nl=False)
    if json_file is not None:
        report.write_json(found, json_file)
        typer.echo(f"{json_file} written", err=True)
    if out is not None:
        typer.echo(f"{report.write(found, out)} written", err=True)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """KEY=VALUE arguments as a dict."""
    from keepers.errors import UserError

    pairs = {}
    for text in given or ():
        key, equals, value = text.rpartition("=")
        if not equals or not key or not value:
            raise UserError(f"{option} {text} is not of the form KEY=VALUE; write for example {option} label=verdict.")
        pairs[key] = value
    return pairs
