"""How a run learns: the course of the learning rate, its parts by stage, MixUp, the moving average."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from keepers.train import loop, optim
from keepers.train.backbones import BACKBONES
from keepers.train.config import Config
from keepers.train.net import FlawNet, freeze
from keepers.types import LABELS

Tiny = Callable[..., Config]
pytestmark = pytest.mark.usefixtures("small", "undrawn")
RATE = 1e-3


def config(**changes: object) -> Config:
    return Config(dataset="", learning_rate=RATE, **changes)  # type: ignore[arg-type]


def course(made: Config, points: int = 101) -> list[float]:
    return [optim.rate_at(made, float(done)) for done in np.linspace(0, made.epochs, points)]


@settings(max_examples=50, deadline=None)
@given(epochs=st.integers(1, 50), share=st.floats(0, 0.9), schedule=st.sampled_from(["constant", "cosine"]))
def test_the_rate_rises_through_the_warm_up_and_never_after(epochs: int, share: float, schedule: str) -> None:
    made = config(epochs=epochs, warmup=share * epochs, schedule=schedule)
    rates = course(made)
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert all(0 <= rate <= RATE * (1 + 1e-9) for rate in rates)
    assert optim.rate_at(made, made.warmup) == pytest.approx(RATE)
    assert rates[-1] == pytest.approx(RATE if schedule == "constant" else 0, abs=1e-12)


def test_a_warm_up_starts_near_nothing_and_does_not_jump() -> None:
    made = config(epochs=10, warmup=2.0)
    rates = course(made, 1001)
    assert 0 < rates[0] < RATE / 50
    steps = np.abs(np.diff(rates))
    assert steps.max() < 3 * RATE / 200  # 200 of the steps lie in the warm-up


def test_half_way_down_the_cosine_lies_half_the_rate() -> None:
    assert optim.rate_at(config(epochs=10, warmup=2.0), 6) == pytest.approx(RATE / 2)


def made_net(name: str, unfrozen: str = "all") -> FlawNet:
    net = FlawNet(BACKBONES[name].build(pretrained=False, tiny=True), hidden=(4,), dropout=0.0, classes=len(LABELS))
    if unfrozen == "second-half":
        freeze(net, BACKBONES[name].first_half)
    return net


@pytest.mark.parametrize("unfrozen", ["all", "second-half"])
@pytest.mark.parametrize("name", list(BACKBONES))
def test_rates_grow_toward_the_head_and_cover_what_learns_once(name: str, unfrozen: str) -> None:
    backbone, net = BACKBONES[name], made_net(name, unfrozen)
    groups = optim.groups(net, backbone, 0.5)
    covered = [parameter for group in groups for parameter in group["params"]]
    learning = [parameter for parameter in net.parameters() if parameter.requires_grad]
    assert len({id(parameter) for parameter in covered}) == len(covered) == len(learning)
    assert {id(parameter) for parameter in covered} == {id(parameter) for parameter in learning}
    factor = {id(parameter): group["factor"] for group in groups for parameter in group["params"]}
    stages = [
        {factor[id(p)] for n, p in net.body.named_parameters() if n.startswith(stage) and p.requires_grad}
        for stage in backbone.stages
    ]
    assert all(len(found) <= 1 for found in stages)
    by_depth = [found.pop() for found in stages if found]
    assert by_depth == sorted(set(by_depth))
    assert all(high == pytest.approx(2 * low) for low, high in pairwise(by_depth))
    assert by_depth[-1] == 0.5
    assert {factor[id(parameter)] for parameter in net.head.parameters()} == {1.0}


@pytest.mark.parametrize("name", list(BACKBONES))
def test_without_decay_there_is_one_group(name: str) -> None:
    (group,) = optim.groups(made_net(name), BACKBONES[name], 1.0)
    assert group["factor"] == 1.0


def test_every_group_gets_its_share_of_the_rate() -> None:
    optimizer = optim.make(made_net("resnet50"), BACKBONES["resnet50"], config(decay=0.5))
    for rate in (RATE, RATE / 3, 0.0):
        optim.set_rate(optimizer, rate)
        assert [group["lr"] for group in optimizer.param_groups] == [
            pytest.approx(rate * group["factor"]) for group in optimizer.param_groups
        ]


def test_the_optimizer_is_the_one_that_was_named() -> None:
    net, backbone = made_net("resnet50"), BACKBONES["resnet50"]
    adam = optim.make(net, backbone, config())
    adamw = optim.make(net, backbone, config(optimizer="adamw", weight_decay=0.1))
    assert type(adam) is torch.optim.Adam
    assert type(adamw) is torch.optim.AdamW
    for group in adamw.param_groups:
        kernels = {parameter.ndim > 1 for parameter in group["params"]}
        assert kernels == {group["weight_decay"] == 0.1}, "only kernels are drawn towards zero"


pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (6, 3, 8, 8), dtype=np.uint8))
classes = torch.arange(6)


@settings(max_examples=40, deadline=None)
@given(alpha=st.floats(0.01, 5), seed=st.integers(0, 2**31))
def test_mixed_targets_are_shares_and_pictures_lie_between(alpha: float, seed: int) -> None:
    mixed, soft = optim.mix(pictures, classes, alpha, 6, np.random.default_rng(seed))
    assert mixed.shape == pictures.shape
    assert soft.shape == (6, 6)
    assert torch.allclose(soft.sum(1), torch.ones(6))
    assert (soft >= 0).all()
    assert ((soft > 0).sum(1) <= 2).all()
    assert mixed.min() >= 0 and mixed.max() <= 255.01  # rounding
    # What a target says of its picture is true: the same shares of the same photos.
    assert torch.allclose(mixed, torch.einsum("nc,cxyz->nxyz", soft, pictures.float()), atol=1e-2)


@pytest.mark.parametrize("seed", range(5))
def test_a_tiny_alpha_mixes_next_to_nothing(seed: int) -> None:
    _, soft = optim.mix(pictures, classes, 1e-4, 6, np.random.default_rng(seed))
    assert torch.allclose(soft.max(1).values, torch.ones(6), atol=1e-3)


def test_the_same_generator_mixes_alike() -> None:
    one, other = (optim.mix(pictures, classes, 0.4, 6, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])


def test_the_moving_average_follows_the_weights() -> None:
    net, decay = made_net("resnet50"), 0.75
    average = optim.moving_average(net, decay)
    bias, norm = net.head[-1].bias, next(m for m in net.body.modules() if isinstance(m, nn.BatchNorm2d))
    expected = None
    for value in (1.0, 3.0, -2.0):
        with torch.no_grad():
            bias.fill_(value)
            norm.running_mean.fill_(value)
        average.update_parameters(net)
        expected = value if expected is None else decay * expected + (1 - decay) * value
        kept = average.module
        assert torch.allclose(kept.head[-1].bias, torch.full_like(bias, expected))
        kept_norm = next(m for m in kept.body.modules() if isinstance(m, nn.BatchNorm2d))
        assert torch.allclose(kept_norm.running_mean, torch.full_like(norm.running_mean, expected))


def test_the_average_is_judged_and_kept_instead_of_the_last_weights(tiny: Tiny, tmp_path: Path) -> None:
    loop.train(tiny(learning_rate=RATE, epochs=1, ema=0.9), tmp_path)
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    best = loop.best_weights(tmp_path)
    assert best.keys() == state["net"].keys()
    assert all(torch.equal(best[key], state["ema"][f"module.{key}"]) for key in best)
    assert not torch.equal(best["head.0.weight"], state["net"]["head.0.weight"])


def test_with_a_quick_average_there_is_nothing_to_average(tiny: Tiny, tmp_path: Path) -> None:
    loop.train(tiny(learning_rate=RATE, epochs=1, ema=1e-9), tmp_path / "quick")
    state = torch.load(tmp_path / "quick" / "last.pt", weights_only=True)
    best = loop.best_weights(tmp_path / "quick")
    floating = [key for key, value in best.items() if value.is_floating_point()]
    assert all(torch.allclose(best[key], state["net"][key], atol=1e-6) for key in floating)
