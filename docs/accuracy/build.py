"""Rebuild every table and plot of docs/accuracy.md, and the table of the README.

    python docs/accuracy/build.py EVAL [--made DATASET] [--beside FILE]

or `make accuracy EVAL=folder MADE=dataset`. EVAL holds the development sets as folders with a MANIFEST.csv; those that
are missing keep the tables they have. Only what stands between <!-- measured NAME --> and <!-- end --> is replaced:
the prose around is written by hand, and stays.
"""

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from keepers import __version__
from keepers.app import evaluate
from keepers.evaluate import plots, report, tables
from keepers.evaluate.findings import OURS, Answered, Findings, Result
from keepers.settings import cpu_count
from keepers.types import Rgb

HERE = Path(__file__).parent
PAGE = HERE.parent / "accuracy.md"
README = HERE.parents[1] / "README.md"
MADE = "made"
"""What the test split of a dataset of `keepers dataset build` is called here."""
SETS = (MADE, "realblur_pairs", "realblur_small_labelled", "exposure_brackets", "falsepos_bokeh_highkey_lowkey",
        "biq2021_train_mos", "eyes_whole_faces")  # fmt: skip
PLOTS = {"roc": plots.roc, "reliability": plots.reliability}


def question(found: Findings, name: str) -> Answered | None:
    """What was made of one question."""
    return next((one for one in found.questions if one.question.name == name), None)


def ours(found: Findings, name: str) -> Result | None:
    """What keepers made of one question."""
    one = question(found, name)
    return None if one is None else next(result for result in one.results if result.system == OURS)


@dataclass(frozen=True)
class Goal:
    """Something to reach: on which set, in words, from where on, and where the figure (value, text) comes from."""

    dataset: str
    words: str
    at_least: float
    figure: Callable[[Findings], tuple[float, str]]


def _auc(name: str) -> Callable[[Findings], tuple[float, str]]:
    def figure(found: Findings) -> tuple[float, str]:
        result = ours(found, name)
        return (np.nan, "·") if result is None else (result.auc.value, tables.with_interval(result.auc))

    return figure


def _accuracy(name: str) -> Callable[[Findings], tuple[float, str]]:
    def figure(found: Findings) -> tuple[float, str]:
        result = ours(found, name)
        if result is None or result.accuracy is None:
            return np.nan, "·"
        return result.accuracy.value, tables.with_interval(result.accuracy)

    return figure


def _kept(found: Findings) -> tuple[float, str]:
    lost = found.lost[OURS]
    return 1 - lost.estimate.value, tables.share(lost)


def _rank(what: str, within: bool) -> Callable[[Findings], tuple[float, str]]:
    def figure(found: Findings) -> tuple[float, str]:
        one = next((one for one in found.ranked if (one.what, one.system) == (what, OURS)), None)
        estimate = None if one is None else one.within if within else one.overall
        return (np.nan, "·") if estimate is None else (estimate.value, tables.with_interval(estimate))

    return figure


def _six(found: Findings) -> tuple[float, str]:
    """Six-class accuracy."""
    right = sum(row.answers[row.label] for row in found.rows if row.label in row.answers)
    part = tables.Share(right, sum(row.photos for row in found.rows))
    return part.estimate.value, tables.with_interval(part.estimate)


GOALS = (
    Goal("falsepos_bokeh_highkey_lowkey", "good photos in To be Deleted: at most 2 %", 0.98, _kept),
    Goal("realblur_pairs", "blur, AUC: at least .985", 0.985, _auc("unsharp")),
    Goal("realblur_pairs", "blur, balanced accuracy: at least .95", 0.95, _accuracy("unsharp")),
    Goal("realblur_small_labelled", "shake or defocus, balanced accuracy: at least .80", 0.80,
         _accuracy("shake_or_defocus")),
    Goal("exposure_brackets", "exposure, Spearman within scenes: at least .95", 0.95, _rank("exposure", within=True)),
    Goal("exposure_brackets", "overexposed, balanced accuracy: at least .90", 0.90, _accuracy("overexposed")),
    Goal("exposure_brackets", "underexposed, balanced accuracy: at least .90", 0.90, _accuracy("underexposed")),
    Goal("exposure_brackets", "overexposed or underexposed, balanced accuracy: at least .90", 0.90,
         _accuracy("over_or_under")),
    Goal("biq2021_train_mos", "score, Spearman with people: at least .60", 0.60, _rank("score", within=False)),
    Goal(MADE, "flaws made by keepers, six-class accuracy: at least .98", 0.98, _six),
)  # fmt: skip


def goals(found: Mapping[str, Findings]) -> str:
    """Goals beside what was measured."""
    rows = []
    for goal in GOALS:
        if goal.dataset in found:
            value, text = goal.figure(found[goal.dataset])
            rows.append((goal.dataset, goal.words, text, "yes" if value >= goal.at_least else "**no**"))
    return tables.table(("photos", "goal", "measured", "reached"), rows)


def section(found: Findings) -> str:
    """All tables of one set, and its plots."""
    parts = [report.summary(found)]
    for heading, text in report.sections(found):
        parts += [f"**{heading}**", text]
    for name, title in (("roc", "ROC curves"), ("reliability", "Reliability")):
        if (HERE / found.name / f"{name}.png").is_file():
            parts.append(f"![{title}](accuracy/{found.name}/{name}.png)")
    return "\n\n".join(parts)


def readme(found: Mapping[str, Findings]) -> str:
    """The few figures that the README shows."""
    names = {
        MADE: "flaws made by keepers, scenes never seen",
        "realblur_pairs": "real blurred and sharp pairs",
        "falsepos_bokeh_highkey_lowkey": "good photos that look flawed: bokeh, high key, low key",
        "exposure_brackets": "real exposure brackets",
    }
    rows = []
    for name, title in names.items():
        if name in found:
            told = ours(found[name], "any")
            seen = "" if told is None or told.found is None else tables.share(told.found)
            rows.append((title, tables.share(found[name].lost[OURS]), seen))
    return tables.table(
        ("photos", "good photos lost to To be Deleted", "flawed photos found (Maybe or To be Deleted)"), rows
    )


def replaced(page: str, name: str, text: str) -> str:
    """The page with the block `name` replaced. Raises ValueError where there is no such block."""
    pattern = re.compile(rf"(<!-- measured {re.escape(name)} -->\n).*?(\n?<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no block <!-- measured {name} --> ... <!-- end -->")
    return pattern.sub(lambda found: f"{found.group(1)}\n{text}\n\n{found.group(2).lstrip()}", page, count=1)


def small_png(picture: Rgb, target: Path) -> None:
    """Plots have few colours; a palette makes them a quarter of the size."""
    target.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).quantize(48).save(target, optimize=True)


def run_words(arguments: Sequence[str], found: Mapping[str, Findings]) -> str:
    """With what, and where."""
    network = next(iter(found.values())).network
    processor = platform.processor() or platform.machine()
    return (
        f"keepers {__version__} with {network}; {platform.system()}, Python {platform.python_version()}, "
        f"{cpu_count()} cores ({processor}).\n\n```sh\nmake accuracy {' '.join(arguments)}\n```"
    )


def update(found: Mapping[str, Findings], arguments: Sequence[str]) -> None:
    """Write plots, the page and the README's table."""
    page = PAGE.read_text(encoding="utf-8")
    for name, one in found.items():
        for plot, draw in PLOTS.items():
            picture = draw(one)
            if picture is not None:
                small_png(picture, HERE / name / f"{plot}.png")
        page = replaced(page, name, section(one))
    page = replaced(replaced(page, "run", run_words(arguments, found)), "goals", goals(found))
    PAGE.write_text(page, encoding="utf-8")
    front = README.read_text(encoding="utf-8")
    README.write_text(replaced(front, "accuracy", readme(found)), encoding="utf-8")


def measure(folder: Path, made: Path | None, beside: Sequence[str], model: str | None = None) -> dict[str, Findings]:
    """Every set that is there, under its name here."""
    places = {name: folder / name for name in SETS if name != MADE and (folder / name).is_dir()}
    if made is not None:
        places = {MADE: made, **places}
    if not places:
        sys.exit(f"{folder} holds none of the sets: {', '.join(SETS[1:])}.")

    def tell(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            print(f"{done} of {total}", file=sys.stderr, flush=True)

    made_of = evaluate(list(places.values()), beside=beside, model=model, progress=tell)
    return {name: _named(one, name) for name, one in zip(places, made_of, strict=True)}


def _named(found: Findings, name: str) -> Findings:
    from dataclasses import replace

    return replace(found, name=name)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--made", type=Path)
    parser.add_argument("--beside", action="append", default=[])
    parser.add_argument("--model")
    options = parser.parse_args()
    found = measure(options.folder.expanduser(), options.made, options.beside, options.model)
    words = ["EVAL=eval", *(["MADE=flaws"] if options.made else [])]
    update(found, [*words, *(f"BESIDE={Path(network).name}" for network in options.beside)])
    print(f"{os.path.relpath(PAGE)} and {os.path.relpath(README)} rewritten")


if __name__ == "__main__":
    main()
