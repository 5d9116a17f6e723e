# ruff: noqa: E402 (torchvision must be mended before timm is asked for)
"""Training, resuming and exporting with a tiny random network: minutes become seconds, the code is the same."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")
from keepers.train.mend import mend_torchvision

mend_torchvision()
pytest.importorskip("timm", reason="the [train] extra is not installed")

import torch
from PIL import Image

from keepers.dataset import build as maker
from keepers.errors import ModelError, NotFound, Refused, UserError
from keepers.train import config as configs
from keepers.train import data, evaluate, export, loop, optim
from keepers.train.backbones import BACKBONES, load_weights
from keepers.train.config import Config
from keepers.train.net import FlawNet, freeze, train_mode
from keepers.types import LABELS

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    (folder / "clean").mkdir()
    for number in range(12):
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((384, 288), Image.Resampling.NEAREST).save(folder / "clean" / f"{number}.png")
    settings = maker.Settings(sources=0, variants=dict.fromkeys(LABELS[1:], 1))
    return maker.build(folder / "clean", folder / "set", settings).out


def config(dataset: Path, **changes: object) -> Config:
    base = Config(dataset=str(dataset), hidden=(8,), epochs=2, batch=8, pretrained=False, tiny=True)
    return dataclasses.replace(base, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    loop.train(config(dataset, learning_rate=1e-3), folder)
    return folder


def test_a_run_leaves_everything_one_needs(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    wanted = {"config.json", "epochs.csv", "last.pt", "best.pt", "test.json", "confusion.csv", "predictions.csv"}
    assert wanted | {"curves.png", "confusion.png"} <= names
    with (run / "epochs.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    result = json.loads((run / "test.json").read_text())
    assert result["photos"] == int(np.sum(result["confusion"]))
    low, high = result["accuracy_95"]
    assert low <= result["accuracy"] <= high


def test_resuming_equals_training_in_one_go(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    loop.train(config(dataset), whole)

    class Killed(Exception):
        pass

    def die(stage: str, done: int, total: int, note: str) -> None:
        if stage == "epoch 2":
            raise Killed

    with pytest.raises(Killed):
        loop.train(config(dataset), halves, die)
    loop.train(config(dataset), halves)
    one, two = (torch.load(folder / "last.pt", weights_only=True)["net"] for folder in (whole, halves))
    assert all(torch.allclose(one[key], two[key], atol=1e-5) for key in one)
    assert (halves / "epochs.csv").read_text().count("\n") == 3


def test_a_run_of_other_settings_is_not_resumed(run: Path, dataset: Path) -> None:
    with pytest.raises(Refused, match="learning_rate"):
        loop.train(config(dataset, learning_rate=0.5), run)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_every_backbone_trains_exports_and_agrees(name: str, dataset: Path, tmp_path: Path) -> None:
    loop.train(config(dataset, backbone=name, epochs=1), tmp_path / "run")
    done = export.export(tmp_path / "run", tmp_path / "model.onnx", precision="fp32")
    assert done.metadata["fp32_difference"] <= export.FP32_TOLERANCE
    import onnx

    props = {p.key: p.value for p in onnx.load(done.path).metadata_props}
    facts = json.loads(props["keepers"])
    assert facts["labels"] == list(LABELS)
    assert facts["licence"] and facts["run_id"] and facts["crop"] == 224
    assert facts["mean"] == list(BACKBONES[name].mean)


def test_int8_only_leaves_when_it_agrees(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def quantise_badly(source: Path, target: Path, inputs: object) -> None:
        net, _ = loop.make_net(configs.read(run), pretrained=False)
        net.load_state_dict(loop.best_weights(run))
        last = net.head[-1]
        last.weight.data, last.bias.data = last.weight.data.roll(1, 0), last.bias.data.roll(1, 0)
        export.to_onnx(net, target)

    target = tmp_path / "int8.onnx"
    with monkeypatch.context() as patch:
        patch.setattr(export, "quantise", quantise_badly)
        with pytest.raises(ModelError, match="int8"):
            export.export(run, target)
    assert not target.exists()
    # A tiny random network may well lose answers to int8; here only the way is tested.
    monkeypatch.setattr(export, "INT8_AGREEMENT", 0.0)
    monkeypatch.setattr(export, "INT8_LOSS", 1.0)
    done = export.export(run, target)
    assert done.path.exists()
    assert {"test_fp32", "test_int8", "int8_agreement"} <= set(done.metadata)


def test_a_network_that_onnx_gets_wrong_is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = export.run_onnx
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


@pytest.mark.parametrize("name", list(BACKBONES))
def test_frozen_layers_keep_weights_and_batchnorm_statistics(name: str) -> None:
    body = BACKBONES[name].build(pretrained=False, tiny=True)
    net = FlawNet(body, hidden=(), dropout=0.0, classes=6)
    freeze(net, BACKBONES[name].first_half)
    frozen = [n for n, p in net.body.named_parameters() if not p.requires_grad]
    free = [n for n, p in net.body.named_parameters() if p.requires_grad]
    assert frozen and free
    before = {key: value.clone() for key, value in net.state_dict().items()}
    train_mode(net)
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], 1e-2)
    net(torch.randn(4, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    after = net.state_dict()
    prefixes = tuple(f"body.{prefix}" for prefix in BACKBONES[name].first_half)
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert moved
    assert not [key for key in moved if key.startswith(prefixes)]


def test_weights_that_do_not_fit_are_a_sentence(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    body = BACKBONES["resnet50"].build(pretrained=False, tiny=True)
    with pytest.raises(NotFound, match="does not exist"):
        load_weights(body, tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors here")
    with pytest.raises(UserError, match="safetensors"):
        load_weights(body, tmp_path / "text.safetensors")
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "small.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        load_weights(body, tmp_path / "small.safetensors")
    half = {key: value.half() if value.is_floating_point() else value for key, value in body.state_dict().items()}
    save_file(half, tmp_path / "half.safetensors")
    load_weights(body, tmp_path / "half.safetensors")


def test_the_variant_is_read_from_the_file_name() -> None:
    resnet = BACKBONES["resnet50"]
    assert resnet.variant_of(Path("resnet50_v1_notop_fp16.safetensors")) == "v1"
    assert resnet.variant_of(Path("resnet50.safetensors")) == ""


def test_augmentation_is_square_and_repeats_itself() -> None:
    view = np.random.default_rng(0).integers(0, 255, (256, 384, 3), dtype=np.uint8)
    one = [data.augment(view, np.random.default_rng(7)) for _ in range(2)]
    assert one[0].shape == (data.CROP, data.CROP, 3)
    assert np.array_equal(*one)
    squares = {data.augment(view, np.random.default_rng(seed)).tobytes() for seed in range(8)}
    assert len(squares) == 8


def test_temperature_recovers_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 6)).astype(np.float32)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([rng.choice(6, p=p / p.sum()) for p in shares.astype(float)])
    assert evaluate.temperature(logits * 3, labels) == pytest.approx(3, rel=0.1)


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


def test_a_run_starts_where_another_ended(run: Path, dataset: Path) -> None:
    trainer = loop.trainer_for(config(dataset, init=str(run), pretrained=True, fresh=0.5), run, pretrained=True)
    ended = loop.best_weights(run)
    assert all(torch.equal(value, ended[key]) for key, value in trainer.net.state_dict().items())
    with pytest.raises(NotFound, match=r"best\.pt"):
        loop.best_weights(dataset)


def test_the_cosine_falls_from_the_rate_to_zero(dataset: Path) -> None:
    rates = [optim.rate_at(config(dataset, epochs=4), done) for done in (0, 1, 2, 3, 4)]
    assert rates[0] == pytest.approx(1e-4)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert optim.rate_at(config(dataset, schedule="constant"), 3) == 1e-4
