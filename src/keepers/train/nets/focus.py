"""The network that looks at patches: is this patch blurred, by motion or by the lens, how much and along which axis?

Its body is the first five blocks of EfficientNet-Lite0: what tells a blur is in edges a few pixels wide, not in what
the picture shows. Average and maximum are pooled side by side, because one crisp edge outweighs a soft wall.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from keepers.train.nets.captures import Captures
from keepers.types import Rgb

Numbers = npt.NDArray[np.float32]

BACKBONE = "efficientnet_lite0_front"
SHARP, SOFT = 0.7, 1.5
"""Standard deviation in pixels up to which a patch counts as sharp, and from which as blurred; a ramp between them."""
_LEAST, _MOST = -1.5, 4.0  # log2 of the standard deviation in pixels
_PULL = 1.5  # octaves between the axes at which a direction counts fully


class FocusNet(nn.Module):
    """float32 N x 3 x 96 x 96, normalised, to N x 6 in the order of `models.focus.OUTPUTS`."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        with torch.inference_mode():
            channels = int(self._maps(torch.zeros(1, 3, 96, 96)).shape[1])
        self.head = nn.Linear(2 * channels, 6)

    def _maps(self, x: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.body.forward_features(x)  # type: ignore[operator]
        return maps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The six outputs of each patch."""
        maps = self._maps(x)
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        out: torch.Tensor = self.head(pooled)
        return out


def targets(facts: Numbers) -> Numbers:
    """What the network should answer.

    Args:
        facts: float32 N x 4: covariance xx, yy, xy in pixels squared, and the share of motion 0..1.

    Returns:
        float32 N x 6: probability of blur, motion (0 or 1), log2 of the standard deviation in pixels along the worse
        and the better axis, and the worse axis as cos and sin of twice its angle, shorter where it is vague.
    """
    xx, yy, xy, moved = facts.T
    half, root = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    major, minor = (
        np.clip(np.log2(np.maximum(np.sqrt(np.maximum(v, 0)), 2**_LEAST)), _LEAST, _MOST)
        for v in (half + root, half - root)
    )
    blurred = np.clip((major - np.log2(SHARP)) / (np.log2(SOFT) - np.log2(SHARP)), 0, 1)
    double = np.arctan2(2 * xy, xx - yy)
    certain = np.clip((major - minor) / _PULL, 0, 1)
    columns = (blurred, moved > 0.5, major, minor, np.cos(double) * certain, np.sin(double) * certain)
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of blur and, where there is blur, of its kind; smooth L1 of its size; squares of its direction."""
    there = (target[:, 0] > 0.5).float()
    count = there.sum().clamp(min=1)
    blurred = functional.binary_cross_entropy_with_logits(out[:, 0], target[:, 0])
    kind = functional.binary_cross_entropy_with_logits(out[:, 1], target[:, 1], reduction="none")
    size = functional.smooth_l1_loss(out[:, 2:4], target[:, 2:4])
    direction = (out[:, 4:6] - target[:, 4:6]).square().sum(1)
    return blurred + 0.5 * (kind * there).sum() / count + 0.25 * size + 0.25 * (direction * there).sum() / count


def augment(patches: Rgb, facts: Numbers, rng: np.random.Generator) -> tuple[Rgb, Numbers]:
    """Mirror and transpose patches together with their covariances, and change contrast and brightness."""
    patches, facts = patches.copy(), facts.copy()
    for i in range(len(patches)):
        one = patches[i]
        if rng.uniform() < 0.5:
            one, facts[i, 2] = one[:, ::-1], -facts[i, 2]
        if rng.uniform() < 0.5:
            one, facts[i, 2] = one[::-1], -facts[i, 2]
        if rng.uniform() < 0.5:
            one, facts[i, :2] = one.transpose(1, 0, 2), facts[i, 1::-1]
        if rng.uniform() < 0.5:
            changed = one.astype(np.float32) * np.float32(rng.uniform(0.7, 1.3)) + np.float32(rng.uniform(-20, 20))
            one = np.clip(changed, 0, 255).astype(np.uint8)
        patches[i] = one
    return patches, facts


def batches(
    sets: list[Captures], rng: np.random.Generator, size: int, each: int
) -> Iterator[tuple[Rgb, Numbers]]:
    """Augmented patches, `each` of every training capture in random order, and their targets."""
    items = [(one, int(place)) for one in sets for place in one.of("train")]
    held: list[tuple[Rgb, Numbers]] = []
    for turn, at in enumerate(rng.permutation(len(items)), start=1):
        one, place = items[at]
        there = np.flatnonzero(~np.isnan(one.facts[place, :, 0]))
        if len(there):
            chosen = rng.choice(there, min(each, len(there)), replace=False)
            held.append((one.patches[place][chosen], one.facts[place][chosen]))
        if held and (sum(len(p) for p, _ in held) >= size or turn == len(items)):
            patches, facts = augment(np.concatenate([p for p, _ in held]), np.concatenate([f for _, f in held]), rng)
            yield patches, targets(facts)
            held = []


def fixed(one: Captures, split: str, each: int = 6) -> tuple[Rgb, Numbers]:
    """The first patches of every capture of a split, as they are, and their targets."""
    places = one.of(split)
    patches = np.asarray(one.patches[places][:, :each]).reshape(-1, *one.patches.shape[2:])
    facts = np.asarray(one.facts[places][:, :each]).reshape(-1, one.facts.shape[2])
    there = ~np.isnan(facts[:, 0])
    return patches[there], targets(facts[there])
