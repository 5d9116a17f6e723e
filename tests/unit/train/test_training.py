"""Training, resuming and exporting with a tiny random network: minutes become seconds, the code is the same."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
import torch

from keepers.errors import ModelError, NotFound, Refused, UserError
from keepers.train import config as configs
from keepers.train import data, export, loop
from keepers.train.backbones import BACKBONES
from keepers.train.config import Config
from keepers.types import LABELS

Tiny = Callable[..., Config]
pytestmark = pytest.mark.usefixtures("small", "run", "undrawn")


@pytest.fixture(scope="module")
def run(tiny: Tiny, small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    loop.train(tiny(learning_rate=1e-3), folder)
    return folder


@pytest.fixture(scope="module")
def exported(run: Path) -> export.Exported:
    """The run as fp32 ONNX: made once, because torch's exporter is what takes the time."""
    return export.export(run, run.parent / "exported.onnx", precision="fp32")


class Killed(BaseException):
    """What no `except Exception` catches, like a kill."""


def table(run: Path) -> list[dict[str, str]]:
    """epochs.csv without the time, which no two runs share."""
    with (run / "epochs.csv").open() as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def result(run: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((run / "test.json").read_text())
    del facts["seconds"]
    return facts


def test_a_run_leaves_everything_one_needs(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    wanted = {"config.json", "epochs.csv", "last.pt", "best.pt", "test.json", "confusion.csv", "predictions.csv"}
    assert wanted | {"curves.png", "confusion.png", "reliability.png"} <= names
    assert [row["epoch"] for row in table(run)] == ["1", "2"]
    found = result(run)
    assert found["photos"] == int(np.sum(found["confusion"]))
    low, high = found["accuracy_95"]
    assert low <= found["accuracy"] <= high


def test_the_best_epoch_is_the_one_with_the_lowest_validation_loss(run: Path) -> None:
    rows = table(run)
    best = min(rows, key=lambda row: float(row["val_loss"]))
    found = result(run)
    assert found["best_epoch"] == int(best["epoch"])
    assert found["val_accuracy"] == float(best["val_accuracy"])
    assert torch.load(run / "best.pt", weights_only=True)["epoch"] == found["best_epoch"]


def assert_same_run(one: Path, other: Path) -> None:
    states = [torch.load(folder / "last.pt", weights_only=True) for folder in (one, other)]
    for part in states[0].keys() & {"net", "ema"}:
        first, second = (state[part] for state in states)
        assert first.keys() == second.keys()
        assert all(torch.allclose(first[key], second[key], atol=1e-5) for key in first)
    assert table(one) == table(other)
    assert result(one) == result(other)


MODERN = {"unfrozen": "all", "optimizer": "adamw", "weight_decay": 0.01, "warmup": 0.5, "decay": 0.5}
RECIPES: dict[str, dict[str, Any]] = {
    "as the study": {"unfrozen": "second-half", "schedule": "constant"},
    "modern": {**MODERN, "smoothing": 0.1, "mixup": 0.4, "ema": 0.5},
    "kept features": {"unfrozen": "head", "views": 2},
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_resuming_equals_training_in_one_go(recipe: str, tiny: Tiny, tmp_path: Path) -> None:
    config = tiny(learning_rate=1e-3, **RECIPES[recipe])
    loop.train(config, tmp_path / "whole")

    def die(stage: str, done: int, total: int, note: str) -> None:
        if stage == "epoch 2":
            raise Killed

    with pytest.raises(Killed):
        loop.train(config, tmp_path / "halves", die)
    loop.train(config, tmp_path / "halves")
    assert_same_run(tmp_path / "whole", tmp_path / "halves")


@pytest.mark.parametrize("epoch", [1, 2])
@pytest.mark.parametrize("step", ["_append", "_keep"], ids=["before the table", "before the checkpoint"])
def test_a_kill_between_two_files_changes_nothing(
    step: str, epoch: int, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, calls = getattr(loop, step), []

    def die(*args: Any) -> None:
        calls.append(args)
        if len(calls) == epoch:
            raise Killed
        usual(*args)

    config = configs.read(run)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(loop, step, die)
        loop.train(config, tmp_path)
    loop.train(config, tmp_path)
    assert_same_run(run, tmp_path)


@pytest.mark.parametrize("name", ["config.json", "test.json"])
def test_a_kill_while_a_file_is_written_leaves_no_half(
    name: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Path.write_text

    def half(self: Path, text: str, **more: Any) -> int:
        if not self.name.startswith(name):
            return usual(self, text, **more)
        usual(self, text[: len(text) // 2], **more)
        raise Killed

    config = configs.read(run)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "write_text", half)
        loop.train(config, tmp_path)
    assert not (tmp_path / name).exists()
    loop.train(config, tmp_path)
    assert_same_run(run, tmp_path)


def test_a_run_of_other_settings_is_not_resumed(run: Path, tiny: Tiny) -> None:
    with pytest.raises(Refused, match="learning_rate"):
        loop.train(tiny(learning_rate=0.5), run)


def test_a_run_that_diverges_from_the_start_is_a_sentence(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="learning rate"):
        loop.train(tiny(learning_rate=1e30, patience=1), tmp_path / "wild")


@pytest.mark.parametrize("name", list(BACKBONES))
def test_every_backbone_trains_exports_and_agrees(
    name: str, run: Path, exported: export.Exported, tiny: Tiny, tmp_path: Path
) -> None:
    done = exported
    if name != configs.read(run).backbone:
        head = {"pooling": "flatten", "extra_conv": 4} if name == "vgg16" else {}  # as the study has them
        loop.train(tiny(backbone=name, epochs=1, **head), tmp_path / "run")
        done = export.export(tmp_path / "run", tmp_path / "model.onnx", precision="fp32")
    assert done.metadata["fp32_difference"] <= export.FP32_TOLERANCE
    import onnx

    props = {p.key: p.value for p in onnx.load(done.path).metadata_props}
    facts = json.loads(props["keepers"])
    assert facts["labels"] == list(LABELS)
    assert facts["licence"] and facts["run_id"]
    assert (facts["short_side"], facts["crop"]) == (data.SHORT_SIDE, data.CROP)
    assert facts["mean"] == list(BACKBONES[name].mean)


def test_int8_only_leaves_when_it_agrees(
    run: Path, exported: export.Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "to_onnx", lambda net, path: net.eval() and shutil.copy(exported.path, path))
    target, right = tmp_path / "int8.onnx", export.run_onnx

    def wrong_in_int8(path: Path, inputs: Any) -> np.ndarray:
        return np.roll(right(path, inputs), int(path.stem == "int8"), axis=1)

    with monkeypatch.context() as patch:
        patch.setattr(export, "run_onnx", wrong_in_int8)
        with pytest.raises(ModelError, match="int8"):
            export.export(run, target)
    assert not target.exists()
    # A tiny random network may well lose answers to int8; here only the way is tested.
    monkeypatch.setattr(export, "INT8_AGREEMENT", 0.0)
    monkeypatch.setattr(export, "INT8_LOSS", 1.0)
    done = export.export(run, target)
    assert done.path.exists()
    assert {"test_fp32", "test_int8", "int8_agreement"} <= set(done.metadata)


def test_a_network_that_onnx_gets_wrong_is_refused(
    run: Path, exported: export.Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = export.run_onnx
    monkeypatch.setattr(export, "to_onnx", lambda net, path: net.eval() and shutil.copy(exported.path, path))
    monkeypatch.setattr(export, "run_onnx", lambda path, inputs: right(path, inputs) + 0.5)
    with pytest.raises(ModelError, match="differs from torch"):
        export.export(run, tmp_path / "wrong.onnx")
    assert not (tmp_path / "wrong.onnx").exists()


def test_exporting_an_unfinished_run_says_what_to_do(tmp_path: Path, run: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json"):
        export.export(tmp_path, tmp_path / "x.onnx")
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    with pytest.raises(NotFound, match=r"best\.pt"):
        export.export(tmp_path, tmp_path / "x.onnx")


def test_a_photo_that_is_gone_is_a_sentence(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text((dataset / "labels.csv").read_text())
    with pytest.raises(NotFound, match=r"\.jpg is in labels\.csv"):
        loop.parts(tmp_path, ("train",))


def test_augmentation_is_square_and_repeats_itself() -> None:
    view = np.random.default_rng(0).integers(0, 255, (256, 384, 3), dtype=np.uint8)
    one = [data.augment(view, np.random.default_rng(7)) for _ in range(2)]
    assert one[0].shape == (data.CROP, data.CROP, 3)
    assert np.array_equal(*one)
    squares = {data.augment(view, np.random.default_rng(seed)).tobytes() for seed in range(8)}
    assert len(squares) == 8


def test_fresh_flaws_are_drawn_anew_and_only_for_flawed_photos(dataset: Path) -> None:
    part = loop.parts(dataset, ("train",))["train"]
    flawed = next(i for i, row in enumerate(part.rows) if row.label == "overexposed")
    clean = next(i for i, row in enumerate(part.rows) if row.label == "original")
    never = data.fresh_view(part, flawed, 0.0, np.random.default_rng(0))
    one, other = (data.fresh_view(part, flawed, 1.0, np.random.default_rng(seed)) for seed in (1, 2))
    assert never is part.views[flawed]
    assert not np.array_equal(one, other)
    assert one.mean() > part.originals[part.rows[flawed].source_id].mean()
    assert data.fresh_view(part, clean, 1.0, np.random.default_rng(0)) is part.views[clean]


def test_a_run_starts_where_another_ended(run: Path, tiny: Tiny, dataset: Path) -> None:
    trainer = loop.trainer_for(tiny(init=str(run), pretrained=True, fresh=0.5), run, pretrained=True)
    ended = loop.best_weights(run)
    assert all(torch.equal(value, ended[key]) for key, value in trainer.net.state_dict().items())
    with pytest.raises(NotFound, match=r"best\.pt"):
        loop.best_weights(dataset)
