"""The network around a body: shapes, parameters, what stays frozen."""

import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from keepers.train.backbones import BACKBONES
from keepers.train.net import FlawNet, freeze, train_mode

WIDTH, STRIDE, SIDE, CLASSES = 5, 32, 96, 6
CELLS = (SIDE // STRIDE) ** 2


class Body(nn.Module):
    """The least that a body is: feature maps at a 32nd of the resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, STRIDE, STRIDE)

    def forward_features(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


def net(hidden: tuple[int, ...] = (7,), pooling: str = "avg", extra_conv: int = 0) -> FlawNet:
    return FlawNet(
        Body(), hidden=hidden, dropout=0.5, classes=CLASSES, pooling=pooling, extra_conv=extra_conv, side=SIDE
    )


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


heads = given(
    hidden=st.lists(st.integers(1, 9), max_size=3).map(tuple),
    pooling=st.sampled_from(["avg", "flatten"]),
    extra_conv=st.sampled_from([0, 3, WIDTH]),
)


@settings(max_examples=25, deadline=None)
@heads
def test_a_logit_a_class_whatever_the_head(hidden: tuple[int, ...], pooling: str, extra_conv: int) -> None:
    made = net(hidden, pooling, extra_conv).eval()
    x = torch.randn(3, 3, SIDE, SIDE)
    with torch.inference_mode():
        out = made(x)
        assert out.shape == (3, CLASSES)
        assert torch.equal(out, made.decide(made.maps(x)))
        assert torch.equal(out, made.head(made.neck(made.maps(x))))
        # One photo's answer does not depend on the others.
        assert torch.allclose(out[:1], made(x[:1]), atol=1e-5)


@settings(max_examples=25, deadline=None)
@heads
def test_the_layers_are_those_that_were_asked_for(hidden: tuple[int, ...], pooling: str, extra_conv: int) -> None:
    made = net(hidden, pooling, extra_conv)
    dense = [module for module in made.head if isinstance(module, nn.Linear)]
    assert [layer.out_features for layer in dense] == [*hidden, CLASSES]
    assert [module.p for module in made.head if isinstance(module, nn.Dropout)] == [0.5] * len(hidden)
    assert [module.out_channels for module in made.neck if isinstance(module, nn.Conv2d)] == [extra_conv] * bool(
        extra_conv
    )
    width = extra_conv or WIDTH
    assert dense[0].in_features == (width if pooling == "avg" else width * CELLS)


def test_flatten_needs_as_much_more_as_there_are_cells() -> None:
    first = 7
    assert count(net((first,), "flatten")) - count(net((first,), "avg")) == (CELLS - 1) * WIDTH * first


@pytest.mark.parametrize("pooling", ["avg", "flatten"])
def test_a_convolution_that_keeps_the_channels_adds_its_own_parameters_alone(pooling: str) -> None:
    assert count(net((7,), pooling, WIDTH)) - count(net((7,), pooling)) == 9 * WIDTH * WIDTH + WIDTH


def test_a_dense_layer_more_adds_its_own_parameters_alone() -> None:
    assert count(net((7, 7))) - count(net((7,))) == 7 * 7 + 7


def test_looking_at_a_body_does_not_change_it() -> None:
    for training in (True, False):
        body = BACKBONES["efficientnet_b0"].build(pretrained=False, tiny=True).train(training)
        before = {key: value.clone() for key, value in body.state_dict().items()}
        FlawNet(body, hidden=(), dropout=0.0, classes=CLASSES)
        assert body.training == training
        assert all(torch.equal(value, before[key]) for key, value in body.state_dict().items())


@pytest.mark.parametrize("name", list(BACKBONES))
def test_the_head_fits_every_body_at_the_real_size(name: str) -> None:
    body = BACKBONES[name].build(pretrained=False, tiny=True)
    made = FlawNet(body, hidden=(4,), dropout=0.0, classes=CLASSES, pooling="flatten", extra_conv=3).eval()
    with torch.inference_mode():
        assert made(torch.zeros(1, 3, 224, 224)).shape == (1, CLASSES)


@pytest.mark.parametrize("name", list(BACKBONES))
def test_frozen_layers_keep_weights_and_batchnorm_statistics(name: str) -> None:
    body = BACKBONES[name].build(pretrained=False, tiny=True)
    made = FlawNet(body, hidden=(), dropout=0.0, classes=CLASSES)
    freeze(made, BACKBONES[name].first_half)
    before = {key: value.clone() for key, value in made.state_dict().items()}
    train_mode(made)
    optimizer = torch.optim.Adam([p for p in made.parameters() if p.requires_grad], 1e-2)
    made(torch.randn(4, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    after = made.state_dict()
    prefixes = tuple(f"body.{prefix}" for prefix in BACKBONES[name].first_half)
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert any(key.startswith("body.") for key in moved)
    assert not [key for key in moved if key.startswith(prefixes)]


@pytest.mark.parametrize("name", list(BACKBONES))
def test_a_frozen_body_gives_the_same_features_while_the_head_learns(name: str) -> None:
    made = FlawNet(BACKBONES[name].build(pretrained=False, tiny=True), hidden=(), dropout=0.0, classes=CLASSES)
    freeze(made, ("",))
    assert not any(parameter.requires_grad for parameter in made.body.parameters())
    assert all(parameter.requires_grad for parameter in made.head.parameters())
    x = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        still = made.eval().maps(x)
        train_mode(made)
        assert torch.equal(made.maps(x), still)
