"""What a report reads: runs, put together by experiment, their datasets, and their tables of epochs and predictions."""

import csv
import itertools
import json
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from keepers.dataset import labels
from keepers.dataset.plan import PROTOCOLS
from keepers.errors import KeepersError
from keepers.pipeline.calibrate import wilson
from keepers.train import config as configs
from keepers.train import experiments, study
from keepers.train.experiments import Result

ENOUGH = 0.90
"""A row below this test accuracy is marked."""
SPLIT_NAMES = {"random": "random split", "by-source": "split by source"}


@dataclass(frozen=True)
class Trial:
    """An experiment with one split protocol: `runs` are one a seed, whatever their state."""

    study: str
    protocol: str
    name: str
    title: str
    place: int
    original: float | None
    runs: tuple[Result, ...]

    @property
    def backbone(self) -> str:
        """Its backbone, with which its name begins."""
        return self.name.partition("-")[0]

    @cached_property
    def done(self) -> list[Result]:
        """The finished runs."""
        return [run for run in self.runs if run.state == "done"]

    def mean(self, key: str) -> float:
        """Mean of a column over the finished runs, NaN without any."""
        values = [float(run.facts[key]) for run in self.done if run.facts.get(key) is not None]
        return statistics.fmean(values) if values else math.nan

    @property
    def accuracy(self) -> float:
        """Mean test accuracy."""
        return self.mean("accuracy")

    @property
    def spread(self) -> float | None:
        """Standard deviation of the test accuracy over seeds, None for a single one."""
        values = [run.facts["accuracy"] for run in self.done]
        return statistics.stdev(values) if len(values) > 1 else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the mean accuracy: seeds share their test photos, so these count once."""
        photos = int(self.done[0].facts["photos"])
        return wilson(round(self.accuracy * photos), photos)

    @property
    def latency(self) -> float | None:
        """CPU milliseconds a photo, None where it was not measured."""
        found = self.mean("latency_ms")
        return None if math.isnan(found) else found

    @property
    def shown(self) -> Result:
        """The run that stands for it in figures: the seed that validates best."""
        return max(self.done, key=lambda run: (run.facts["val_accuracy"], -run.facts["val_loss"]))

    @property
    def state(self) -> str:
        """In words, why it has no finished run."""
        if any(run.state == "failed" for run in self.runs):
            return "failed"
        epochs = max((epochs_of(run.run) for run in self.runs), default=0)
        return f"at epoch {epochs}" if epochs else "begun"


def epochs_of(run: Path) -> int:
    """How many epochs a run has finished so far."""
    return len(history(run))


def history(run: Path) -> list[dict[str, float]]:
    """The rows of epochs.csv, empty if there is none yet."""
    path = run / "epochs.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row.values())]
    return [{key: float(value) for key, value in row.items()} for row in rows]


def predictions(run: Path) -> list[dict[str, str]]:
    """The rows of predictions.csv, empty if there is none."""
    path = run / "predictions.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def outcome(run: Path) -> dict[str, Any]:
    """What test.json of a finished run holds."""
    facts: dict[str, Any] = json.loads((run / "test.json").read_text(encoding="utf-8"))
    return facts


def trials(results: Iterable[Result]) -> list[Trial]:
    """Runs put together by study, protocol and experiment, in the order of their studies."""
    groups: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        facts = result.facts
        groups.setdefault((facts["study"], facts["protocol"], facts["experiment"]), []).append(result)
    found = []
    for (name, protocol, experiment), own in groups.items():
        facts = own[0].facts
        found.append(Trial(name, protocol, experiment, facts["title"], facts["place"], facts["original"], tuple(own)))
    return sorted(found, key=lambda trial: (trial.study, trial.protocol, trial.place))


def chosen(own: Sequence[Trial]) -> Trial | None:
    """The one of these trials that validates best, None while none is finished."""
    found = experiments.best(run for trial in own for run in trial.runs)
    return next(trial for trial in own if trial.name == found[0]) if found else None


@dataclass(frozen=True)
class Survey:
    """All that was run in a folder."""

    out: Path
    trials: tuple[Trial, ...]

    @property
    def studies(self) -> list[str]:
        """Names of the studies, those that reproduce another one first."""
        first = {trial.study for trial in self.trials if trial.original is not None}
        return sorted({trial.study for trial in self.trials}, key=lambda name: (name not in first, name))

    @property
    def results(self) -> list[Result]:
        """All runs."""
        return [run for trial in self.trials for run in trial.runs]

    def protocols(self, name: str) -> list[str]:
        """The split protocols of a study that were begun, the random one first."""
        there = {trial.protocol for trial in self.trials if trial.study == name}
        return [protocol for protocol in reversed(PROTOCOLS) if protocol in there]

    def of(self, name: str, protocol: str) -> list[Trial]:
        """The trials of one study with one protocol."""
        return [trial for trial in self.trials if (trial.study, trial.protocol) == (name, protocol)]

    def data(self, name: str, protocol: str) -> Path:
        """Where the dataset of a protocol lies, or lay."""
        return self.out / name / "data" / protocol

    def winners(self) -> list[Trial]:
        """For every study and protocol the trial that validates best, the random protocol first."""
        found = [chosen(self.of(name, protocol)) for name in self.studies for protocol in self.protocols(name)]
        return [trial for trial in found if trial is not None]


def survey(out: Path) -> Survey:
    """Read all runs below a folder.

    Raises:
        NothingToDo: if there are none.
    """
    return Survey(out, tuple(trials(experiments.collect(out))))


@dataclass(frozen=True)
class Data:
    """A dataset as it lies on the disk: what dataset.json says, and the rows of labels.csv."""

    folder: Path
    facts: Mapping[str, Any]
    rows: tuple[labels.Row, ...]

    def of(self, split: str) -> list[labels.Row]:
        """The rows of one split."""
        return [row for row in self.rows if row.split == split]


def data_of(folder: Path) -> Data | None:
    """A dataset, or None where there is none that can be read."""
    try:
        facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        return Data(folder, facts, tuple(labels.read(folder)))
    except (OSError, ValueError, KeepersError):
        return None


def same_table(run: Path, folder: Path) -> bool:
    """Whether a run was made on the dataset that now lies in a folder."""
    return bool(configs.facts_of(run)["labels_sha256"] == configs.sha256(folder / "labels.csv"))


def configs_of(runs: Iterable[Result]) -> list[dict[str, Any]]:
    """What config.json of each begun run holds."""
    return [configs.facts_of(run.run) for run in runs if (run.run / "config.json").is_file()]


@cache
def _shipped(name: str) -> tuple[study.Experiment, ...]:
    text = study.shipped().get(name)
    return study.parse(text, name).experiments if text else ()


def other_backbone(trial: Trial) -> str:
    """The backbone that a row has in the study as it is shipped, if that is another one; else an empty text."""
    rows = _shipped(trial.study)
    row = rows[trial.place] if trial.place < len(rows) else None
    same = row is not None and trial.name.removeprefix(trial.backbone) == row.name.removeprefix(row.backbone)
    return row.backbone if row is not None and same and row.backbone != trial.backbone else ""


def distinct(rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]) -> list[str]:
    """The different values of something, as text, in the order of their appearance."""
    return list(dict.fromkeys(str(key(row)) for row in rows))


def quartiles(rows: Sequence[Mapping[str, str]], label: str) -> list[tuple[float, int, int]]:
    """Mean severity, photos and how many were right, for the four quarters by severity of a class, mildest first."""
    own = sorted((row for row in rows if row["label"] == label), key=lambda row: float(row["severity"]))
    edges = [round(place * len(own) / 4) for place in range(5)]
    found = []
    for start, end in itertools.pairwise(edges):
        part = own[start:end]
        if part:
            right = sum(row["label"] == row["predicted"] for row in part)
            found.append((statistics.fmean(float(row["severity"]) for row in part), len(part), right))
    return found


def reliability_of(rows: Sequence[Mapping[str, str]], bins: int) -> list[tuple[int, float, float]]:
    """Photos, mean confidence and accuracy by confidence as the network gives it, before temperature scaling."""
    piles: dict[int, list[tuple[float, bool]]] = {}
    for row in rows:
        confidence = float(row["confidence"])
        pile = piles.setdefault(min(int(confidence * bins), bins - 1), [])
        pile.append((confidence, row["label"] == row["predicted"]))
    return [
        (len(pile), statistics.fmean(c for c, _ in pile), statistics.fmean(right for _, right in pile))
        for _, pile in sorted(piles.items())
    ]
