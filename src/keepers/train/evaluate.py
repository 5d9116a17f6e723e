"""What came out of a run: accuracy with its interval, per class, confusion, calibration, curves."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import nn

from keepers.io.files import replacing
from keepers.pipeline.calibrate import wilson
from keepers.train.data import Part
from keepers.types import LABELS

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
BINS = 15


def softmax(logits: Matrix) -> Matrix:
    """Probabilities, N x classes."""
    z = np.asarray(logits, dtype=np.float64)
    shares = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True))


def temperature(logits: Matrix, labels: Labels) -> float:
    """The softmax temperature with the least cross-entropy; Guo et al. 2017, arXiv:1706.04599."""
    from scipy.optimize import minimize_scalar

    def loss(log_t: float) -> float:
        z = logits / np.exp(log_t)
        z = z - z.max(1, keepdims=True)
        picked = z[np.arange(len(labels)), labels]
        return float(np.mean(np.log(np.exp(z).sum(1)) - picked))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x))


def reliability(shares: Matrix, labels: Labels) -> list[tuple[int, float, float]]:
    """Photos, mean confidence and accuracy in each of 15 bins of equal width; empty bins are left out."""
    confidence, right = shares.max(1), shares.argmax(1) == labels
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found = []
    for place in range(BINS):
        own = places == place
        if own.any():
            found.append((int(own.sum()), float(confidence[own].mean()), float(right[own].mean())))
    return found


def ece(shares: Matrix, labels: Labels) -> float:
    """Expected calibration error, 0..1: the mean gap of confidence and accuracy; Guo et al. 2017."""
    bins = reliability(shares, labels)
    return sum(count * abs(confidence - accuracy) for count, confidence, accuracy in bins) / len(labels)


def calibration(logits: dict[str, Matrix], parts: dict[str, Part]) -> dict[str, Any]:
    """How far confidence can be taken at its word on the test part, as it is and after temperature scaling.

    The temperature is fitted on the calibration part. An interval is not given: with some hundred photos a perfect
    network has an ECE of one or two hundredths as well.
    """
    heat = temperature(logits["calibration"], parts["calibration"].labels)
    labels = parts["test"].labels
    scaled = softmax(logits["test"] / heat)
    return {
        "ece": ece(softmax(logits["test"]), labels),
        "temperature": heat,
        "ece_scaled": ece(scaled, labels),
        "reliability": reliability(scaled, labels),
    }


def size(net: nn.Module) -> dict[str, int]:
    """Parameters, those that learned, and the bytes of fp32 weights."""
    counts = [(p.numel(), p.requires_grad) for p in net.parameters()]
    total = sum(count for count, _ in counts)
    return {"parameters": total, "learned": sum(count for count, free in counts if free), "fp32_bytes": 4 * total}


def confusion(actual: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """classes x classes counts, rows actual, columns predicted."""
    table = np.zeros((len(LABELS), len(LABELS)), dtype=np.int64)
    np.add.at(table, (actual, predicted), 1)
    return table


def _defined(value: float) -> float | None:
    """None for the precision of a class that was never predicted: NaN is no JSON."""
    return float(value) if np.isfinite(value) else None


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
        "recall": {label: _defined(value) for label, value in zip(LABELS, recall, strict=True)},
        "precision": {label: _defined(value) for label, value in zip(LABELS, precision, strict=True)},
        "originals_called_flawed": _defined(1 - recall[0]),
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
        axis.set(xlabel="epoch", ylabel=what)
        axis.xaxis.get_major_locator().set_params(integer=True)
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


def draw_reliability(found: dict[str, Any], path: Path) -> None:
    """The reliability diagram after temperature scaling: accuracy over confidence, larger dots for more photos."""
    plt = _figure()
    bins = found["reliability"]
    figure, axis = plt.subplots(figsize=(5, 4.6), layout="constrained")
    axis.plot([0, 1], [0, 1], "--", color="grey", linewidth=1)
    axis.plot([b[1] for b in bins], [b[2] for b in bins], color="C0", alpha=0.5)
    axis.scatter([b[1] for b in bins], [b[2] for b in bins], s=[12 + 4 * b[0] ** 0.5 * 4 for b in bins], color="C0")
    for count, confidence, accuracy in bins:
        axis.annotate(str(count), (confidence, accuracy), textcoords="offset points", xytext=(7, -9), fontsize=8)
    axis.set(xlim=(0, 1.03), ylim=(0, 1.05), xlabel="confidence", ylabel="accuracy")
    axis.set_title(f"ECE {found['ece']:.3f}, after temperature scaling {found['ece_scaled']:.3f}", fontsize=10)
    axis.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _validated(run: Path, epoch: int) -> dict[str, float]:
    with (run / "epochs.csv").open(encoding="utf-8") as file:
        rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
    best = rows[epoch]
    return {
        "val_accuracy": float(best["val_accuracy"]),
        "val_loss": float(best["val_loss"]),
        "train_accuracy": float(best["train_accuracy"]),
        "epochs": len(rows),
        "seconds": round(sum(float(row["seconds"]) for row in rows.values()), 1),
    }


def _write_predictions(path: Path, logits: Matrix, part: Part) -> None:
    shares = softmax(logits)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "predicted", "flaw", "severity", "confidence"])
        for row, own in zip(part.rows, shares, strict=True):
            severity, confidence = f"{row.severity:.3f}", f"{own.max():.4f}"
            writer.writerow([row.path, row.label, LABELS[own.argmax()], row.flaw, severity, confidence])


def finish(
    run: Path, net: nn.Module, logits: dict[str, Matrix], parts: dict[str, Part], epoch: int
) -> dict[str, Any]:
    """Write test.json, confusion.csv, predictions.csv and the figures; return what test.json holds.

    `logits` and `parts` are those of "calibration" and "test".
    """
    part = parts["test"]
    calibrated = calibration(logits, parts)
    result = summary(logits["test"], part, epoch) | _validated(run, epoch) | calibrated | size(net)
    table = np.array(result["confusion"])
    with (run / "confusion.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["actual", *LABELS])
        writer.writerows([[label, *line] for label, line in zip(LABELS, table.tolist(), strict=True)])
    _write_predictions(run / "predictions.csv", logits["test"], part)
    draw_curves(run)
    draw_confusion(table, run / "confusion.png", f"test split: accuracy {result['accuracy']:.3f} of {result['photos']}")
    draw_reliability(calibrated, run / "reliability.png")
    # Last of all: a run with a test.json is finished.
    with replacing(run / "test.json") as partial:
        partial.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result
