"""The network that looks at the whole photo: which of five flaws, how noisy, how many stops off, how good.

It learns from captures and, so that it answers the study's question too, from a dataset of the study.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from keepers.train import data
from keepers.train.nets.captures import Captures
from keepers.types import LABELS, Rgb

Numbers = npt.NDArray[np.float32]

BACKBONE = "efficientnet_lite0"
CROP = 224
FLAWS, EV, QUALITY, COUNT = slice(0, 6), 6, 7, 8
"""Outputs: logits of the five flaws of `LABELS` and of noise, exposure error in EV, logit of quality."""


class WholeNet(nn.Module):
    """float32 N x 3 x 224 x 224, normalised, to N x 8 in the order of `models.zoo.WHOLE`."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        with torch.inference_mode():
            channels = int(self._maps(torch.zeros(1, 3, 64, 64)).shape[1])
        self.head = nn.Linear(channels, COUNT)

    def _maps(self, x: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = self.body.forward_features(x)  # type: ignore[operator]
        return maps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The eight outputs of each photo."""
        out: torch.Tensor = self.head(self._maps(x).mean((2, 3)))
        return out


def _ramp(value: Numbers, none: float, full: float) -> Numbers:
    return np.asarray(np.clip((value - none) / (full - none), 0, 1), dtype=np.float32)


def targets(photo: Numbers) -> tuple[Numbers, Numbers]:
    """What the network should answer to captures, and how much each answer counts.

    Where a flaw begins is a ramp and not a step: a blur of .6 to 1.3 thousandths of the diagonal, .5 to 1.3 stops too
    much, .7 to 1.7 too little. Whether a partial blur spoils a photo is not for this network to say, and what is hidden
    in black or white is hardly asked for.

    Args:
        photo: float32 N x 7 in the order of `captures.PHOTO_FACTS`.

    Returns:
        Targets and weights, float32 N x 8 each. Quality is 1 less what each flaw takes away; no person scored it.
    """
    sigma, motion, ev, stretch, noise, partial, _ = photo.T
    octaves = np.log2(np.maximum(sigma, 0.1))
    blur = _ramp(octaves, float(np.log2(0.6)), float(np.log2(1.3)))
    goal, weight = np.zeros((len(photo), COUNT), np.float32), np.ones((len(photo), COUNT), np.float32)
    over, under = _ramp(ev, 0.5, 1.3), _ramp(-ev, 0.7, 1.7)
    moved = motion > 0.5
    for column, value in enumerate((blur * ~moved, blur * moved, _ramp(stretch, 1.1, 1.3), over, under)):
        goal[:, column] = value
    goal[:, 5] = _ramp(255 * noise, 6, 16)
    goal[:, EV] = np.clip(ev, -4, 4)
    weight[partial > 0.5, :2] = 0.0
    weight[(under > 0.8) | (over > 0.9), :2] *= 0.3
    kept = 1 - 0.85 * _ramp(octaves, float(np.log2(0.6)), 3.0)
    kept *= 1 - 0.8 * _ramp(np.abs(ev), 0.4, 3.5)
    kept *= 1 - 0.5 * _ramp(255 * noise, 4, 30)
    goal[:, QUALITY] = kept * (1 - 0.25 * partial) * (1 - 0.3 * _ramp(stretch, 1.1, 1.6))
    return goal, weight


def study_targets(labels: npt.NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """The same for photos of a study, of which only the one flaw is known."""
    goal, weight = np.zeros((len(labels), COUNT), np.float32), np.zeros((len(labels), COUNT), np.float32)
    for column in range(len(LABELS) - 1):
        goal[labels == column + 1, column] = 1.0
    weight[:, : len(LABELS) - 1] = 1.0
    weight[labels == 0, EV] = 1.0
    return goal, weight


def loss(out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy of flaws and quality, smooth L1 of the exposure; `target` holds goals, then weights."""
    goal, weight = target[:, :COUNT], target[:, COUNT:]
    flaws = functional.binary_cross_entropy_with_logits(out[:, FLAWS], goal[:, FLAWS], reduction="none")
    ev = functional.smooth_l1_loss(out[:, EV], goal[:, EV], reduction="none")
    quality = functional.binary_cross_entropy_with_logits(out[:, QUALITY], goal[:, QUALITY], reduction="none")
    total = (flaws * weight[:, FLAWS]).sum(1) + 0.3 * ev * weight[:, EV] + 0.5 * quality * weight[:, QUALITY]
    return total.mean()


def batches(
    sets: list[Captures], study: data.Part | None, rng: np.random.Generator, size: int, count: int
) -> Iterator[tuple[Rgb, Numbers]]:
    """Augmented squares of `count` random captures and of as many photos of a study, and their targets."""
    items = [(one, int(place)) for one in sets for place in one.of("train")]
    drawn = rng.choice(len(items), min(count, len(items)), replace=False)
    asked = rng.choice(len(study), min(count, len(study)), replace=False) if study else np.zeros(0, np.int64)
    order = rng.permutation(len(drawn) + len(asked))
    for start in range(0, len(order) - size + 1, size):
        squares, goals = [], []
        for at in order[start : start + size]:
            if at < len(drawn):
                one, place = items[drawn[at]]
                squares.append(_moved(one.views[place], rng))
                goals.append(np.concatenate(targets(one.photo[place : place + 1]), axis=1))
            elif study:
                where = int(asked[at - len(drawn)])
                squares.append(data.augment(data.fresh_view(study, where, 0.5, rng), rng))
                goals.append(np.concatenate(study_targets(study.labels[where : where + 1]), axis=1))
        yield np.stack(squares), np.concatenate(goals)


def _moved(view: Rgb, rng: np.random.Generator) -> Rgb:
    top, left = rng.integers(0, view.shape[0] - CROP + 1, 2)
    square = view[top : top + CROP, left : left + CROP]
    return np.asarray(square[:, ::-1] if rng.uniform() < 0.5 else square)


def fixed(one: Captures, split: str) -> tuple[Rgb, Numbers]:
    """The middle of every capture of a split, and its targets."""
    places = one.of(split)
    margin = (one.views.shape[1] - CROP) // 2
    squares = np.asarray(one.views[places])[:, margin : margin + CROP, margin : margin + CROP]
    return squares, np.concatenate(targets(one.photo[places]), axis=1)
