"""Running a study, and collecting what came out.

    OUT/STUDY/data/PROTOCOL      the dataset, built once with each split protocol
    OUT/STUDY/PROTOCOL/ROW-SEED  a run folder each, with experiment.json beside what `keepers train` leaves
    OUT/features                 kept features of frozen bodies; may be deleted
    OUT/experiments.csv          a line a run
"""

import csv
import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keepers.dataset import build as maker
from keepers.errors import KeepersError, NotFound, NothingToDo, Refused, UserError
from keepers.io.files import replacing
from keepers.train import config as configs
from keepers.train import loop, speed
from keepers.train.backbones import BACKBONES
from keepers.train.config import Config
from keepers.train.study import Experiment, Study

COLUMNS = (
    "study", "protocol", "experiment", "title", "seed", "state", "backbone", "original", "epochs", "best_epoch",
    "train_accuracy", "val_accuracy", "val_loss", "accuracy", "accuracy_low", "accuracy_high",
    "originals_called_flawed", "ece", "ece_scaled", "temperature", "parameters", "learned", "fp32_bytes", "latency_ms",
    "seconds", "photos", "device", "precision", "run",
)  # fmt: skip
Progress = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class Options:
    """What the machine adds to a study: where photos and weights lie, and where results go.

    photos: clean photos, needed until the datasets are built. weights: a folder of .safetensors named after the
    backbones; without it timm's hub is asked. only: names of experiments, empty for all.
    """

    out: Path
    photos: Path | None = None
    weights: Path | None = None
    only: tuple[str, ...] = ()
    tiny: bool = False


@dataclass(frozen=True)
class Job:
    """One run of a study."""

    study: Study
    experiment: Experiment
    protocol: str
    seed: int
    run: Path

    @property
    def finished(self) -> bool:
        """Whether its test.json is there, which is written last."""
        return (self.run / "test.json").is_file()


@dataclass(frozen=True)
class Result:
    """A run folder of a study: `facts` are the columns of experiments.csv, `state` "done", "begun" or "failed"."""

    run: Path
    state: str
    facts: dict[str, Any]


def jobs(study: Study, options: Options, protocol: str, seeds: Iterable[int]) -> list[Job]:
    """The runs of one protocol, in the order of the study.

    Raises:
        UserError: if `only` names no experiment of the study.
    """
    names = [row.name for row in study.experiments]
    unknown = [name for name in options.only if name not in names]
    if unknown:
        raise UserError(f"{study.name} has no experiment {', '.join(unknown)}; it has: {', '.join(names)}.")
    folder = options.out / study.name / protocol
    return [
        Job(study, row, protocol, seed, folder / f"{row.name}-{seed}")
        for row in study.experiments
        for seed in seeds
        if not options.only or row.name in options.only
    ]


def data(study: Study, options: Options, protocol: str, progress: Progress | None = None) -> Path:
    """The dataset of a protocol, built if it is not there.

    Raises:
        NotFound: if it has to be built and no photos are named. Refused: if the one there was built otherwise.
    """
    folder = options.out / study.name / "data" / protocol
    wanted = dataclasses.replace(study.dataset, protocol=protocol)
    if (folder / "dataset.json").is_file():
        there = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
        differ = [key for key, value in asdict(wanted).items() if there.get(key) != value]
        if differ:
            raise Refused(f"{folder} was built with another {', '.join(differ)}; choose another folder with --out.")
        return folder
    if options.photos is None:
        raise NotFound(f"{folder} is not built yet; name a folder of clean photos with --photos.")

    def tell(stage: str, done: int, total: int) -> None:
        if progress:
            progress(f"{protocol}: {stage}", done, total, "")

    maker.build(options.photos, folder, wanted, progress=tell)
    return folder


def weights_of(backbone: str, folder: Path | None) -> dict[str, str]:
    """The settings that name a local weight file: the one in `folder` that bears the name of timm's architecture.

    Raises:
        NotFound: if there is a folder, and none or several fit.
    """
    if folder is None:
        return {}
    entry = BACKBONES[backbone]
    stem = entry.model.partition(".")[0]
    fitting = sorted(path for path in folder.glob("*.safetensors") if path.name.startswith((f"{stem}_", f"{stem}.")))
    if len(fitting) != 1:
        found = ", ".join(path.name for path in fitting) or "none"
        raise NotFound(f"{folder} should hold one {stem}_*.safetensors for {backbone}, and holds {found}.")
    return {"weights": str(fitting[0].resolve()), "variant": entry.variant_of(fitting[0])}


def _write_job(job: Job, **more: str) -> None:
    facts = {
        "study": job.study.name,
        "question": job.study.title,
        "experiment": job.experiment.name,
        "title": job.experiment.title,
        "original": job.experiment.original,
        "protocol": job.protocol,
        "seed": job.seed,
        "place": job.study.experiments.index(job.experiment),
    }
    job.run.mkdir(parents=True, exist_ok=True)
    with replacing(job.run / "experiment.json") as partial:
        partial.write_text(json.dumps(facts | more, indent=2) + "\n", encoding="utf-8")


def _config(job: Job, dataset: Path, options: Options) -> Config:
    weights = {} if options.tiny else weights_of(job.experiment.backbone, options.weights)
    more: dict[str, Any] = {**weights, "tiny": options.tiny, "pretrained": not options.tiny}
    return job.experiment.config(dataset.resolve(), job.seed, **more)


def run_job(job: Job, dataset: Path, options: Options, progress: Progress | None = None) -> None:
    """Train one run to its end, going on where it stopped. A finished run keeps its best weights alone."""
    config = _config(job, dataset, options)
    _write_job(job)
    loop.train(config, job.run, progress, features=options.out / "features")
    (job.run / "last.pt").unlink(missing_ok=True)


def run(study: Study, options: Options, progress: Progress | None = None) -> list[Result]:
    """Run what is not finished: every experiment with every seed, then the best of each protocol with more seeds.

    One that fails is told of in its experiment.json and does not stop the others.

    Raises:
        KeepersError: if photos, weights or a dataset are missing.
    """
    for protocol in study.protocols:
        dataset = data(study, options, protocol, progress)
        first = jobs(study, options, protocol, study.seeds)
        for job in first:
            configs.refuse_another(job.run, _config(job, dataset, options))
        _run_all(first, dataset, options, progress)
        chosen = best(result for result in collect(options.out) if _belongs(result, study, protocol))
        if chosen is not None and not options.only:
            again = dataclasses.replace(options, only=(chosen[0],))
            _run_all(jobs(study, again, protocol, study.best_seeds), dataset, options, progress)
    speed.measure_all([result.run for result in collect(options.out) if result.state == "done"], progress)
    write_csv(options.out)
    return collect(options.out)


def _belongs(result: Result, study: Study, protocol: str) -> bool:
    """Whether it is a run of this protocol, and of a row that the study holds today."""
    told = (result.facts["study"], result.facts["protocol"])
    return told == (study.name, protocol) and result.facts["experiment"] in {row.name for row in study.experiments}


def _run_all(todo: Sequence[Job], dataset: Path, options: Options, progress: Progress | None) -> None:
    for number, job in enumerate(todo, start=1):
        if job.finished:
            continue

        def tell(stage: str, done: int, total: int, note: str, job: Job = job, number: int = number) -> None:
            if progress:
                progress(f"{job.protocol} {number}/{len(todo)} {job.run.name}: {stage}", done, total, note)

        try:
            run_job(job, dataset, options, tell)
        except KeepersError as error:
            _write_job(job, error=str(error))
            tell("failed", 1, 1, str(error))
        write_csv(options.out)


def read_result(run_folder: Path) -> Result:
    """One run folder of a study, whatever its state."""
    facts = json.loads((run_folder / "experiment.json").read_text(encoding="utf-8"))
    state = "failed" if "error" in facts else "begun"
    for name in ("test.json", "speed.json"):
        if (run_folder / name).is_file():
            facts |= json.loads((run_folder / name).read_text(encoding="utf-8"))
    # Last: test.json has a precision as well, that of each class.
    if (run_folder / "config.json").is_file():
        config = configs.facts_of(run_folder)
        facts |= {key: config[key] for key in ("device", "precision")} | {"backbone": config["config"]["backbone"]}
    if "accuracy" in facts:
        state = "done"
        facts["accuracy_low"], facts["accuracy_high"] = facts["accuracy_95"]
    return Result(run_folder, state, facts | {"state": state})


def collect(out: Path) -> list[Result]:
    """All runs of all studies in a folder, in the order of their studies.

    Raises:
        NothingToDo: if there are none.
    """
    found = [read_result(path.parent) for path in out.glob("*/*/*/experiment.json")]
    if not found:
        raise NothingToDo(f"{out} holds no experiment yet; run some with `keepers experiments run STUDY --out {out}`.")
    return sorted(found, key=lambda result: [result.facts[key] for key in ("study", "protocol", "place", "seed")])


def write_csv(out: Path) -> Path:
    """Write OUT/experiments.csv: a line a run."""
    with (
        replacing(out / "experiments.csv") as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", restval="", lineterminator="\n")
        writer.writeheader()
        for result in collect(out):
            writer.writerow(result.facts | {"run": result.run.relative_to(out).as_posix()})
    return out / "experiments.csv"


def best(results: Iterable[Result]) -> tuple[str, list[Result]] | None:
    """The experiment with the highest validation accuracy, the lower loss deciding a tie, and its runs.

    Means over the seeds that all of them ran: further seeds of a leader must not let it fall behind a row that was
    lucky once. The test split has no say.
    """
    groups: dict[str, list[Result]] = {}
    for result in results:
        if result.state == "done":
            groups.setdefault(str(result.facts["experiment"]), []).append(result)
    if not groups:
        return None

    shared = set.intersection(*({run.facts["seed"] for run in runs} for runs in groups.values()))

    def merit(name: str) -> tuple[float, float]:
        own = [run.facts for run in groups[name] if not shared or run.facts["seed"] in shared]
        return (sum(f["val_accuracy"] for f in own) / len(own), -sum(f["val_loss"] for f in own) / len(own))

    name = max(groups, key=merit)
    return name, groups[name]
