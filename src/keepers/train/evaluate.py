"""What came out of a run: accuracy with its interval, per class, confusion, curves."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from keepers.pipeline.calibrate import wilson
from keepers.train.data import Part
from keepers.types import LABELS

Matrix = npt.NDArray[np.float64]


def confusion(actual: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """classes x classes counts, rows actual, columns predicted."""
    table = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    np.add.at(table, (actual, predicted), 1)
    return table


def summary(logits: Matrix, part: Part, epoch: int) -> dict[str, Any]:
    """Accuracy, precision and recall by class, and the share of originals called flawed (the false reject)."""
    predicted = logits.argmax(1)
    table = confusion(part.labels, predicted)
    right, total = int(np.trace(table)), int(table.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = np.diag(table) / table.sum(1)
        precision = np.diag(table) / table.sum(0)
    return {
        "best_epoch": epoch,
        "photos": total,
        "sources": len({row.source_id for row in part.rows}),
        "accuracy": right / total,
        "accuracy_95": wilson(right, total),
        "recall": {label: float(value) for label, value in zip(LABELS, recall, strict=True)},
        "precision": {label: float(value) for label, value in zip(LABELS, precision, strict=True)},
        "originals_called_flawed": float(1 - recall[0]),
        "confusion": table.tolist(),
    }


def _figure() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def draw_curves(run: Path) -> None:
    """epochs.csv as curves.png: loss and accuracy of training and validation."""
    plt = _figure()
    with (run / "epochs.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) for row in rows]
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for axis, what in zip(axes, ("loss", "accuracy"), strict=True):
        for split, style in (("train", "--"), ("val", "-")):
            axis.plot(epochs, [float(row[f"{split}_{what}"]) for row in rows], style, marker="o", label=split)
        axis.set(xlabel="epoch", ylabel=what, xticks=epochs)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.suptitle("train: augmented views, measured while learning; val: centre views")
    figure.savefig(run / "curves.png", dpi=120)
    plt.close(figure)


def draw_confusion(table: npt.NDArray[np.int64], path: Path, title: str) -> None:
    """The confusion matrix as a picture: counts, coloured by the share of the actual class."""
    plt = _figure()
    shares = table / table.sum(1, keepdims=True).clip(1)
    names = [label.replace("_", " ") for label in LABELS]
    figure, axis = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(LABELS)):
        for column in range(len(LABELS)):
            colour = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, str(table[row, column]), ha="center", va="center", color=colour)
    axis.set_xticks(range(len(LABELS)), names, rotation=35, ha="right")
    axis.set_yticks(range(len(LABELS)), names)
    axis.set(xlabel="predicted", ylabel="actual", title=title)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def finish(run: Path, logits: Matrix, part: Part, epoch: int) -> dict[str, Any]:
    """Write test.json, confusion.csv, predictions.csv and both figures; return what test.json holds."""
    result = summary(logits, part, epoch)
    (run / "test.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    table = np.array(result["confusion"])
    with (run / "confusion.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["actual", *LABELS])
        writer.writerows([[label, *line] for label, line in zip(LABELS, table.tolist(), strict=True)])
    with (run / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "predicted", "flaw", "severity"])
        for row, guess in zip(part.rows, logits.argmax(1), strict=True):
            writer.writerow([row.path, row.label, LABELS[guess], row.flaw, f"{row.severity:.3f}"])
    draw_curves(run)
    draw_confusion(table, run / "confusion.png", f"test split: accuracy {result['accuracy']:.3f} of {result['photos']}")
    return result
