"""The two networks of culling: from clean photos to files that culling can load."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra [train]")
pytest.importorskip("timm", reason="training needs the extra [train]")

import torch

from keepers.dataset import labelled, plan
from keepers.errors import ModelError, NotFound, Refused
from keepers.image.colour import luma
from keepers.models import zoo
from keepers.models.metadata import OUTPUTS
from keepers.train.nets import captures, export, focus, loop, whole
from keepers.train.nets.loop import auc
from scenes import leaves

SIDES = ("train", "train", "train", "val", "calibration", "test", "train", "train")


@pytest.fixture(scope="module")
def made(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Captures of eight pictures, each split with at least one."""
    from keepers.io.scan import scan

    out = tmp_path_factory.mktemp("captures") / "set"
    chosen = {f"{place:032x}": source for place, source in enumerate(scan([clean]), start=1)}
    sides = dict(zip(chosen, SIDES, strict=True))
    captures.build(chosen, sides, {"train": 3, "val": 8, "calibration": 8, "test": 8}, out, workers=1)
    return out


def _config(kind: str, made: Path, **changes: Any) -> loop.Config:
    config = loop.Config(kind, (str(made),), epochs=1, batch=4, each=2, per_epoch=12, tiny=True)
    return dataclasses.replace(config, **changes)


@pytest.fixture(scope="module", params=loop.KINDS)
def run(request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp(request.param) / "run"
    loop.train(_config(request.param, made), folder)
    return folder


def test_captures_repeat_and_keep_to_their_side(made: Path, clean: Path) -> None:
    one = captures.load(made)
    assert [len(one.of(name)) for name in captures.SPLITS] == [15, 8, 8, 8]
    for name in captures.SPLITS:
        others = np.setdiff1d(np.arange(len(one)), one.of(name))
        assert not set(one.source[one.of(name)]) & set(one.source[others])
    assert np.isfinite(one.facts[..., 0]).any(axis=1).all()
    assert one.views.std() > 10 and one.patches.std() > 10


def test_photos_that_are_not_trained_on_are_written_with_their_flaws(made: Path) -> None:
    photos = labelled.read(made)
    assert {photo.split for photo in photos} == {"val", "calibration", "test"} and len(photos) > 16
    assert all((made / photo.file).is_file() for photo in photos)
    assert {flaw for photo in photos for flaw in photo.flaws} and any(not photo.flaws for photo in photos)


def test_photos_of_a_study_stay_on_their_side() -> None:
    ids = [f"{place:032x}" for place in range(200)]
    like = {ids[3]: "test", ids[4]: "train"}
    sides = plan.deal(ids, like, seed=1)
    assert set(sides) == set(ids) and sides[ids[3]] == "test" and sides[ids[4]] == "train"
    assert sides == plan.deal(ids[::-1], like, seed=1)
    assert sum(side == "train" for side in sides.values()) > 120


@pytest.mark.parametrize(
    ("xx", "yy", "xy", "angle"), [(9, 0.1, 0, 0.0), (0.1, 9, 0, np.pi / 2), (5, 5, 4.9, np.pi / 4)]
)
def test_the_target_knows_the_axis(xx: float, yy: float, xy: float, angle: float) -> None:
    target = focus.targets(np.array([[xx, yy, xy, 1.0]], np.float32))[0]
    assert target[0] == 1.0 and target[1] == 1.0 and target[2] > target[3]
    assert np.cos(np.arctan2(target[5], target[4]) - 2 * angle) > 0.99


def test_augmentation_turns_the_axis_with_the_pixels() -> None:
    stripes = np.zeros((64, 96, 96, 3), np.uint8)
    stripes[:, ::8] = 255
    facts = np.tile(np.array([4.0, 1.0, 0.5, 1.0], np.float32), (64, 1))
    patches, turned = focus.augment(stripes, facts, np.random.default_rng(0))
    along_x = patches.astype(float).std(axis=2).mean(axis=(1, 2)) < 1
    assert ((turned[:, 0] == 4.0) == along_x).all() and 10 < along_x.sum() < 54
    assert np.allclose(turned[:, 0] * turned[:, 1] - turned[:, 2] ** 2, 4.0 - 0.25)


def test_more_of_a_flaw_is_a_higher_target() -> None:
    rows = np.zeros((5, len(captures.PHOTO_FACTS)), np.float32)
    rows[:, 3] = 1.0
    for column, values, name in (
        (0, (0, 1.2, 1.5, 3, 6), "blurred"),
        (2, (0, 0.6, 1.0, 2, 3), "overexposed"),
        (3, (1, 1.15, 1.2, 1.4, 2), "distorted"),
    ):
        moved = rows.copy()
        moved[:, column] = values
        goal, _ = whole.targets(moved)
        place = OUTPUTS["whole"].index(name)
        assert (np.diff(goal[:, place]) >= 0).all() and goal[0, place] == 0 and goal[-1, place] == 1
        assert (np.diff(goal[:, whole.QUALITY]) <= 0).all() and goal[0, whole.QUALITY] == 1


def test_whether_a_partial_blur_spoils_is_not_asked() -> None:
    row = np.zeros((1, len(captures.PHOTO_FACTS)), np.float32)
    row[:, captures.PHOTO_FACTS.index("partial")] = 1
    _, weight = whole.targets(row)
    assert (weight[0, :2] == 0).all() and (weight[0, 2:] == 1).all()


def test_a_run_is_resumed_and_not_mixed_up(run: Path, made: Path) -> None:
    config = export.read(run)
    epochs = (run / "epochs.csv").read_text(encoding="utf-8").splitlines()
    assert len(epochs) == 2 and (run / "test.json").is_file()
    weights = (run / "best.pt").read_bytes()
    loop.train(config, run)
    assert (run / "best.pt").read_bytes() == weights
    with pytest.raises(Refused, match="other settings"):
        loop.train(dataclasses.replace(config, seed=9), run)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_an_exported_network_is_one_that_culling_loads(
    run: Path, precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "INT8_AGREEMENT", 0.0)
    monkeypatch.setattr(export, "INT8_LOSS", 1.0)  # ten captures and a network that has learned nothing
    out = tmp_path / "net.onnx"
    kind = export.export(run, out, precision=precision)["kind"]
    assert zoo.describe(out).metadata.outputs == OUTPUTS[kind]
    rgb = leaves()
    if kind == "whole":
        said = zoo.load_classifier(out).log_odds(rgb)
        assert tuple(said) == OUTPUTS["whole"] and all(np.isfinite(value) for value in said.values())
        with pytest.raises(ModelError):
            zoo.load_focus(out)
        return
    seen = zoo.load_focus(out).look(rgb, luma(rgb))
    assert seen is not None and len(seen) == len(seen.places) > 3 and seen.axis.shape == (len(seen), 2)
    with pytest.raises(ModelError, match="patches only"):
        zoo.load_classifier(out)


def test_int8_that_loses_is_refused() -> None:
    with pytest.raises(ModelError, match="auc_blurred"):
        export._still_good({"auc_blurred": 0.99, "ev_off": 0.3}, {"auc_blurred": 0.90, "ev_off": 0.9})


def test_int8_that_answers_differently_is_refused() -> None:
    fp32 = np.array([[1.0, -1.0]] * 100, np.float32)
    int8 = fp32.copy()
    int8[:3, 1] = 0.1
    assert export._agreement(fp32, int8) == pytest.approx(0.97)
    int8[3, 1] = 0.1
    with pytest.raises(ModelError, match=r"96\.0%"):
        export._agreement(fp32, int8)


def test_what_is_missing_is_named(tmp_path: Path, made: Path) -> None:
    with pytest.raises(NotFound, match="finished captures"):
        loop.train(_config("focus", tmp_path / "none"), tmp_path / "run")
    with pytest.raises(NotFound, match="no run"):
        export.export(tmp_path / "nothing", tmp_path / "x.onnx")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "config.json").write_text(json.dumps(dataclasses.asdict(_config("focus", made))))
    with pytest.raises(NotFound, match=r"best\.pt"):
        export.export(tmp_path / "begun", tmp_path / "x.onnx")


def test_auc_counts_pairs() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 30).astype(np.float32), rng.integers(0, 7, 40).astype(np.float32)
    pairs = np.mean((a[:, None] > b) + 0.5 * (a[:, None] == b))
    assert auc(a, b) == pytest.approx(pairs)
    assert np.isnan(auc(a, b[:0]))
