"""The tables of a report: data, results, classes, calibration."""

import math
from collections import Counter
from collections.abc import Sequence

from keepers.dataset.labels import SPLITS
from keepers.train import config as configs
from keepers.train.report_facts import ENOUGH, SPLIT_NAMES, Data, Survey, Trial, chosen, other_backbone, outcome
from keepers.train.report_model import Table, compact, counted, listed, share
from keepers.types import LABELS

CHOSEN, BELOW, FEW, OTHER = "★", "▽", "○", "†"
FIRM = "\N{NO-BREAK SPACE}"
LEARNS = {"head": "head", "second-half": "second half", "all": "everything"}


def data_table(found: Sequence[Data]) -> Table:
    """Photos, and the originals they were made from, by split and class."""
    rows = []
    for data in found:
        sizes = Counter(row.split for row in data.rows)
        sources = {name: len({row.source_id for row in data.of(name)}) for name in SPLITS}
        for name in SPLITS:
            classes = Counter(row.label for row in data.of(name))
            row = (SPLIT_NAMES[str(data.facts["protocol"])], name, f"{sizes[name]:,}", f"{sources[name]:,}")
            rows.append((*row, *(f"{classes[label]:,}" for label in LABELS)))
    head = ("", "part", "photos", "originals they come from", *(label.replace("_", " ") for label in LABELS))
    return Table(head, tuple(rows), left=2)


def marks(trial: Trial, best: Trial | None) -> str:
    """The marks behind a test accuracy."""
    signs = CHOSEN if trial == best else ""
    if trial.original is not None and trial.accuracy < trial.original - 1e-9:
        signs += BELOW
    if trial.accuracy < ENOUGH:
        signs += FEW
    return f"{FIRM}{signs}" if signs else ""


def accuracy_cell(trial: Trial | None, best: Trial | None) -> str:
    """Mean test accuracy with its interval, its spread over seeds, and marks; or why there is none."""
    if trial is None:
        return "not run"
    if not trial.done:
        return trial.state
    low, high = trial.interval
    value = f"**{share(trial.accuracy)}**" if trial == best else share(trial.accuracy)
    if trial.spread is not None:
        value += f"{FIRM}±{FIRM}{share(trial.spread)}"
    # Where a cell is too narrow, it breaks before the bracket alone.
    return f"{value}{marks(trial, best)} ({share(low)}{FIRM}to{FIRM}{share(high)})"


def _either(trials: Sequence[Trial | None], key: str) -> list[float]:
    values = [trial.mean(key) for trial in trials if trial is not None]
    return [value for value in values if not math.isnan(value)]


def _learns(trial: Trial) -> str:
    runs = [run.run for run in trial.runs if (run.run / "config.json").is_file()]
    if not runs:
        return "?"
    config = configs.read(runs[0])
    return LEARNS[config.unfrozen] + (f", {config.views} views" if config.views else "")


def _line(trials: Sequence[Trial | None], bests: Sequence[Trial | None]) -> tuple[str, ...]:
    """One row; `trials` are one experiment's, a protocol each, None where it was not begun."""
    one = next(trial for trial in trials if trial is not None)
    original = "-" if one.original is None else share(one.original) + (OTHER if other_backbone(one) else "")
    numbers = [_either(trials, key) for key in ("parameters", "learned", "fp32_bytes", "latency_ms")]
    parameters, learned, size, latency = (values[0] if values else None for values in numbers)
    epochs = [f"{trial.mean('epochs'):.3g}" if trial is not None and trial.done else "-" for trial in trials]
    return (
        f"`{one.name}`",
        one.title,
        _learns(one),
        original,
        *(accuracy_cell(trial, best) for trial, best in zip(trials, bests, strict=True)),
        " / ".join(epochs),
        compact(parameters) if parameters is not None else "",
        compact(learned) if learned is not None else "",
        f"{size / 1e6:.3g}" if size is not None else "",
        f"{latency:.3g}" if latency is not None else "",
    )


def _rows(survey: Survey, study: str) -> list[list[Trial | None]]:
    """The experiments of a study in its order, each with its trial of every protocol."""
    protocols = survey.protocols(study)
    own = {(trial.name, trial.protocol): trial for trial in survey.trials if trial.study == study}
    places = {trial.name: trial.place for trial in survey.trials if trial.study == study}
    return [[own.get((name, protocol)) for protocol in protocols] for name in sorted(places, key=lambda n: places[n])]


def results_table(survey: Survey, study: str) -> Table:
    """The experiments of one study: what each is, its accuracy with each protocol, and what it costs."""
    protocols = survey.protocols(study)
    bests = [chosen(survey.of(study, protocol)) for protocol in protocols]
    rows = tuple(_line(trials, bests) for trials in _rows(survey, study))
    seeds = sorted({len(trial.done) for trial in survey.trials if trial.study == study and trial.spread is not None})
    others = sorted({other_backbone(trial) for trial in survey.trials if trial.study == study} - {""})
    head = (
        "experiment", "what it is", "learns", "original", *(SPLIT_NAMES[protocol] for protocol in protocols),
        "epochs", "parameters", "learned", "fp32 MB", "CPU ms",
    )  # fmt: skip
    if all(row[3] == "-" for row in rows):
        head, rows = (*head[:3], *head[4:]), tuple((*row[:3], *row[4:]) for row in rows)
    return Table(head, rows, left=3, note=_legend(rows, others, seeds))


def _legend(rows: Sequence[tuple[str, ...]], others: Sequence[str], seeds: Sequence[int]) -> str:
    text = " ".join(cell for row in rows for cell in row)
    said = {
        CHOSEN: f"{CHOSEN} chosen by validation accuracy; the test split has no say.",
        BELOW: f"{BELOW} below the original's accuracy.",
        FEW: f"{FEW} below {share(ENOUGH, 2)}.",
        OTHER: f"{OTHER} the original's row is of another network, {listed(others)}.",
    }
    many = " or ".join(map(str, seeds))
    marked = " ".join(sentence for sign, sentence in said.items() if sign in text)
    return (
        f"{marked} In brackets: 95 % intervals (Wilson) of test accuracy; they treat photos as independent, which "
        "versions of one original are not." + (f" ± is the standard deviation over {many} seeds." if seeds else "")
    ).strip()


def classes_table(winners: Sequence[Trial]) -> Table:
    """Precision and recall by class of the best of each protocol, one run each."""
    head = ["class"]
    for trial in winners:
        head += [f"precision, {SPLIT_NAMES[trial.protocol]}", f"recall, {SPLIT_NAMES[trial.protocol]}"]
    rows = []
    for label in LABELS:
        cells = [label.replace("_", " ")]
        for trial in winners:
            facts = outcome(trial.shown.run)
            values = [facts[key][label] for key in ("precision", "recall")]
            # A class that was never predicted has no precision.
            cells += ["-" if value is None else share(value) for value in values]
        rows.append(tuple(cells))
    return Table(tuple(head), tuple(rows))


def calibration_table(survey: Survey, study: str) -> Table:
    """Calibration, and the originals that a network calls flawed, of all finished experiments."""
    rows = []
    for trials in _rows(survey, study):
        done = [trial if trial is not None and trial.done else None for trial in trials]
        if not any(done):
            continue
        cells = [f"`{next(trial for trial in done if trial is not None).name}`"]
        for trial in done:
            if trial is None:
                cells += ["-"] * 4
            else:
                keys = ("ece", "ece_scaled", "originals_called_flawed")
                before, after, flawed = (share(trial.mean(key)) for key in keys)
                cells += [before, after, f"{trial.mean('temperature'):.2f}", flawed]
        rows.append(tuple(cells))
    head = ["experiment"]
    for protocol in survey.protocols(study):
        head += [f"ECE, {SPLIT_NAMES[protocol]}", "after scaling", "temperature", "originals called flawed"]
    seeds = max((len(trial.done) for trial in survey.trials if trial.study == study), default=1)
    note = f"Means over seeds where there are several, at most {counted(seeds, 'seed')}." if seeds > 1 else ""
    return Table(tuple(head), tuple(rows), note=note)
