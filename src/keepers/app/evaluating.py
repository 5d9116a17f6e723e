"""The verb `evaluate`: measure labelled photos as culling does, and say how right it was."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.app.measuring import Progress, Run
from keepers.errors import NothingToDo
from keepers.io.files import absolute
from keepers.settings import settings
from keepers.types import Opinion, PhotoFile, Report, Source

if TYPE_CHECKING:
    from keepers.evaluate.findings import Findings
    from keepers.evaluate.manifest import Dataset


def evaluate(
    datasets: Sequence[Path | str],
    *,
    model: Path | str | None = None,
    beside: Sequence[Path | str] = (),
    words: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Findings]:
    """How right keepers is on photos that somebody has labelled. Nothing is stored, and nothing is tuned.

    Photos that are missing or cannot be read are among the answers with an error, and count in no figure.

    Args:
        datasets: folders with a manifest, or CSV files; see `keepers.evaluate.manifest.read`.
        model: the network to measure; default the packaged one.
        beside: further networks for whole photos, each alone on the same photos ("none" for no network).
        words: label -> a flaw, "good" or "ignore".
        columns: what a column holds -> its name.
        progress: called after every photo and network with how many are done and how many there are.

    Raises:
        NotFound, UserError: as `manifest.read`.
        NothingToDo: not one photo of a dataset could be read.
        ModelError: a network's file is missing or damaged.
    """
    from keepers.evaluate import manifest

    sets = [manifest.read(Path(dataset).expanduser(), words, columns) for dataset in datasets]
    runs = [Run(settings(model=network, workers=workers)).prepare() for network in (model, *beside)]
    paths = list(dict.fromkeys(absolute(item.path) for one in sets for item in one.items))
    tell, total = progress or (lambda done, of: None), len(paths) * len(runs)
    count = itertools.count(1)
    measured = [_opinions(run, paths, run is runs[0], lambda: tell(next(count), total)) for run in runs]
    names = _names([*measured], [str(network) for network in beside])
    own_names = _apart([one.name for one in sets])
    return [_findings(one, name, measured, names) for one, name in zip(sets, own_names, strict=True)]


def _opinions(run: Run, paths: Sequence[Path], baselines: bool, tell: Callable[[], None]) -> dict[Path, Opinion]:
    """The opinion on every path; the first run measures the baselines as well, the others their network alone."""
    from keepers.evaluate import baselines as plain
    from keepers.pipeline import executors, score

    every = {path: _missing_or_source(path) for path in paths}
    there = [one for one in every.values() if isinstance(one, Source)]
    network = run.network if baselines else replace(run.network, alone=True)
    build = partial(plain.build_scorer if baselines else score.build_scorer, network)
    reports = executors.child(there, build, threads=run.settings.workers)
    found = {path: one for path, one in every.items() if isinstance(one, Report)}
    for _ in found:
        tell()
    for report in reports:
        found[report.source.path] = report
        tell()
    # Each alone: a better frame of the same scene would decide for many photos here, and hardly ever in a shoot.
    return {path: run.opinions([found[path]])[0] for path in paths}


def _missing_or_source(path: Path) -> Source | Report:
    """The very file that the manifest names, and not the JPEG beside a RAW."""
    try:
        facts = path.stat()
    except OSError:
        return Report(Source(path, ()), error=f"{path.name} is not there; check its name in the manifest.")
    return Source(path, (PhotoFile(path, "image", facts.st_size, facts.st_mtime_ns),))


def _names(measured: Sequence[Mapping[Path, Opinion]], beside: Sequence[str]) -> list[str]:
    """What the networks are called; two of one name are told apart by their files."""
    models = [next((o.report.model for o in run.values() if o.report.model), None) or "no network" for run in measured]
    return [
        name if models.count(name) == 1 else f"{name} ({Path(file).name})"
        for name, file in zip(models, ["", *beside], strict=True)
    ]


def _apart(names: Sequence[str]) -> list[str]:
    """Names of datasets, numbered where two folders are called the same."""
    return [name if names.count(name) == 1 else f"{name} {names[:i].count(name) + 1}" for i, name in enumerate(names)]


def _findings(
    dataset: Dataset, name: str, measured: Sequence[Mapping[Path, Opinion]], names: Sequence[str]
) -> Findings:
    from keepers.evaluate.findings import Answer, find

    answers = []
    for item in dataset.items:
        main, *others = (run[absolute(item.path)] for run in measured)
        beside = {net: one.verdict for net, one in zip(names[1:], others, strict=True) if one.verdict is not None}
        answers.append(Answer(item, main.verdict, main.report.error, beside, main.report.measurements))
    if all(answer.verdict is None for answer in answers):
        raise NothingToDo(
            f"Not one photo that {dataset.manifest} names could be read; the first: {answers[0].error} "
            "Paths in it are relative to its folder."
        )
    return find(name, answers, names[0], dataset.left_out, dataset.unknown)
