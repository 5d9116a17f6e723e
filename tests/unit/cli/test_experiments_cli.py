# ruff: noqa: E402 (torchvision must be mended before timm is asked for)
"""`keepers experiments`: a small study of tiny random networks from the first run to the report."""

import csv
import functools
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from keepers import cli

pytest.importorskip("torch", reason="the [train] extra is not installed")
pytest.importorskip("matplotlib", reason="the [train] extra is not installed")
from keepers.train.mend import mend_torchvision

mend_torchvision()
pytest.importorskip("timm", reason="the [train] extra is not installed")

from keepers.cli import experiments as room
from keepers.errors import UserError
from keepers.train import evaluate, experiments, loop, speed

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

STUDY = """
title = "Does the second half help?"
protocols = ["by-source"]
best_seeds = [0, 1]
[dataset]
sources = 0
variants = 1
[defaults]
backbone = "efficientnet_lite0"
hidden = [8]
epochs = 1
[[experiment]]
row = "frozen"
title = "only the head"
unfrozen = "head"
views = 2
original = 0.1
[[experiment]]
row = "half"
title = "the second half"
"""


def keepers(*arguments: object):
    return CliRunner().invoke(cli.build(), ["experiments", *map(str, arguments)])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "clean").mkdir()
    for number in range(12):
        coarse = np.random.default_rng(number).integers(0, 255, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((360, 270), Image.Resampling.NEAREST).save(folder / "clean" / f"{number}.png")
    (folder / "small.toml").write_text(STUDY)
    return folder


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny networks without weights, and no minute spent on timing them."""
    monkeypatch.setattr(experiments, "Options", functools.partial(experiments.Options, tiny=True))
    found = {"latency_ms": 1.5, "repeats": 1, "processor": "a processor", "runtime": "fp32 ONNX, 1 core"}
    monkeypatch.setattr(speed, "measure", lambda run: found)


@pytest.fixture(scope="module")
def study(world: Path):
    """The study after one run that failed in its second experiment, and a second run; with what both printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "Options", functools.partial(experiments.Options, tiny=True))
        patch.setattr(speed, "measure", lambda run: {"latency_ms": 1.5, "processor": "a processor", "runtime": "fp32"})
        for name in ("draw_curves", "draw_confusion", "draw_reliability"):
            patch.setattr(evaluate, name, lambda *_: None)
        train = loop.train

        def sometimes(config, run, *rest, **more):
            if "half" in run.name:
                raise UserError("The weights could not be fetched; go online.")
            return train(config, run, *rest, **more)

        line = ["run", world / "small.toml", "--out", world / "out"]
        patch.setattr(loop, "train", sometimes)
        first = keepers(*line, "--photos", world / "clean")
        failed = keepers("list", world / "out")
        patch.setattr(loop, "train", train)
        return world / "out", first, failed, keepers(*line)


def test_a_failed_run_is_told_of_and_does_not_stop_the_others(study) -> None:
    _, first, failed, _ = study
    assert first.exit_code == 1
    assert "efficientnet_lite0-half-0 failed: The weights could not be fetched" in first.stderr
    assert "tries again" in first.stderr
    assert "Best by validation, split by source: efficientnet_lite0-frozen" in first.stdout
    (line,) = [line for line in failed.stdout.splitlines() if "lite0-half" in line]
    assert "failed: The weights could not be fetched" in line
    assert sum("done, test" in line for line in failed.stdout.splitlines()) == 2


def test_the_same_command_goes_on_and_says_what_came_out(study) -> None:
    out, first, _, second = study
    assert second.exit_code == 0, second.output
    with (out / "experiments.csv").open(encoding="utf-8") as file:
        assert {row["precision"] for row in csv.DictReader(file)} <= {"fp32", "bf16"}
    header, *rows = second.stdout.splitlines()
    assert header.split()[:3] == ["split", "experiment", "original"]
    assert [line.split()[3] for line in rows[:2]] == ["efficientnet_lite0-frozen", "efficientnet_lite0-half"]
    assert "keepers export-model" in second.stdout and "keepers experiments report" in rows[-1]
    told = [line for line in first.stderr.splitlines() if ": epoch 1 of at most 1" in line]
    assert len(told) == 2
    assert "evaluating" not in first.stderr + second.stderr
    assert "lite0-frozen-0: epoch" not in second.stderr


def test_what_is_finished_is_not_run_again(study, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "train", lambda *_, **__: pytest.fail("trained again"))
    done = keepers("run", world / "small.toml", "--out", study[0], "--only", "efficientnet_lite0-half")
    assert done.exit_code == 0


def test_list_tells_the_state_of_every_run(study) -> None:
    out = study[0]
    rows = json.loads(keepers("list", out, "--json").stdout)
    assert {row["state"] for row in rows} == {"done"}
    assert {row["epochs"] for row in rows} == {1}
    assert all(0 <= row["accuracy"] <= 1 and Path(row["run"]).is_dir() for row in rows)


def test_a_run_that_was_stopped_is_listed_with_its_epochs(study, tmp_path: Path) -> None:
    run = json.loads(keepers("list", study[0], "--json").stdout)[0]["run"]
    copy = tmp_path / "small" / "by-source" / Path(run).name
    copy.mkdir(parents=True)
    for name in ("experiment.json", "config.json", "epochs.csv"):
        (copy / name).write_bytes((Path(run) / name).read_bytes())
    assert "begun, epochs so far: 1" in keepers("list", tmp_path).stdout
    none = keepers("best", tmp_path)
    assert none.exit_code == 2 and "No run" in none.stderr
    assert keepers("report", tmp_path).exit_code == 0


def test_best_is_chosen_by_validation_and_says_how_to_export_it(study) -> None:
    out = study[0]
    (best,) = json.loads(keepers("best", out, "--json").stdout)
    rows = json.loads(keepers("list", out, "--json").stdout)
    shared = {row["experiment"]: row["val_accuracy"] for row in rows if row["seed"] == 0}
    assert len(shared) == 2 and shared[best["experiment"]] == max(shared.values())
    assert len(best["seeds"]) == 2 and best["run"] in {seed["run"] for seed in best["seeds"]}
    assert best["accuracy_low"] <= best["accuracy"] <= best["accuracy_high"]
    text = keepers("best", out).stdout
    assert f"keepers export-model {best['run']}" in text and "seed 1" in text


def test_report_is_written_as_markdown_and_as_html(study, tmp_path: Path) -> None:
    out = study[0]
    both = keepers("report", out, "-o", tmp_path / "made", "--html", tmp_path / "study.html")
    assert both.exit_code == 0, both.output
    assert (tmp_path / "made" / "README.md").is_file() and "NOTES.md" in both.stdout
    assert (tmp_path / "study.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    (tmp_path / "made" / "README.md").write_text("mine")
    refused = keepers("report", out, "-o", tmp_path / "made")
    assert refused.exit_code == 2 and "README.md" in refused.stderr


def test_html_alone_writes_nothing_else(study, tmp_path: Path) -> None:
    assert keepers("report", study[0], "--html", tmp_path / "study.html").exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["study.html"]
    assert not (study[0] / "report").exists()


def test_without_runs_the_shipped_studies_are_listed(tmp_path: Path) -> None:
    text = keepers("list", tmp_path / "none").stdout
    assert "twelve: " in text and "resnet50-second-half" in text and "keepers experiments run" in text
    facts = {one["study"]: one for one in json.loads(keepers("list", tmp_path, "--json").stdout)}
    assert len(facts["twelve"]["experiments"]) == 12


@pytest.mark.parametrize("command", ["best", "report"])
def test_without_runs_there_is_nothing_to_say(command: str, tmp_path: Path) -> None:
    done = keepers(command, tmp_path)
    assert done.exit_code == 2 and "keepers experiments run" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "neither a file nor a shipped study"),
        (["twelve", "--instead", "resnet50"], "OLD=NEW"),
        (["twelve", "--instead", "resnet50=resnet5000"], "resnet5000"),
        (["twelve", "--only", "resnet50-dense-1"], "not built yet"),
    ],
)
def test_what_cannot_be_run_is_a_sentence(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = keepers("run", *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 2 and said in done.stderr


def test_a_terminal_keeps_one_bar_and_the_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.progress import Progress

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    bars: list[int] = []
    add = Progress.add_task

    def counted(self, *arguments, **more):
        added = add(self, *arguments, **more)
        bars.append(len(self.tasks))
        return added

    monkeypatch.setattr(Progress, "add_task", counted)
    with room._bars() as tell:
        for epoch in (1, 2):
            tell(f"random 1/2 [a]: epoch {epoch}", 32, 32, "loss 1")
            tell("random 1/2 [a]: evaluating", 8, 8, "")
            tell("random 1/2 [a]: validated", epoch, 4, "loss 0.5, accuracy 0.8")
    assert bars and max(bars) == 1
    assert "random 1/2 [a]: epoch 2 of at most 4, validation loss 0.5, accuracy 0.8" in capsys.readouterr().err
