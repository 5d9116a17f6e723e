"""Running a study: everything once, resumed after a kill, judged by validation."""

import csv
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
import torch

from keepers.dataset import build as maker
from keepers.errors import NotFound, NothingToDo, Refused, UserError
from keepers.train import config as configs
from keepers.train import experiments, loop, speed
from keepers.train.backbones import BACKBONES
from keepers.train.experiments import Options, Result
from keepers.train.study import Study, parse

pytestmark = pytest.mark.usefixtures("small")
PROTOCOLS = ("by-source", "random")
TWO_ROWS = """
best_seeds = [0, 1]

[dataset]
sources = 0
variants = 1

[defaults]
backbone = "resnet50"
hidden = [8]
batch = 16
epochs = 2
learning_rate = 1e-3

[[experiment]]
row = "kept"
unfrozen = "head"
views = 1
original = 0.5

[[experiment]]
row = "second-half"
"""
"""Two rows of the same architecture, so that it is exported and timed once."""


def two_rows(**changes: Any) -> Study:
    return dataclasses.replace(parse(TWO_ROWS, "two"), **changes)


def with_setting(study: Study, row: int, **settings: Any) -> Study:
    rows = list(study.experiments)
    rows[row] = dataclasses.replace(rows[row], settings={**rows[row].settings, **settings})
    return dataclasses.replace(study, experiments=tuple(rows))


@pytest.fixture(scope="module")
def done(clean: Path, small: None, tmp_path_factory: pytest.TempPathFactory) -> Options:
    """A study that was run to its end."""
    options = Options(tmp_path_factory.mktemp("study"), photos=clean, tiny=True)
    experiments.run(two_rows(), options)
    return options


def of(results: list[Result], protocol: str) -> list[Result]:
    return [result for result in results if result.facts["protocol"] == protocol]


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is to be built, trained or timed from here on."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("done already")

    for module, name in ((loop, "train"), (maker, "build"), (speed, "measure")):
        monkeypatch.setattr(module, name, never)


def test_every_row_runs_with_every_protocol(done: Options) -> None:
    results = experiments.collect(done.out)
    assert {result.state for result in results} == {"done"}
    for protocol in PROTOCOLS:
        first = [result.facts["experiment"] for result in of(results, protocol) if result.facts["seed"] == 0]
        assert first == ["resnet50-kept", "resnet50-second-half"]
    for result in results:
        facts = result.facts
        assert result.run == done.out / "two" / facts["protocol"] / f"{facts['experiment']}-{facts['seed']}"
        assert 0 <= facts["accuracy_low"] <= facts["accuracy"] <= facts["accuracy_high"] <= 1
        assert facts["latency_ms"] > 0
        assert facts["learned"] < facts["parameters"]
    assert {result.facts["original"] for result in results} == {0.5, None}


def test_only_the_best_by_validation_gets_more_seeds(done: Options) -> None:
    for protocol in PROTOCOLS:
        results = of(experiments.collect(done.out), protocol)
        more = {result.facts["experiment"] for result in results if result.facts["seed"] != 0}
        rows = [result.facts for result in results if result.facts["seed"] == 0]
        leader = max(rows, key=lambda facts: (facts["val_accuracy"], -facts["val_loss"]))
        assert more == {leader["experiment"]}
        chosen = experiments.best(results)
        assert chosen is not None
        assert chosen[0] == leader["experiment"]
        assert [result.facts["seed"] for result in chosen[1]] == [0, 1]


def test_a_finished_run_holds_what_a_report_needs_and_no_checkpoint_to_resume(done: Options) -> None:
    wanted = {"experiment.json", "config.json", "epochs.csv", "best.pt", "test.json", "speed.json", "confusion.csv",
              "predictions.csv", "curves.png", "confusion.png", "reliability.png"}  # fmt: skip
    for result in experiments.collect(done.out):
        assert {path.name for path in result.run.iterdir()} == wanted


def test_the_table_has_a_line_a_run(done: Options) -> None:
    results = experiments.collect(done.out)
    with (done.out / "experiments.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["run"] for row in rows] == [result.run.relative_to(done.out).as_posix() for result in results]
    for row, result in zip(rows, results, strict=True):
        assert tuple(row) == experiments.COLUMNS
        assert not [key for key, value in row.items() if not value and key not in ("original",)]
        assert float(row["accuracy"]) == result.facts["accuracy"]
        assert (row["protocol"], row["experiment"]) == (result.facts["protocol"], result.facts["experiment"])


def test_both_protocols_hold_the_same_photos(done: Options) -> None:
    one, other = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.jpg")}
        for folder in (done.out / "two" / "data" / protocol for protocol in PROTOCOLS)
    )
    assert one == other


def test_one_architecture_is_timed_once_and_all_of_it_in_one_sitting(
    done: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = experiments.collect(done.out)
    assert len({(result.run / "speed.json").read_text() for result in results}) == 1
    timed = []

    def measure(run: Path) -> dict[str, Any]:
        timed.append(speed.architecture(run))
        return {"latency_ms": float(len(timed))}

    monkeypatch.setattr(speed, "measure", measure)
    runs = []
    for name, hidden in (("a", [8]), ("b", [8]), ("c", [8, 8])):
        runs.append(tmp_path / name)
        runs[-1].mkdir()
        facts = json.loads((results[0].run / "config.json").read_text())
        facts["config"] |= {"hidden": hidden, "dropout": len(runs) / 10}
        (runs[-1] / "config.json").write_text(json.dumps(facts))
    speed.measure_all(runs[:1])
    assert len(timed) == 1
    speed.measure_all(runs)
    assert len(timed) == 3
    speed.measure_all(runs)
    assert len(timed) == 3
    one, two, three = (json.loads((run / "speed.json").read_text())["latency_ms"] for run in runs)
    assert one == two != three


def moments(out: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.suffix != ".csv"}


def test_nothing_is_done_twice(done: Options, idle: None) -> None:
    before = moments(done.out)
    results = experiments.run(two_rows(), dataclasses.replace(done, photos=None))
    assert [result.run for result in results] == [result.run for result in experiments.collect(done.out)]
    assert moments(done.out) == before


@pytest.mark.parametrize(("row", "key", "value"), [(0, "dropout", 0.7), (1, "learning_rate", 0.5), (1, "hidden", (9,))])
def test_another_setting_is_refused_before_anything_runs(
    row: int, key: str, value: Any, done: Options, idle: None
) -> None:
    before = moments(done.out)
    with pytest.raises(Refused, match=key):
        experiments.run(with_setting(two_rows(), row, **{key: value}), done)
    assert moments(done.out) == before


def test_another_dataset_is_refused(done: Options, idle: None) -> None:
    study = two_rows(dataset=dataclasses.replace(two_rows().dataset, seed=7))
    with pytest.raises(Refused, match="seed"):
        experiments.run(study, done)


def test_a_killed_run_goes_on_and_ends_alike(done: Options, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def die(stage: str, *_: Any) -> None:
        if stage.endswith("second-half-0: epoch 2"):
            raise Killed

    study, options = two_rows(protocols=("by-source",), best_seeds=(0,)), dataclasses.replace(done, out=tmp_path)
    dataset = done.out / "two" / "data" / "by-source"
    (tmp_path / "two" / "data").mkdir(parents=True)
    (tmp_path / "two" / "data" / "by-source").symlink_to(dataset, target_is_directory=True)
    with pytest.raises(Killed):
        experiments.run(study, options, die)
    kept, second = (tmp_path / "two" / "by-source" / f"resnet50-{row}-0" for row in ("kept", "second-half"))
    assert experiments.read_result(kept).state == "done"
    assert experiments.read_result(second).state == "begun"
    finished = moments(kept)
    experiments.run_job(experiments.jobs(study, options, "by-source", (0,))[1], dataset, options)
    assert moments(kept) == finished
    for run in (kept, second):
        mine, usual = loop.best_weights(run), loop.best_weights(done.out / run.relative_to(tmp_path))
        assert all(torch.allclose(mine[key], usual[key], atol=1e-5) for key in usual)
        facts = [experiments.read_result(folder).facts for folder in (run, done.out / run.relative_to(tmp_path))]
        assert facts[0]["confusion"] == facts[1]["confusion"]


# From here on networks are not trained: results are written as they are needed.


class Trained:
    """Stands in for `loop.train`: writes what validation and test are said to have given, and notes who was trained."""

    def __init__(self, said: Callable[[str], dict[str, Any]]) -> None:
        self.said, self.runs = said, []

    def __call__(self, config: configs.Config, run: Path, *_: Any, **__: Any) -> None:
        self.runs.append(run.name)
        usual = {"val_accuracy": 0.5, "val_loss": 1.0, "accuracy": 0.5, "accuracy_95": [0.4, 0.6]}
        (run / "test.json").write_text(json.dumps(usual | self.said(run.name)))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch, dataset: Path) -> Iterator[Callable[..., Trained]]:
    """A function that puts a pretended training in place of the real one."""

    def make(said: Callable[[str], dict[str, Any]]) -> Trained:
        trained = Trained(said)
        monkeypatch.setattr(loop, "train", trained)
        return trained

    monkeypatch.setattr(experiments, "data", lambda *_: dataset)
    monkeypatch.setattr(speed, "measure_all", lambda *_: None)
    yield make


def said(**accuracies: float) -> Callable[[str], dict[str, Any]]:
    """Validation accuracies by the end of a run's name; the test says the contrary."""

    def tell(run: str) -> dict[str, Any]:
        value = next(v for k, v in accuracies.items() if run.endswith(k.replace("_", "-")))
        return {"val_accuracy": value, "accuracy": 1 - value}

    return tell


ONE = ("by-source",)


def test_the_best_follows_validation_whatever_the_test_says(pretend: Callable[..., Trained], tmp_path: Path) -> None:
    trained = pretend(said(kept_0=0.9, kept_1=0.9, half_0=0.8, half_1=0.8))
    experiments.run(two_rows(protocols=ONE), Options(tmp_path, tiny=True))
    assert trained.runs == ["resnet50-kept-0", "resnet50-second-half-0", "resnet50-kept-1"]
    chosen = experiments.best(experiments.collect(tmp_path))
    assert chosen is not None
    assert chosen[0] == "resnet50-kept"
    assert [result.facts["accuracy"] for result in chosen[1]] == [pytest.approx(0.1)] * 2


def test_more_seeds_of_the_leader_do_not_change_who_leads(pretend: Callable[..., Trained], tmp_path: Path) -> None:
    # With its second seed the leader's mean falls below the single run of the other.
    trained = pretend(said(kept_0=0.9, kept_1=0.6, half_0=0.8, half_1=0.8))
    study, options = two_rows(protocols=ONE), Options(tmp_path, tiny=True)
    experiments.run(study, options)
    once = list(trained.runs)
    experiments.run(study, options)
    assert trained.runs == once
    chosen = experiments.best(experiments.collect(tmp_path))
    assert chosen is not None
    assert chosen[0] == "resnet50-kept"


def test_of_two_equals_the_one_with_the_lower_loss_is_the_best() -> None:
    def result(name: str, loss: float, state: str = "done", accuracy: float = 0.9) -> Result:
        facts = {"experiment": name, "seed": 0, "val_accuracy": accuracy, "val_loss": loss, "accuracy": loss}
        return Result(Path(name), state, facts)

    results = [result("a", 0.3), result("b", 0.1), result("c", 0.2), result("d", 0.0, "begun", 1.0)]
    chosen = experiments.best(results)
    assert chosen is not None
    assert chosen[0] == "b"
    assert experiments.best([]) is None
    assert experiments.best(results[-1:]) is None


def test_rows_of_another_backbone_in_the_same_folder_are_left_alone(
    pretend: Callable[..., Trained], tmp_path: Path
) -> None:
    pretend(said(kept_0=0.9, kept_1=0.9, half_0=0.8))
    study, options = two_rows(protocols=ONE), Options(tmp_path, tiny=True)
    experiments.run(study, options)
    trained = pretend(said(kept_0=0.5, half_0=0.6, half_1=0.6))
    results = experiments.run(study.instead({"resnet50": "vgg16"}), options)
    assert trained.runs == ["vgg16-kept-0", "vgg16-second-half-0", "vgg16-second-half-1"]
    assert len(results) == 6


def test_one_that_fails_is_told_of_and_does_not_stop_the_others(
    pretend: Callable[..., Trained], tmp_path: Path
) -> None:
    def fails(run: str) -> dict[str, Any]:
        if "kept" in run:
            raise UserError("The weights could not be fetched.")
        return {}

    told = []
    pretend(fails)
    study, options = two_rows(protocols=ONE), Options(tmp_path, tiny=True)
    results = experiments.run(study, options, lambda *event: told.append(event))
    assert [(result.facts["experiment"], result.state) for result in results] == [
        ("resnet50-kept", "failed"),
        ("resnet50-second-half", "done"),
        ("resnet50-second-half", "done"),
    ]
    assert results[0].facts["error"] == "The weights could not be fetched."
    assert any(stage.endswith("failed") and "fetched" in note for stage, _, _, note in told)
    with (tmp_path / "experiments.csv").open() as file:
        assert [row["state"] for row in csv.DictReader(file)] == ["failed", "done", "done"]
    trained = pretend(said(kept_0=0.4))
    results = experiments.run(study, options)
    assert trained.runs == ["resnet50-kept-0"]
    assert {result.state for result in results} == {"done"}
    assert "error" not in results[0].facts


def test_a_run_that_diverges_fails_alone(done: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "data", lambda *_: done.out / "two" / "data" / "by-source")
    study = with_setting(two_rows(protocols=ONE), 1, learning_rate=1e30, patience=1)
    study = dataclasses.replace(study, experiments=study.experiments[1:])
    (result,) = experiments.run(study, dataclasses.replace(done, out=tmp_path))
    assert result.state == "failed"
    assert "diverged" in result.facts["error"]


def test_only_some_may_run_and_get_no_more_seeds(pretend: Callable[..., Trained], tmp_path: Path) -> None:
    trained = pretend(lambda run: {})
    options = Options(tmp_path, only=("resnet50-second-half",), tiny=True)
    experiments.run(two_rows(protocols=ONE), options)
    assert trained.runs == ["resnet50-second-half-0"]
    with pytest.raises(UserError, match=r"no experiment resnet51.*resnet50-kept"):
        experiments.run(two_rows(), dataclasses.replace(options, only=("resnet51",)))


def test_runs_come_in_the_order_of_the_study(tmp_path: Path) -> None:
    found = experiments.jobs(two_rows(), Options(tmp_path), "random", (4, 2))
    assert [job.run.name for job in found] == [
        f"resnet50-{row}-{seed}" for row in ("kept", "second-half") for seed in (4, 2)
    ]
    assert not any(job.finished for job in found)
    found[1].run.mkdir(parents=True)
    (found[1].run / "test.json").write_text("{}")
    assert [job.finished for job in found] == [False, True, False, False]


def test_without_photos_a_dataset_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="--photos"):
        experiments.run(two_rows(), Options(tmp_path, tiny=True))


def test_a_folder_without_experiments_says_how_to_run_some(tmp_path: Path) -> None:
    with pytest.raises(NothingToDo, match="keepers experiments run"):
        experiments.collect(tmp_path)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_a_weight_file_is_found_by_the_name_of_its_architecture(name: str, tmp_path: Path) -> None:
    stem = BACKBONES[name].model.partition(".")[0]
    for other in {entry.model.partition(".")[0] for entry in BACKBONES.values()} - {stem}:
        (tmp_path / f"{other}_notop.safetensors").touch()
    (tmp_path / f"{stem}0.safetensors").touch()
    assert experiments.weights_of(name, None) == {}
    with pytest.raises(NotFound, match=f"{stem}_.*none"):
        experiments.weights_of(name, tmp_path)
    right = tmp_path / f"{stem}_notop.safetensors"
    right.touch()
    assert experiments.weights_of(name, tmp_path) == {"weights": str(right.resolve()), "variant": ""}
    (tmp_path / f"{stem}.safetensors").touch()
    with pytest.raises(NotFound, match=r"notop\.safetensors"):
        experiments.weights_of(name, tmp_path)


@pytest.mark.parametrize("variant", BACKBONES["resnet50"].variants)
def test_a_weight_files_name_tells_its_variant(variant: str, tmp_path: Path) -> None:
    (tmp_path / f"resnet50_{variant}_notop.safetensors").touch()
    assert experiments.weights_of("resnet50", tmp_path)["variant"] == variant
