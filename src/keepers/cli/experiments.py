"""`keepers experiments run | list | best | report`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from keepers.train.report_facts import Survey, Trial

_RUN = """\b
Examples:
  keepers experiments run twelve --photos ~/Pictures/best
  keepers experiments run twelve --photos ~/Pictures/best --only resnet50-second-half
  keepers experiments run twelve --photos ~/Pictures/best --weights ~/weights \\
      --instead efficientnet_b0=efficientnet_lite0
  keepers experiments run mine.toml --out mine
The same command goes on where it was stopped; --photos may then be left out. The shipped studies are a
good start for one of your own: `keepers experiments list` names them and their rows.
"""
_LIST = """\b
Examples:
  keepers experiments list            where the runs in ./study stand, or the shipped studies
  keepers experiments list mine --json
"""
_BEST = """\b
Examples:
  keepers experiments best
  keepers experiments best mine --json
"""
_REPORT = """\b
Examples:
  keepers experiments report                        writes study/report/README.md and its figures
  keepers experiments report -o docs/study
  keepers experiments report --html study.html      one file to send or to print
What you write into NOTES.md in the folder of the report is kept and included, in both forms.
"""

Tell = Callable[[str, int, int, str], None]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The --out of `keepers experiments run`.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
STUDY = Path("study")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    from keepers.cli.group import KeepersGroup

    room = typer.Typer(
        cls=KeepersGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        help="Run a list of training experiments on your photos, compare them, and report.",
        short_help="Run and compare training experiments.",
    )
    room.command("run", epilog=_RUN, short_help="Run a study; resumes one that was stopped.")(run)
    room.command("list", epilog=_LIST, short_help="Say where every run stands.")(list_runs)
    room.command("best", epilog=_BEST, short_help="Choose by validation, and say how it tests.")(best)
    room.command("report", epilog=_REPORT, short_help="Write the report, as Markdown or HTML.")(report)
    app.add_typer(room, name="experiments")


def _needs_torch() -> None:
    from keepers.cli.training import needs_torch

    needs_torch()


def _line(stage: str, done: int, total: int, note: str) -> str | None:
    """What is worth a line that stays: a finished epoch, a finished dataset, a failure."""
    where, _, what = stage.rpartition(": ")
    if what == "validated":
        return f"{where}: epoch {done} of at most {total}, validation {note}"
    if what == "failed":
        return f"{where}: failed. {note}"
    if done >= total and what in ("choosing", "making", "features"):
        return f"{stage}: {done} of {total}"
    return f"{stage}: {note}" if what == "timing networks" else None


@contextmanager
def _bars(*, lines: bool = True) -> Iterator[Tell]:
    """A function for (stage, done, total, note): a bar of the stage in work on a terminal, and `lines` that stay."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(stderr=True, highlight=False, markup=False)

    def keep(stage: str, done: int, total: int, note: str) -> None:
        line = _line(stage, done, total, note)
        if lines and line:
            screen.print(line, soft_wrap=True)

    if not screen.is_terminal:
        yield keep
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    note_column = TextColumn("{task.fields[note]}", markup=False)
    with Progress(*columns, note_column, console=screen, transient=True) as bar:
        now: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int, note: str = "") -> None:
            if stage not in now:
                for task in now.values():
                    bar.remove_task(task)
                now.clear()
                now[stage] = bar.add_task(stage, total=total, note=note)
            bar.update(now[stage], completed=done, total=total, note=note)
            keep(stage, done, total, note)

        yield tell


def _pairs(instead: Sequence[str]) -> dict[str, str]:
    for text in instead:
        if text.count("=") != 1 or not all(text.split("=")):
            raise typer.BadParameter(f"{text!r} is not OLD=NEW, two backbones", param_hint="--instead")
    return {text.split("=")[0]: text.split("=")[1] for text in instead}


def run(
    study: Annotated[str, typer.Argument(metavar="STUDY", help="A TOML file, or the name of a shipped study.")],
    photos: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Clean photos; only read. Needed until the datasets are built.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where datasets, runs and results go.")] = STUDY,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder of .safetensors, named after timm's models. Else its hub."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this experiment; may be repeated.")
    ] = None,
    instead: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Another backbone, under its own name; may be repeated.")
    ] = None,
) -> None:
    """Run every experiment of a study, with each of its split protocols; goes on where it was stopped.

    Builds the datasets, trains, measures each network on the test split, repeats the best by validation with more
    seeds, times the networks, and keeps it all in DIR with a table of the results, experiments.csv. An experiment
    that fails does not stop the others; the exit code is then 1.
    """
    _needs_torch()
    from keepers.train import experiments, study as studies  # isort: skip
    from keepers.train.report_facts import survey

    wanted = studies.read(study).instead(_pairs(instead or []))
    options = experiments.Options(out=out, photos=photos, weights=weights, only=tuple(only or ()))
    with _bars() as progress:
        experiments.run(wanted, options, progress)
    found = survey(out)
    own = [trial for trial in found.trials if trial.study == wanted.name]
    _print_results(found, wanted.name)
    for text in _choices(found, wanted.name):
        typer.echo(text)
    typer.echo(f"Next: keepers experiments report {_word(out)} --html {wanted.name}.html")
    failed = [result for trial in own for result in trial.runs if result.state == "failed"]
    for result in failed:
        typer.echo(f"keepers: {result.run} failed: {result.facts['error']}", err=True)
    if failed:
        typer.echo("keepers: The same command tries again what failed.", err=True)
        raise typer.Exit(1)


def _word(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: int) -> None:
    """Columns as wide as what they hold, the last `numbers` of them flush right."""
    lines = [head, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    for line in lines:
        cells = [
            cell.rjust(width) if place >= len(head) - numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        typer.echo("  ".join(cells).rstrip())


def _milliseconds(trial: Trial) -> str:
    return "" if trial.latency is None else f"{trial.latency:.3g}"


def _print_results(found: Survey, study: str) -> None:
    from keepers.train.report_facts import SPLIT_NAMES
    from keepers.train.report_model import share

    rows = []
    for protocol in found.protocols(study):
        for trial in found.of(study, protocol):
            row = [SPLIT_NAMES[protocol], trial.name]
            if not trial.done:
                rows.append([*row, "", "", trial.state, "", "", ""])
                continue
            low, high = trial.interval
            original = "" if trial.original is None else share(trial.original)
            numbers = [share(trial.mean("val_accuracy")), share(trial.accuracy), f"{share(low)} to {share(high)}"]
            rows.append([*row, original, *numbers, str(len(trial.done)), _milliseconds(trial)])
    _print_table(("split", "experiment", "original", "val", "test", "95 %", "seeds", "CPU ms"), rows, 6)


def _choices(found: Survey, study: str) -> list[str]:
    from keepers.train.report_facts import SPLIT_NAMES
    from keepers.train.report_model import share

    lines = []
    for trial in found.winners():
        if trial.study == study:
            test, val = share(trial.accuracy), share(trial.mean("val_accuracy"))
            lines.append(
                f"Best by validation, {SPLIT_NAMES[trial.protocol]}: {trial.name} ({val}), test {test}; "
                f"keepers export-model {_word(trial.shown.run)}"
            )
    return lines


def list_runs(folder: Folder = STUDY, as_json: Json = False) -> None:
    """Say where every run stands: done, begun with its epochs so far, or failed and why.

    Where there are no runs, the shipped studies and their rows are listed.
    """
    _needs_torch()
    from keepers.errors import NothingToDo
    from keepers.train.report_facts import survey

    try:
        found = survey(folder)
    except NothingToDo:
        _list_studies(folder, as_json)
        return
    rows = [_state(result, trial) for trial in found.trials for result in trial.runs]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    words = {
        "done": "done, test {accuracy:.3f}",
        "begun": "begun, epochs so far: {epochs}",
        "failed": "failed: {error}",
    }
    table = [
        (row["study"], row["protocol"], row["experiment"], str(row["seed"]), words[row["state"]].format(**row))
        for row in rows
    ]
    _print_table(("study", "protocol", "experiment", "seed", "state"), table, 0)


def _state(result: Any, trial: Trial) -> dict[str, Any]:
    from keepers.train.report_facts import epochs_of

    row: dict[str, Any] = {
        "study": trial.study,
        "protocol": trial.protocol,
        "experiment": trial.name,
        "title": trial.title,
    }
    row |= {
        "seed": result.facts["seed"],
        "state": result.state,
        "epochs": epochs_of(result.run),
        "run": str(result.run),
    }
    row |= {key: result.facts[key] for key in ("val_accuracy", "accuracy", "error") if key in result.facts}
    return row


def _list_studies(folder: Path, as_json: bool) -> None:
    from keepers.train import study as studies

    found = [studies.parse(text, name) for name, text in studies.shipped().items()]
    if as_json:
        facts = [
            {
                "study": one.name,
                "title": one.title,
                "experiments": [
                    {"experiment": row.name, "title": row.title, "original": row.original} for row in one.experiments
                ],
            }
            for one in found
        ]
        typer.echo(json.dumps(facts, indent=2))
        return
    typer.echo(f"{folder} holds no runs. Shipped studies:")
    for one in found:
        typer.echo(f"\n{one.name}: {one.title}")
        _print_table(("  experiment", "what it is"), [(f"  {row.name}", row.title) for row in one.experiments], 0)
    typer.echo(f"\nNext: keepers experiments run {found[0].name} --photos CLEAN_DIR")


def best(folder: Folder = STUDY, as_json: Json = False) -> None:
    """Choose the best experiment of each study and split protocol by validation accuracy.

    That is the mean over the seeds that all experiments ran. The test accuracy is told, but has no say: chosen by
    it, it would no longer be one.
    """
    _needs_torch()
    from keepers.errors import NothingToDo
    from keepers.train.report_facts import survey

    found = survey(folder)
    winners = found.winners()
    if not winners:
        raise NothingToDo(f"No run in {folder} is finished yet; `keepers experiments run` goes on with them.")
    if as_json:
        typer.echo(json.dumps([_facts(trial) for trial in winners], indent=2))
        return
    for number, trial in enumerate(winners):
        typer.echo(("\n" if number else "") + _told(trial, found))


def _facts(trial: Trial) -> dict[str, Any]:
    keys = ("seed", "val_accuracy", "accuracy", "accuracy_low", "accuracy_high")
    low, high = trial.interval
    return {
        "study": trial.study,
        "protocol": trial.protocol,
        "experiment": trial.name,
        "title": trial.title,
        "val_accuracy": trial.mean("val_accuracy"),
        "accuracy": trial.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "latency_ms": trial.latency,
        "seeds": [{key: run.facts[key] for key in keys} | {"run": str(run.run)} for run in trial.done],
        "run": str(trial.shown.run),
    }


def _told(trial: Trial, found: Survey) -> str:
    from keepers.train.report_facts import SPLIT_NAMES
    from keepers.train.report_model import share

    others = len(found.of(trial.study, trial.protocol))
    low, high = trial.interval
    lines = [
        f"{trial.study}, {SPLIT_NAMES[trial.protocol]}: {trial.name} ({trial.title}), of {others} experiments",
        f"  validation accuracy {share(trial.mean('val_accuracy'))}",
        f"  test accuracy       {share(trial.accuracy)} (95 %: {share(low)} to {share(high)})",
    ]
    if len(trial.done) > 1:
        for run in trial.done:
            facts = run.facts
            span = f"{share(facts['accuracy_low'])} to {share(facts['accuracy_high'])}"
            lines.append(f"    seed {facts['seed']}            {share(facts['accuracy'])} ({span})")
    return "\n".join([*lines, f"  keepers export-model {_word(trial.shown.run)}"])


def report(
    folder: Folder = STUDY,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Folder for README.md and figures. Default: DIR/report."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="One HTML file; with -o, both are written.")
    ] = None,
) -> None:
    """Write the report of all runs in a folder: Markdown with figures, or one HTML file that needs nothing else.

    Results beside the original's, both split protocols, curves, calibration, accuracy against latency, and random test
    photos with what the network said. Runs that are not finished are told of.
    """
    _needs_torch()
    from keepers.train import report as reports
    from keepers.train.report_html import write_html
    from keepers.train.report_model import refuse_foreign, write_markdown

    target = out or folder / "report"
    markdown = html is None or out is not None
    if markdown:
        refuse_foreign(target)
    with _bars(lines=False) as progress:
        document = reports.build(folder, target, progress)
    if markdown:
        typer.echo(f"{write_markdown(document, target)} written, with {len(document.figures)} figures")
    if html is not None:
        typer.echo(f"{write_html(document, html)} written, {html.stat().st_size / 1e6:.1f} MB")
    if not (target / "NOTES.md").is_file():
        typer.echo(f"What explains the results is yours to write: {target / 'NOTES.md'} is included when it is there.")
