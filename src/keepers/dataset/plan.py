"""Which photos a dataset will hold: drawn before a pixel is touched, the same for a seed on every platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from keepers.dataset.labels import SPLITS
from keepers.errors import UserError

SHARES: Mapping[str, float] = {"train": 0.62, "val": 0.12, "calibration": 0.11, "test": 0.15}
PROTOCOLS = ("by-source", "random")
VARIANTS: Mapping[str, int] = {
    "blurred": 3,
    "camera_shake": 3,
    "distorted": 3,
    "overexposed": 2,
    "underexposed": 2,
}
"""Variants a source: with its original 14 photos, 1,680 for 120 sources, like the original study."""

BLURS: Mapping[str, tuple[str, ...]] = {
    "gaussian": ("gaussian_blur",),
    "defocus": ("defocus",),
    "both": ("gaussian_blur", "defocus"),
}
SHAKES: Mapping[str, tuple[str, ...]] = {
    "study": ("remap_shake",),
    "hand": ("hand_shake",),
    # Two of three are a real hand's: the remapping looks like frosted glass, which no camera makes.
    "both": ("hand_shake", "remap_shake", "hand_shake"),
}


DEALT: Mapping[str, float] = {"train": 0.78, "calibration": 0.14, "val": 0.04, "test": 0.04}
"""How `deal` spreads clean photos over the splits: most are needed for training and for calibration."""


@dataclass(frozen=True, slots=True)
class Item:
    """One photo to be made: `flaw` is empty for the original; `severity` 0..1; `seed` of its own generator."""

    source_id: str
    label: str
    flaw: str
    variant: int
    severity: float
    seed: int


def recipes(blur: str = "both", shake: str = "both") -> dict[str, tuple[str, ...]]:
    """Label to the names of the flaws that make it, in turn."""
    return {
        "blurred": BLURS[blur],
        "camera_shake": SHAKES[shake],
        "distorted": ("stretch",),
        "overexposed": ("overexposure",),
        "underexposed": ("underexposure",),
    }


def plan_source(
    source_id: str, seed: int, variants: Mapping[str, int], makers: Mapping[str, Sequence[str]]
) -> list[Item]:
    """All photos made of one source: its original, then the variants of each flaw.

    Every photo has a generator of its own, seeded from the dataset's seed, the source's id and its place, so
    that neither the number of workers nor the other sources change it. The severities of a source's variants
    are spread over 0..1.
    """
    items = [Item(source_id, "original", "", 0, 0.0, seed)]
    turn = int(source_id[-4:], 16)
    for place, (label, names) in enumerate(makers.items()):
        for variant in range(variants.get(label, 0)):
            sequence = np.random.SeedSequence([seed, int(source_id[:12], 16), place, variant])
            own = int(sequence.generate_state(1)[0])
            rng = np.random.default_rng(own)
            severity = (variant + float(rng.uniform())) / variants[label]
            items.append(Item(source_id, label, names[(turn + variant) % len(names)], variant, severity, own))
    return items


def _shares(count: int, rng: np.random.Generator) -> list[str]:
    edges = np.rint(np.cumsum([SHARES[name] for name in SPLITS]) * count).astype(int)
    names = np.array(SPLITS)[np.searchsorted(edges, np.arange(count), side="right").clip(0, len(SPLITS) - 1)]
    return [str(name) for name in rng.permutation(names)]


def split(items: Sequence[Item], protocol: str, seed: int) -> list[str]:
    """The split of every item.

    `by-source` keeps all photos made of one source on one side, so that a test photo's scene was never seen;
    `random`, the original study's, draws each photo alone and flatters the result.

    Raises:
        UserError: on an unknown protocol.
    """
    if protocol not in PROTOCOLS:
        raise UserError(f"There is no split protocol {protocol!r}; choose one of {', '.join(PROTOCOLS)}.")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x5917]))
    if protocol == "random":
        return _shares(len(items), rng)
    sources = sorted({item.source_id for item in items})
    side = dict(zip(sources, _shares(len(sources), rng), strict=True))
    return [side[item.source_id] for item in items]


def deal(ids: Sequence[str], like: Mapping[str, str], seed: int) -> dict[str, str]:
    """Content id -> split. Photos that `like` knows stay on the side where they are there.

    A study's test photos must not be trained on by the network that is to answer its question. The same ids, `like`
    and seed give the same sides to a dataset and to captures.
    """
    rest = sorted(set(ids) - set(like))
    drawn = np.random.default_rng([seed, 0xDEA1]).choice(list(DEALT), len(rest), p=list(DEALT.values()))
    return {i: like[i] for i in ids if i in like} | {i: str(s) for i, s in zip(rest, drawn, strict=True)}
