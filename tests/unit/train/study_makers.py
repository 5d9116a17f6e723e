"""Run folders written by the code that writes real ones, but with answers that are drawn instead of learned."""

import csv
import json
from pathlib import Path
from unittest import mock

import numpy as np
from torch import nn

from keepers.dataset import labels
from keepers.train import config as configs
from keepers.train import evaluate, experiments, loop
from keepers.train.data import Part
from keepers.train.mend import mend_torchvision
from keepers.train.study import Study
from keepers.types import LABELS

mend_torchvision()


def part_of(dataset: Path, split: str) -> Part:
    """A split without its pixels, which made-up answers do not need."""
    rows = tuple(row for row in labels.read(dataset) if row.split == split)
    return Part(rows, (), np.array([LABELS.index(row.label) for row in rows], dtype=np.int64))


def logits(part: Part, accuracy: float, rng: np.random.Generator) -> np.ndarray:
    """Answers of which about a share of `accuracy` is right; mild flaws are missed more often."""
    out = rng.normal(0, 1, (len(part.labels), len(LABELS)))
    severity = np.array([row.severity if row.flaw else 0.5 for row in part.rows])
    right = rng.uniform(size=len(severity)) < accuracy + (1 - accuracy) * (severity - 0.5)
    target = np.where(right, part.labels, 0)
    out[np.arange(len(target)), target] += rng.uniform(1.5, 8, len(target))
    return out


def epochs(path: Path, count: int, accuracy: float) -> None:
    """A plausible epochs.csv."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(loop.COLUMNS)
        for epoch in range(1, count + 1):
            reached = accuracy * (1 - 0.6 * 0.5 ** (epoch - 1))
            loss = 2.0 * (1.02 - reached)
            writer.writerow([epoch, loss * 0.9, min(1, reached * 1.02), loss, reached, 1.5, 1e-4])


def finished(study: Study, out: Path, protocol: str, place: int, accuracy: float, seed: int = 0, ms: float = 0) -> Path:
    """A finished run of one experiment; `ms` is its measured latency, 0 for none."""
    run = begun(study, out, protocol, place, accuracy, seed)
    dataset = experiments.data(study, experiments.Options(out), protocol)
    rng = np.random.default_rng([seed, place])
    parts = {name: part_of(dataset, name) for name in ("calibration", "test")}
    answers = {name: logits(part, accuracy, rng) for name, part in parts.items()}
    # The run's own figures are tested elsewhere and take a second each.
    with mock.patch.multiple(
        evaluate, draw_curves=mock.DEFAULT, draw_confusion=mock.DEFAULT, draw_reliability=mock.DEFAULT
    ):
        evaluate.finish(run, nn.Linear(100, 6), answers, parts, 4)
    if ms:
        facts = {"latency_ms": ms, "repeats": 25, "processor": "a processor", "runtime": "fp32 ONNX, 1 core"}
        (run / "speed.json").write_text(json.dumps(facts))
    return run


def begun(study: Study, out: Path, protocol: str, place: int, accuracy: float, seed: int = 0) -> Path:
    """A run that was stopped after its fourth epoch."""
    options = experiments.Options(out, tiny=True, only=(study.experiments[place].name,))
    (job,) = experiments.jobs(study, options, protocol, [seed])
    experiments._write_job(job)
    dataset = out / study.name / "data" / protocol
    configs.write(job.run, job.experiment.config(dataset, seed, tiny=True, pretrained=False), "fp32", "cpu")
    epochs(job.run / "epochs.csv", 4, accuracy)
    return job.run
