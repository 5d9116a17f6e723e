"""The network that is trained: a pretrained body, a neck that pools, and a head that decides."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import nn

PROBE = 64
"""Side of the square that tells how many channels a body has, in pixels."""


def _shape(body: Any, side: int) -> tuple[int, int]:
    """Channels and side length of a body's feature map for an input of `side` pixels."""
    training = body.training
    with torch.inference_mode():
        maps = body.eval().forward_features(torch.zeros(1, 3, PROBE, PROBE))
    body.train(training)
    return int(maps.shape[1]), side * int(maps.shape[2]) // PROBE


class FlawNet(nn.Module):
    """Body, then an optional convolution, pooling, dropout and dense layers, and one logit a class.

    Input: float32 N x 3 x 224 x 224, normalised as the backbone says. Output: N x classes logits. `pooling` is
    "avg" (one number a channel) or "flatten" (all of them); `extra_conv` the channels of a 3 x 3 convolution
    before it, 0 for none.
    """

    def __init__(
        self,
        body: nn.Module,
        *,
        hidden: Sequence[int],
        dropout: float,
        classes: int,
        pooling: str = "avg",
        extra_conv: int = 0,
        side: int = 224,
    ) -> None:
        super().__init__()
        self.body = body
        width, cells = _shape(body, side)
        neck: list[nn.Module] = []
        if extra_conv:
            neck += [nn.Conv2d(width, extra_conv, 3, padding=1), nn.ReLU(inplace=True)]
            width = extra_conv
        if pooling == "avg":
            neck.append(nn.AdaptiveAvgPool2d(1))
        else:
            width *= cells * cells
        self.neck = nn.Sequential(*neck, nn.Flatten())
        layers: list[nn.Module] = []
        for size in hidden:
            layers += [nn.Linear(width, size), nn.ReLU(inplace=True), nn.Dropout(dropout)]
            width = size
        self.head = nn.Sequential(*layers, nn.Linear(width, classes))

    def maps(self, x: torch.Tensor) -> torch.Tensor:
        """The body's feature maps, N x channels x height x width."""
        return cast(torch.Tensor, cast(Any, self.body).forward_features(x))

    def decide(self, maps: torch.Tensor) -> torch.Tensor:
        """Feature maps to logits, N x classes."""
        return cast(torch.Tensor, self.head(self.neck(maps)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, N x classes."""
        return self.decide(self.maps(x))


def freeze(net: FlawNet, prefixes: Sequence[str]) -> None:
    """Stop gradients for the body's parameters whose names start with one of `prefixes`."""
    for name, parameter in net.body.named_parameters():
        if name.startswith(tuple(prefixes)):
            parameter.requires_grad_(False)


def train_mode(net: FlawNet) -> None:
    """Training mode, but a BatchNorm whose weight is frozen keeps its ImageNet statistics frozen as well."""
    net.train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()
