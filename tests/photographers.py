"""Photographers who were never born, with a taste that is known, and shoots that they never took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from face_makers import OPEN, SHUT, face
from frame_makers import shot
from keepers.evaluate.learning import Lesson
from keepers.pipeline import calibration
from keepers.pipeline.judge import judge_all
from keepers.pipeline.members import together
from keepers.pipeline.people import prominent, score_people
from keepers.pipeline.taste_facts import QUALITY, Table, joined, table
from keepers.types import Opinion, Report

Likes = Callable[[Table], np.ndarray]
"""Facts of photos to log odds of keeping them."""


def reports(seed: int, photos: int = 120, folder: Path | None = None) -> list[Report]:
    """A shoot: bursts of one to five frames of people and of things, most of them good, with its own light."""
    rng = np.random.default_rng(seed)
    mood, moment, made = rng.normal(0, 0.7), 0.0, []
    while len(made) < photos:
        moment += rng.uniform(5, 200)
        scene, smiling = int(rng.integers(1000)), rng.uniform(0, 0.6)
        light, crowd = -2.5 + mood + rng.normal(0, 0.8), int(rng.integers(0, 4))
        for _ in range(min(int(rng.integers(1, 6)), photos - len(made))):
            moment += 0.4
            one = shot(
                f"{len(made):04}.jpg",
                moment,
                scene,
                folder=folder or Path(f"/shoot{seed}"),
                light=light + rng.normal(0, 0.1),
                focal_mm=float(rng.choice([24, 35, 50, 85])),
                f_number=float(rng.choice([1.8, 2.8, 5.6])),
                facts=_facts(rng),
            )
            made.append(replace(one, faces=_faces(rng, crowd, smiling)))
    return made


def _facts(rng: np.random.Generator) -> dict[str, float]:
    soft = rng.uniform() < 0.15
    return {
        "tile_sharpness": rng.normal(-4.0 if soft else -1.3, 0.4),
        "shake_direction": abs(rng.normal(0, 0.3)),
        "focus_best": rng.normal(1.0 if soft else -7.0, 1.5),
        "clipped_highlights": rng.normal(-6, 1.5),
        "bright_tones": rng.normal(1, 1),
        "blocked_shadows": rng.normal(-5, 1.5),
        "dark_tones": rng.normal(2, 1),
        "noise": rng.normal(-8, 0.7),
    }


def _faces(rng: np.random.Generator, crowd: int, smiling: float) -> tuple:
    def one(number: int):
        lids = SHUT if rng.uniform() < 0.12 else OPEN
        smile = float(np.clip(smiling + rng.normal(0, 0.2), 0, 1))
        return face(lids, x=300.0 + 1100 * number, width=900.0, smile=smile, frame_width=300.0)

    return prominent([one(number) for number in range(crowd)], 6000, 4000)


def opinions(some: list[Report]) -> list[Opinion]:
    """What the machine thinks of a shoot, without any taste and without any choice."""
    judged = [Opinion(r, v) for r, v in zip(some, judge_all(some, calibration.load()), strict=True)]
    return together(judged, {}, [score_people(r.faces, 6000) if r.faces else None for r in some])


@lru_cache(maxsize=8)
def shoots(count: int, photos: int = 120, first: int = 0) -> tuple[tuple[Opinion, ...], ...]:
    """Several shoots as the machine sees them."""
    return tuple(tuple(opinions(reports(first + seed, photos))) for seed in range(count))


def smiles_and_light(facts: Table) -> np.ndarray:
    """Loves smiles and light pictures, and forgives softness; cares for technique a little."""
    smile, light, sharp, quality = np.nan_to_num(facts.of(["smile", "light", "tile_sharpness", QUALITY])).T
    beside = np.nan_to_num(facts.of(["beside:smile"])[:, 0])
    return 4 * smile + 6 * beside + 0.8 * (light + 2.5) - 0.3 * sharp + 0.1 * quality


def pixel_peeper(facts: Table) -> np.ndarray:
    """Agrees with the default order, more or less."""
    return facts.of([QUALITY])[:, 0]


def coin_flipper(facts: Table) -> np.ndarray:
    """Decides by a coin, whatever the photo."""
    return np.zeros(len(facts.values))


def choices(likes: Likes, facts: Table, rng: np.random.Generator, share: float = 0.35) -> np.ndarray:
    """Which photos a photographer keeps, about a share of them, with the noise of a human hand."""
    odds = likes(facts) + rng.logistic(0, 1, len(facts.values))
    return odds > np.quantile(odds, 1 - share)


def lesson(made: tuple[tuple[Opinion, ...], ...], likes: Likes | list[Likes], seed: int = 0) -> Lesson:
    """What there is to learn from these shoots; a list of tastes has one for each shoot."""
    rng = np.random.default_rng(seed)
    tables = [table(some) for some in made]
    tastes = likes if isinstance(likes, list) else [likes] * len(made)
    kept = np.concatenate([choices(one, facts, rng) for one, facts in zip(tastes, tables, strict=True)])
    pile = {"keep": 2.0, "maybe": 1.0, "delete": 0.0}
    verdicts = [one.verdict for some in made for one in some]
    score = np.array([v.score for v in verdicts if v])
    order = np.array([pile[v.verdict] for v in verdicts if v])
    shoot = np.repeat(np.arange(len(made)), [len(some) for some in made])
    names = tuple(f"shoot{n}" for n in range(len(made)))
    return Lesson(joined(tables), kept, shoot, names, (score, order + score), tuple(tables))
