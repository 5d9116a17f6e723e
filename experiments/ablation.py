"""What each part of the judgement adds on real photos: a row of figures for every set of checks.

    python experiments/ablation.py EVAL CAPTURES [--model FILE] [--facts FILE]

EVAL holds the development sets as folders with a MANIFEST.csv, CAPTURES what `keepers nets captures` wrote. Photos are
measured once (and kept in --facts); then a calibration is fitted to the captures for every row, with the checks of that
row alone, and all photos are judged with it. No threshold is chosen on the photos that the figures are about.
"""

import argparse
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from keepers.app.measuring import Run
from keepers.checks import CHECKS, Check
from keepers.dataset import labelled
from keepers.evaluate import manifest
from keepers.evaluate.findings import Answer, Findings, find
from keepers.io.scan import scan
from keepers.pipeline import calibrate
from keepers.pipeline.calibration import completed
from keepers.pipeline.judge import CERTAIN_SIDE, judge_all, matrix, telling
from keepers.settings import settings
from keepers.types import FLAWS, Report

ROWS: Mapping[str, Callable[[Check], bool]] = {
    "pixels alone": lambda check: not check.network,
    "the network for whole photos alone": lambda check: check.network == "whole",
    "patches for sharpness, pixels for exposure": lambda check: (
        check.network == "focus" or (not check.network and "exposed" in "".join(check.flaws))
    ),
    "both networks": lambda check: bool(check.network),
    "both networks and pixels": lambda check: True,
}
SETS = ("realblur_pairs", "realblur_small_labelled", "exposure_brackets", "falsepos_bokeh_highkey_lowkey",
        "biq2021_train_mos")  # fmt: skip
CALIBRATION, HELD_OUT = "calibration", "val"


def measured(folders: Iterable[Path], model: Path | None, kept: Path | None) -> dict[Path, Report]:
    """All photos of the folders, measured once."""
    found: dict[Path, Report] = {}
    if kept and kept.is_file():
        found = pickle.loads(kept.read_bytes())
    for folder in folders:
        sources = [source for source in scan([folder]) if source.path.resolve() not in found]
        for report in Run(settings(model=model)).score(sources):
            found[report.source.path.resolve()] = report
        if kept:
            kept.write_bytes(pickle.dumps(found))
    return found


def fitted(captures: Path, facts: Mapping[Path, Report], names: Sequence[str]) -> calibrate.Calibration:
    """A calibration of some checks, as `keepers calibrate` fits all."""
    photos = [one for one in labelled.read(captures) if one.split in (CALIBRATION, HELD_OUT)]
    photos = [one for one in photos if one.split == CALIBRATION or not one.grave]
    raws = matrix([telling(facts[(captures / one.file).resolve()], CERTAIN_SIDE) for one in photos], names)
    flags = np.array([[flaw in one.flaws for flaw in FLAWS] for one in photos])
    fit_to = np.array([one.split == CALIBRATION for one in photos])
    good = raws[np.array([not one.grave for one in photos])]
    return completed(calibrate.fit(raws[fit_to], flags[fit_to], names, held_out=good, max_false_rate=0.01))


def judged(dataset: manifest.Dataset, facts: Mapping[Path, Report], calibration: calibrate.Calibration) -> Findings:
    """A development set as this calibration sees it."""
    readable = [one for one in dataset.items if facts[one.path.resolve()].photo is not None]
    reports = [facts[one.path.resolve()] for one in readable]
    verdicts = judge_all(reports, calibration)
    answers = [
        Answer(item, verdict, None, {}, report.measurements)
        for item, verdict, report in zip(readable, verdicts, reports, strict=True)
    ]
    return find(dataset.name, answers, "ours", {}, dataset.unknown)


def row(found: Mapping[str, Findings]) -> list[str]:
    """The figures of one variant."""
    cells = []
    for name in ("realblur_pairs", "exposure_brackets", "falsepos_bokeh_highkey_lowkey"):
        lost = next(iter(found[name].lost.values()))
        cells.append(f"{lost.count} of {lost.total}")
    for name, question in (
        ("realblur_pairs", "unsharp"), ("realblur_small_labelled", "shake_or_defocus"),
        ("exposure_brackets", "overexposed"), ("exposure_brackets", "underexposed"),
    ):  # fmt: skip
        one = next((one for one in found[name].questions if one.question.name == question), None)
        result = one.results[0] if one else None
        told = f"{result.accuracy.value:.3f}" if result and result.accuracy else "-"
        cells.append(f"{result.auc.value:.3f}, {told}" if result else "-")
    within = next(one for one in found["exposure_brackets"].ranked if one.within is not None)
    cells.append(f"{within.within.value:.3f}" if within.within else "-")
    cells.append(f"{found['biq2021_train_mos'].ranked[0].overall.value:.3f}")
    return cells


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("captures", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--facts", type=Path)
    options = parser.parse_args()
    sets = [manifest.read(options.folder / name) for name in SETS]
    places = [options.captures / side for side in (CALIBRATION, HELD_OUT)]
    facts = measured([*places, *(options.folder / name for name in SETS)], options.model, options.facts)
    print("| judged by | good lost: pairs | brackets | falsepos | blur AUC, told | shake or defocus | over | under |"
          " exposure within scenes | SRCC of the score |")  # fmt: skip
    print("|---" * 10 + "|")
    for title, belongs in ROWS.items():
        names = [name for name, check in CHECKS.items() if belongs(check) and check.flaws and not check.faces]
        names += [name for name, check in CHECKS.items() if belongs(check) and not check.flaws]
        calibration = fitted(options.captures, facts, names)
        found = {one.name: judged(one, facts, calibration) for one in sets}
        print("| " + " | ".join([title, *row(found)]) + " |", flush=True)


if __name__ == "__main__":
    main()
