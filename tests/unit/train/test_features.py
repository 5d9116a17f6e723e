"""Kept features of a frozen body: the same numbers as without them, computed once."""

import csv
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
import torch

from keepers.dataset import build as maker
from keepers.dataset.labels import SPLITS, Row
from keepers.errors import UserError
from keepers.train import data, features, loop
from keepers.train.config import Config
from keepers.train.data import Part
from keepers.train.features import Store
from keepers.types import LABELS

Tiny = Callable[..., Config]
pytestmark = pytest.mark.usefixtures("small")
VIEWS = 3
ALIKE = {"rtol": 2**-9, "atol": 2**-9}
"""Half precision keeps eleven binary digits."""


class Body:
    """A body for the store that counts its photos: a few numbers that tell any two squares apart."""

    def __init__(self, last: int = 10**9) -> None:
        self.seen, self.last = 0, last

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        if self.seen >= self.last:
            raise KeyboardInterrupt
        self.seen += len(pixels)
        x = pixels.double() / 255
        return torch.cat([x.mean((2, 3)), x[:, :, ::7, ::5].std((2, 3)), x[:, :, :9, :9].mean((2, 3))], 1).float()


@pytest.fixture(scope="module")
def part() -> Part:
    rng = np.random.default_rng(0)
    colours = [(10 * n, 220 - 10 * n, 100) for n in range(21)]
    views = tuple(
        (np.array(colour) + rng.integers(0, 36, (data.SHORT_SIDE + n, 90, 3))).astype(np.uint8)
        for n, colour in enumerate(colours)
    )
    labels = np.arange(len(views)) % len(LABELS)
    rows = tuple(Row(f"{n}.jpg", LABELS[label], "", str(n), "", {}, 0.0, 0, "train") for n, label in enumerate(labels))
    return Part(rows, views, labels)


def tell(stage: str, done: int, total: int, note: str) -> None:
    assert stage == "features"
    assert 0 < done <= total


def loaded(folder: Path, part: Part, body: Body, *, augmented: bool = True) -> Store:
    store = Store(folder, body, VIEWS)
    store.load(part, augmented=augmented, tell=tell)
    return store


def test_kept_features_are_those_of_the_body(part: Part, tmp_path: Path) -> None:
    store = loaded(tmp_path, part, Body())
    kept = torch.cat([features for features, _ in store.batches(part, 4)])
    squares = torch.from_numpy(np.stack([data.centre(view) for view in part.views])).permute(0, 3, 1, 2)
    assert kept.dtype == torch.float32
    assert torch.allclose(kept, Body()(squares), **ALIKE)


def test_without_a_generator_come_the_centres_in_order(part: Part, tmp_path: Path) -> None:
    augmented, plain = Body(), Body()
    with_views = loaded(tmp_path / "views", part, augmented)
    without = loaded(tmp_path / "plain", part, plain, augmented=False)
    assert (augmented.seen, plain.seen) == ((1 + VIEWS) * len(part), len(part))
    for one, other, start in zip(with_views.batches(part, 5), without.batches(part, 5), range(0, 99, 5), strict=False):
        assert torch.equal(one[0], other[0])
        assert one[1].tolist() == other[1].tolist() == part.labels[start : start + 5].tolist()


def test_training_sees_each_photo_once_an_epoch_and_only_its_augmented_views(part: Part, tmp_path: Path) -> None:
    store = loaded(tmp_path, part, Body())
    centres = torch.cat([features for features, _ in store.batches(part, 99)])
    shown: dict[int, set[bytes]] = {n: set() for n in range(len(part))}
    for epoch in range(25):
        features, labels = map(torch.cat, zip(*store.batches(part, 4, np.random.default_rng(epoch)), strict=True))
        # The mean colour of a square tells which photo it was cut from.
        places = torch.cdist(features[:, :3], centres[:, :3]).argmin(1).tolist()
        assert len(features) == len(part)
        for place, own, label in zip(places, features, labels.tolist(), strict=True):
            assert not torch.equal(own, centres[place])
            shown[place].add(own.numpy().tobytes())
            assert label == part.labels[place]
        assert sorted(labels.tolist()) == sorted(part.labels.tolist())
    assert sum(map(len, shown.values())) == VIEWS * len(part)


def test_the_generator_decides_the_order_and_the_views(part: Part, tmp_path: Path) -> None:
    store = loaded(tmp_path, part, Body())
    one, same, other = (next(store.batches(part, 99, np.random.default_rng(seed)))[0] for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_second_load_computes_nothing(part: Part, tmp_path: Path) -> None:
    first = loaded(tmp_path, part, Body())
    idle = Body()
    second = loaded(tmp_path, part, idle)
    assert idle.seen == 0
    rngs = [np.random.default_rng(5) for _ in range(2)]
    for (a, _), (b, _) in zip(first.batches(part, 6, rngs[0]), second.batches(part, 6, rngs[1]), strict=True):
        assert torch.equal(a, b)


def test_interrupted_work_goes_on_where_it_stopped(part: Part, tmp_path: Path) -> None:
    whole = loaded(tmp_path / "whole", part, Body())
    with pytest.raises(KeyboardInterrupt):
        loaded(tmp_path / "halves", part, Body(last=1))
    rest = Body()
    resumed = loaded(tmp_path / "halves", part, rest)
    assert rest.seen == (1 + VIEWS) * (len(part) - features.TOGETHER)
    assert not list((tmp_path / "halves").glob("*.partial"))
    for (a, _), (b, _) in zip(whole.batches(part, 6), resumed.batches(part, 6), strict=True):
        assert torch.equal(a, b)


def test_a_kill_while_a_file_is_written_leaves_no_half(
    part: Part, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(file: Any, array: np.ndarray) -> None:
        file.write(b"\x93NUMPY")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "save", half)
        loaded(tmp_path, part, Body())
    loaded(tmp_path, part, Body())


def test_both_splits_of_the_same_photos_share_their_features(clean: Path, dataset: Path, tmp_path: Path) -> None:
    settings = maker.Settings(sources=0, variants=dict.fromkeys(LABELS[1:], 1), protocol="random")
    random = maker.build(clean, tmp_path / "random", settings).out
    parts = [loop.parts(folder, SPLITS) for folder in (dataset, random)]
    sides = [{row.path: row.split for part in own.values() for row in part.rows} for own in parts]
    assert sides[0].keys() == sides[1].keys() and sides[0] != sides[1]
    seen = []
    for own in parts:
        body = Body()
        for name, part in own.items():
            loaded(tmp_path / "features", part, body, augmented=name == "train")
        seen.append(body.seen)
    # Only what was not in the training part before needs its augmented views, and what was its centre alone.
    joined, left = ({p for p, side in sides[a].items() if side == "train" != sides[b][p]} for a, b in ((1, 0), (0, 1)))
    assert seen[1] == (1 + VIEWS) * len(joined) + len(left) < seen[0]
    idle = Body()
    for part in parts[1].values():
        loaded(tmp_path / "features", dataclasses.replace(part), idle, augmented=part is parts[1]["train"])
    assert idle.seen == 0


@pytest.fixture(scope="module")
def run(tiny: Tiny, small: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "run"
    loop.train(tiny(unfrozen="head", views=1, epochs=12, patience=12, learning_rate=0.03, batch=32), folder)
    return folder


def test_a_head_learns_from_kept_features(run: Path) -> None:
    with (run / "epochs.csv").open() as file:
        losses = [(float(row["train_loss"]), float(row["val_loss"])) for row in csv.DictReader(file)]
    assert np.isfinite(losses).all()
    assert losses[-1][0] < losses[0][0]


def test_only_the_head_has_learned(run: Path, tiny: Tiny) -> None:
    fresh = loop.trainer_for(tiny(unfrozen="head", views=1), run, pretrained=False).net.state_dict()
    learned = loop.best_weights(run)
    moved = {key.split(".")[0] for key in learned if not torch.equal(learned[key], fresh[key])}
    assert moved == {"head"}


@pytest.mark.parametrize("pooling", ["avg", "flatten"])
@pytest.mark.parametrize("extra_conv", [0, 3])
def test_logits_by_way_of_kept_features_are_the_networks(
    pooling: str, extra_conv: int, tiny: Tiny, dataset: Path, tmp_path: Path
) -> None:
    part = loop.parts(dataset, ("val",))["val"]
    config = tiny(unfrozen="head", views=1, precision="fp32", pooling=pooling, extra_conv=extra_conv)
    trainer = loop.trainer_for(config, tmp_path, pretrained=False)
    direct = loop.predict(trainer, part)
    trainer.store = Store(tmp_path, trainer.features, 1)
    trainer.store.load(part, augmented=False, tell=tell)
    kept = loop.predict(trainer, part)
    assert kept == pytest.approx(direct, abs=2**-8 * float(np.abs(direct).max()))


@pytest.mark.parametrize("clash", [{"unfrozen": "all"}, {"unfrozen": "second-half"}, {"fresh": 0.5}, {"mixup": 0.2}])
def test_features_are_not_kept_of_what_moves(clash: dict[str, Any], tiny: Tiny) -> None:
    with pytest.raises(UserError, match="views"):
        tiny(**{"unfrozen": "head", "views": 1, **clash})
