"""`keepers dataset build | show`, `keepers train`, `keepers export-model`, `keepers calibrate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from keepers.errors import MissingExtra

_BUILD = """\b
Examples:
  keepers dataset build ~/Pictures/best flaws
  keepers dataset build ~/Pictures/best flaws --sources 0 --variants 2 --seed 7
  keepers dataset build ~/Pictures/best study --split random --blur gaussian --shake study
"""
_SHOW = """\b
Example:
  keepers dataset show flaws -o figure.png
"""
_TRAIN = """\b
Examples:
  keepers train flaws --backbone resnet50
  keepers train flaws --weights resnet50.safetensors --out runs/mine --epochs 20
The same command resumes a run that was stopped.
"""
_EXPORT = """\b
Example:
  keepers export-model runs/flaws-resnet50-0 -o mine.onnx
  keepers calibrate flaws --model mine.onnx -o mine.json
  keepers cull shoot --model mine.onnx
"""

Stage = Callable[..., None]


class Split(StrEnum):
    """Split protocols."""

    by_source = "by-source"
    random = "random"


class Blur(StrEnum):
    """Ways to blur."""

    gaussian = "gaussian"
    defocus = "defocus"
    both = "both"


class Shake(StrEnum):
    """Ways to shake."""

    study = "study"
    hand = "hand"
    both = "both"


class Unfrozen(StrEnum):
    """Which part of the network learns."""

    head = "head"
    second_half = "second-half"
    all = "all"


class Schedule(StrEnum):
    """How the learning rate goes on."""

    constant = "constant"
    cosine = "cosine"


class Precision(StrEnum):
    """Number format of an exported model."""

    int8 = "int8"
    fp32 = "fp32"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    from keepers.cli.group import KeepersGroup

    dataset = typer.Typer(
        cls=KeepersGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Make a labelled dataset from clean photos, and look at it.",
        short_help="Make and show labelled datasets.",
    )
    dataset.command("build", epilog=_BUILD, short_help="Make a labelled dataset of flawed photos.")(build)
    dataset.command("show", epilog=_SHOW, short_help="Draw random photos with their labels.")(show)
    app.add_typer(dataset, name="dataset")
    app.command("train", epilog=_TRAIN, short_help="Fine-tune an ImageNet network on a dataset.")(train)
    app.command("export-model", epilog=_EXPORT, short_help="Write a trained run as one ONNX file.")(export_model)
    app.command("calibrate", short_help="Turn raw measurements into probabilities.")(calibrate)


@contextmanager
def stages() -> Iterator[Stage]:
    """A function for (stage, done, total, note): a bar a stage on a terminal, a line a finished stage elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(stderr=True, highlight=False)
    if not screen.is_terminal:

        def line(stage: str, done: int, total: int, note: str = "") -> None:
            if done >= total or stage == "validated":
                screen.print(f"{stage}: {done} of {total} {note}".rstrip(), soft_wrap=True)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=screen) as bar:
        tasks: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int, note: str = "") -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total, note=note)
            bar.update(tasks[stage], completed=done, total=total, note=note)

        yield tell


def needs_torch() -> None:
    """Raise `MissingExtra` where the extra for training is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("torch", "timm", "onnx", "matplotlib", "scipy") if find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"Training needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed; "
            "run: pip install 'keepers[train]'"
        )


def build(
    clean: Annotated[Path, typer.Argument(metavar="CLEAN_DIR", help="A folder of photos without flaws; only read.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The dataset's folder, which must not exist yet.")],
    sources: Annotated[int, typer.Option(min=0, metavar="N", help="Clean photos to draw; 0 takes all.")] = 120,
    variants: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Variants a photo and flaw. Default: 3, exposure 2.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same dataset.")] = 0,
    split: Annotated[
        Split, typer.Option(help="by-source keeps all variants of a photo on one side; random is the study's way.")
    ] = Split.by_source,
    blur: Annotated[Blur, typer.Option(help="Gaussian blur, the discs of a defocused lens, or both.")] = Blur.both,
    shake: Annotated[
        Shake, typer.Option(help="The study's random remapping, a hand's trajectory, or both.")
    ] = Shake.both,
    max_side: Annotated[int, typer.Option(min=256, metavar="PX", help="Longest side of the photos written.")] = 1024,
    short_side: Annotated[
        int, typer.Option(min=0, metavar="PX", help="Reduce photos to this short side before flawing them; 0: do not.")
    ] = 0,
    like: Annotated[
        Path | None,
        typer.Option(metavar="DATASET", help="A dataset whose photos stay on the side of the split where they are."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a dataset that stands at OUT.")] = False,
) -> None:
    """Sample clean photos and write flawed variants of them, one folder a class, with labels.csv.

    The classes are original, blurred, camera_shake, distorted, overexposed and underexposed. What was drawn for
    each photo stands in labels.csv, so that every one can be made again.
    """
    from collections import Counter

    from keepers.dataset import build as maker
    from keepers.dataset.plan import VARIANTS

    chosen = {label: variants or count for label, count in VARIANTS.items()}
    settings = maker.Settings(
        sources=sources,
        seed=seed,
        protocol=split.value,
        max_side=max_side,
        short_side=short_side,
        blur=blur.value,
        shake=shake.value,
        variants=chosen,
    )
    with stages() as progress:
        built = maker.build(clean, out, settings, like=like, force=force, progress=progress)
    for path, sentence in built.skipped:
        typer.echo(f"Left out: {path}: {sentence}", err=True)
    counts = Counter(row.label for row in built.rows)
    used = len({row.source_id for row in built.rows})
    typer.echo(f"{out}: {len(built.rows)} photos from {used} originals, {len(built.skipped)} left out")
    for label, count in counts.items():
        typer.echo(f"  {label:<14}{count:>6}")
    if sources and used < sources:
        typer.echo(f"Only {used} of the {sources} photos that were asked for could be drawn from {clean}.", err=True)
    typer.echo(f"Next: keepers dataset show {out} -o figure.png, then keepers train {out}")


def show(
    dataset: Annotated[Path, typer.Argument(help="A dataset made by `keepers dataset build`.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The picture to write, PNG or JPEG.")] = Path("figure.png"),
    count: Annotated[int, typer.Option(min=1, help="Photos on the sheet.")] = 24,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other photos.")] = 0,
) -> None:
    """Draw random photos of a dataset with their labels and what was done to them."""
    from keepers.dataset.show import show as draw

    rows = draw(dataset, out, count=count, seed=seed)
    typer.echo(f"{len(rows)} photos drawn into {out}")


def train(
    dataset: Annotated[Path, typer.Argument(help="A dataset made by `keepers dataset build`.")],
    backbone: Annotated[str, typer.Option(help="Which ImageNet network to start from.")] = "resnet50",
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Local .safetensors weights. Default: timm's hub.")
    ] = None,
    init: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Start from the best weights of another run.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder. Default: runs/DATASET-BACKBONE-SEED.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="At most this many passes over the training part.")] = 12,
    patience: Annotated[int, typer.Option(min=1, help="Epochs without a better validation loss before stopping.")] = 3,
    learning_rate: Annotated[float, typer.Option(min=0, help="Adam's learning rate.")] = 1e-4,
    schedule: Annotated[Schedule, typer.Option(help="Constant, or along a cosine to zero.")] = Schedule.cosine,
    batch: Annotated[int, typer.Option(min=1, help="Photos a step.")] = 32,
    unfrozen: Annotated[Unfrozen, typer.Option(help="Which part learns.")] = Unfrozen.second_half,
    fresh_flaws: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", help="Share of flawed photos drawn anew every epoch.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the head, the order and the augmentation.")] = 0,
) -> None:
    """Fine-tune an ImageNet network on a dataset; resumes a run that was stopped.

    The run folder holds config.json, a row an epoch in epochs.csv, checkpoints, and when it is done test.json with
    the accuracy on the test split, the confusion matrix and the curves.
    """
    needs_torch()
    from keepers.train import backbones, loop
    from keepers.train.config import Config

    if backbone not in backbones.BACKBONES:
        raise typer.BadParameter(f"{backbone!r} is none of: {', '.join(backbones.BACKBONES)}", param_hint="--backbone")
    variant = backbones.BACKBONES[backbone].variant_of(weights) if weights else ""
    config = Config(
        dataset=str(dataset.resolve()),
        backbone=backbone,
        weights=str(weights.resolve()) if weights else "",
        variant=variant,
        unfrozen=unfrozen.value,
        learning_rate=learning_rate,
        schedule=schedule.value,
        batch=batch,
        epochs=epochs,
        patience=patience,
        seed=seed,
        init=str(init.resolve()) if init else "",
        fresh=fresh_flaws,
    )
    run = out or Path("runs") / f"{dataset.resolve().name}-{backbone}-{seed}"
    with stages() as progress:
        result = loop.train(config, run, progress)
    low, high = result["accuracy_95"]
    typer.echo(f"{run}: test accuracy {result['accuracy']:.4f} (95 %: {low:.4f} to {high:.4f})")
    typer.echo(f"Originals called flawed: {result['originals_called_flawed']:.2%}")
    typer.echo(f"Next: keepers export-model {run}")


def export_model(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder made by `keepers train`.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Default: RUN/model.onnx.")] = None,
    dataset: Annotated[Path | None, typer.Option(help="The run's dataset, if it was moved.")] = None,
    precision: Annotated[Precision, typer.Option(help="int8 is 4 times smaller and 3 times faster.")] = Precision.int8,
) -> None:
    """Write a run's best weights as one ONNX file with its preprocessing, labels, licence and run id.

    Refuses unless ONNX agrees with torch (logits within 0.1 % of their spread) and int8 with fp32 (97 % the same
    answers, accuracy at most 1 point lower), and unless an int8 file stays below 30 MB.
    """
    needs_torch()
    from keepers.train import export

    target = out or run / "model.onnx"
    with stages() as progress:
        done = export.export(run, target, dataset=dataset, precision=precision.value, progress=progress)
    facts = done.metadata
    typer.echo(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
    typer.echo(f"  ONNX against torch: {facts['fp32_difference']:.1e} of the logits' spread (at most 1e-3)")
    typer.echo(f"  test accuracy fp32: {facts['test_fp32']['accuracy']:.4f}")
    if "test_int8" in facts:
        typer.echo(
            f"  test accuracy int8: {facts['test_int8']['accuracy']:.4f}, same answers {facts['int8_agreement']:.1%}"
        )
    typer.echo(f"Next: keepers calibrate DATASET --model {target}")


def calibrate(
    dataset: Annotated[Path, typer.Argument(help="A dataset made by `keepers dataset build`.")],
    model: Annotated[str | None, typer.Option(metavar="FILE", help="The network. Default: the packaged one.")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Default: beside --model, ending in .json.")] = None,
) -> None:
    """Fit what turns raw measurements into probabilities, on the dataset's calibration split.

    A file of the model's name with the ending .json beside it is found by `--model`.
    """
    from keepers.app.calibrating import calibrate as fit

    with stages() as progress:
        target = fit(dataset, model=model, out=out, progress=progress)
    typer.echo(f"{target} written")
