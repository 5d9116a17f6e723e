"""`keepers nets captures | train | export`: the networks that culling uses."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from keepers.cli.training import Precision

_CAPTURES = """\b
Examples:
  keepers nets captures ~/Pictures/best captures
  keepers nets captures ~/Pictures/best captures --like flaws --per-photo 24
"""
_TRAIN = """\b
Examples:
  keepers nets train runs/focus --kind focus --captures captures
  keepers nets train runs/whole --kind whole --captures captures --study flaws
The same command resumes a run that was stopped.
"""
_EXPORT = """\b
Example:
  keepers nets export runs/whole -o whole.onnx
  keepers calibrate flaws --model whole.onnx
"""


class Kind(StrEnum):
    """The two networks."""

    focus = "focus"
    whole = "whole"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    from keepers.cli.group import KeepersGroup

    nets = typer.Typer(
        cls=KeepersGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Make what the networks of culling learn from, train them, write them as ONNX files.",
        short_help="Train the networks that culling uses.",
    )
    nets.command("captures", epilog=_CAPTURES, short_help="Take clean photos again, with what can go wrong.")(captures)
    nets.command("train", epilog=_TRAIN, short_help="Train one of the two networks.")(train)
    nets.command("export", epilog=_EXPORT, short_help="Write a trained network as an ONNX file.")(export)
    app.add_typer(nets, name="nets")


def captures(
    clean: Annotated[Path, typer.Argument(metavar="CLEAN_DIR", help="A folder of photos without flaws; only read.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write; 4 GB for 8,000 captures.")],
    per_photo: Annotated[int, typer.Option(min=1, metavar="N", help="Captures of each training photo.")] = 16,
    like: Annotated[
        Path | None,
        typer.Option(metavar="DATASET", help="A dataset whose photos stay on the side of the split where they are."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same captures.")] = 0,
) -> None:
    """Take every clean photo again many times, with blur, shake, wrong exposure and noise where light meets sensor.

    The truth of each is stored beside it: how much blur of which kind in every part, how many stops off. Captures
    that only look flawed are among them: blurred backgrounds, dark and bright moods, fog, panned shots.
    """
    from keepers.cli.training import needs_torch, stages

    needs_torch()
    from keepers.train.nets import captures as maker

    with stages() as progress:
        counts = maker.make(clean, out, per_photo=per_photo, like=like, seed=seed, progress=progress)
    told = ", ".join(f"{name} {count}" for name, count in counts.items())
    typer.echo(f"{out}: {sum(counts.values())} captures ({told})")
    typer.echo(f"Next: keepers nets train runs/focus --kind focus --captures {out}")


def train(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder.")],
    kind: Annotated[Kind, typer.Option(help="focus looks at patches, whole at the whole photo.")],
    sets: Annotated[
        list[Path], typer.Option("--captures", metavar="DIR", help="Made by `keepers nets captures`; may be repeated.")
    ],
    study: Annotated[
        Path | None, typer.Option(metavar="DATASET", help="Whole only: learn a dataset's six classes as well.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Local .safetensors weights. Default: timm's hub.")
    ] = None,
    init: Annotated[Path | None, typer.Option(metavar="RUN", help="Start from another run's weights.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the captures.")] = 8,
    each: Annotated[int, typer.Option(min=1, metavar="N", help="Focus only: patches of a capture in an epoch.")] = 3,
    per_epoch: Annotated[int, typer.Option(min=1, metavar="N", help="Whole only: captures in an epoch.")] = 3500,
    learning_rate: Annotated[
        float | None, typer.Option(min=0, help="AdamW's highest. Default: .002 focus, .001 whole.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the head, the order and the augmentation.")] = 0,
) -> None:
    """Train one of the two networks; resumes a run that was stopped.

    The run folder holds config.json, a row an epoch in epochs.csv, checkpoints, and at the end test.json.
    """
    from keepers.cli.training import needs_torch, stages

    needs_torch()
    from keepers.train.nets import loop

    config = loop.Config(
        kind=kind.value,
        captures=tuple(str(folder.resolve()) for folder in sets),
        study=str(study.resolve()) if study else "",
        weights=str(weights.resolve()) if weights else "",
        init=str(init.resolve()) if init else "",
        epochs=epochs,
        batch=64 if kind is Kind.focus else 32,
        each=each,
        per_epoch=per_epoch,
        learning_rate=learning_rate or (2e-3 if kind is Kind.focus else 1e-3),
        average=0.995 if kind is Kind.focus else 0.99,
        seed=seed,
    )
    with stages() as progress:
        result = loop.train(config, run, progress)
    for name, value in result["test"].items():
        typer.echo(f"  {name:<18}{value:.4f}")
    typer.echo(f"Next: keepers nets export {run} -o {kind.value}.onnx")


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder made by `keepers nets train`.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Default: RUN/model.onnx.")] = None,
    precision: Annotated[Precision, typer.Option(help="int8 is 4 times smaller and faster.")] = Precision.int8,
) -> None:
    """Write a run's averaged weights as one ONNX file with all that culling has to know.

    Refuses unless ONNX agrees with torch, and unless int8 loses at most .005 of any AUC on the calibration captures and
    gives the same answers for 97 % of them.
    """
    from keepers.cli.training import needs_torch

    needs_torch()
    from keepers.train.nets import export as exporter

    target = out or run / "model.onnx"
    facts = exporter.export(run, target, precision=precision.value)
    typer.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
    for name, value in facts["calibration_fp32"].items():
        told = f", int8 {facts['calibration_int8'][name]:.4f}" if "calibration_int8" in facts else ""
        typer.echo(f"  {name:<18}fp32 {value:.4f}{told}")
    if "int8_agreement" in facts:
        typer.echo(f"  same answers      {facts['int8_agreement']:.1%}")
