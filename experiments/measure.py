"""What the shipped model does on labelled real photos: verdicts, six-class answers and areas under the curve.

    python experiments/measure.py FOLDER... [--json out.json] [--model FILE]

Each FOLDER holds a MANIFEST.csv with the columns `file` and `label`, or is a dataset made by `keepers dataset build`,
of which the test split is measured. Nothing is tuned here: it runs what
`keepers assess` runs, and prints Markdown.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import keepers
from keepers.dataset import labels
from keepers.pipeline.calibrate import wilson
from keepers.types import LABELS, VERDICTS, Opinion

GOOD = ("original", "sharp", "good", "bracket_mid")
"""Beginnings of labels that mean: nothing is wrong with this photo."""
POSITIVE = {
    "realblur_pairs": {"blurred": ("blurred", "camera_shake")},
    "realblur_small_labelled": {"blurred": ("blurred", "camera_shake"), "camera_shake": ("blurred", "camera_shake")},
    "exposure_brackets": {"overexposed": ("overexposed",), "underexposed": ("underexposed",)},
}
"""Set -> label -> the flaws of which the larger probability is the score that should find it."""

SYNTHETIC = {label: (label,) for label in LABELS[1:]}


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Area under the ROC curve: the share of pairs in the right order, ties counting half."""
    a, b = np.asarray(positive)[:, None], np.asarray(negative)[None, :]
    return float(np.mean((a > b) + 0.5 * (a == b)))


def judged(folder: Path, model: str | None) -> list[tuple[str, Opinion]]:
    """(label, opinion) of every photo that the manifest lists and keepers can read."""
    if (folder / "labels.csv").is_file():
        rows = [(row.path, row.label) for row in labels.read(folder) if row.split == "test"]
    else:
        with (folder / "MANIFEST.csv").open(encoding="utf-8") as file:
            rows = [(row["file"], row["label"]) for row in csv.DictReader(file)]
    opinions = keepers.assess([folder / path for path, _ in rows], model=model)
    return [(label, one) for (_, label), one in zip(rows, opinions, strict=True) if one.verdict is not None]


def report(name: str, pairs: list[tuple[str, Opinion]]) -> dict[str, object]:
    """Print one set's tables; return the same figures."""
    print(f"\n### {name}: {len(pairs)} photos\n")
    print("| label | photos | " + " | ".join(VERDICTS) + " | six-class answers |")
    print("|---|---|" + "---|" * (len(VERDICTS) + 1))
    figures: dict[str, object] = {"photos": len(pairs)}
    for label in sorted({label for label, _ in pairs}):
        own = [one.verdict for at, one in pairs if at == label and one.verdict]
        verdicts = Counter(v.verdict for v in own)
        answers = Counter(v.label for v in own)
        told = ", ".join(f"{answer} {answers[answer]}" for answer in LABELS if answers[answer])
        print(f"| {label} | {len(own)} | " + " | ".join(str(verdicts[v]) for v in VERDICTS) + f" | {told} |")
        figures[label] = {"verdicts": dict(verdicts), "answers": dict(answers)}
    good = [one.verdict for at, one in pairs if at.startswith(GOOD) and one.verdict]
    if good:
        lost = sum(v.verdict == "delete" for v in good)
        low, high = wilson(lost, len(good))
        share = f"{lost / len(good):.1%} (95 %: {low:.1%} to {high:.1%})"
        print(f"\nFalse rejects: {lost} of {len(good)} good photos, {share}")
        figures["false_rejects"] = [lost, len(good)]
    for label, flaws in POSITIVE.get(name, SYNTHETIC if {at for at, _ in pairs} == set(LABELS) else {}).items():
        score = [(at, max(one.verdict.flaws[f] for f in flaws)) for at, one in pairs if one.verdict]
        negative = [value for at, value in score if at.startswith(GOOD)]
        positive = [value for at, value in score if at == label]
        if positive and negative:
            figures[f"auc_{label}"] = auc(positive, negative)
            print(f"\nAUC of {label} against good, by P({' or '.join(flaws)}): {figures[f'auc_{label}']:.3f}")
    return figures


def main() -> None:
    """Measure every folder that is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--model")
    options = parser.parse_args()
    figures = {folder.name: report(folder.name, judged(folder, options.model)) for folder in options.folders}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
