"""How often a simulated photographer's taste passes its test, how much it helps, and how long learning takes.

    python tests/soak/tastes.py                        a thousand photographers of each kind, 3 shoots of 120 photos
    python tests/soak/tastes.py --shoots 8 --runs 50   more shoots, and less surely
    python tests/soak/tastes.py --use                  what a taste changes in new shoots
    python tests/soak/tastes.py --speed                10,000 choices

Facts and choices are made up (tests/photographers.py). A coin flipper must pass in at most 5 % of runs, and so must one
whose taste is another one in every shoot.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from keepers.evaluate.learning import Lesson, teach
from keepers.pipeline.taste import Taste
from keepers.pipeline.taste_facts import Table, joined, table
from keepers.pipeline.taste_use import apply
from photographers import Likes, choices, coin_flipper, lesson, pixel_peeper, shoots, smiles_and_light

Person = Callable[[int, int], Likes | list[Likes]]
"""Number of the run and of shoots -> taste."""


def random_taste(seed: int) -> Likes:
    """A fifth of all facts counts, at random."""

    def likes(facts: Table) -> np.ndarray:
        values = np.where(np.isfinite(facts.values), facts.values, np.nan)
        known = np.isfinite(values).any(axis=0)
        spread = np.ones(len(known))
        spread[known] = np.maximum(np.nanstd(values[:, known], axis=0), 1e-9)
        rng = np.random.default_rng(seed)
        weights = rng.normal(size=len(known)) * (rng.uniform(size=len(known)) < 0.2)
        return np.nan_to_num(values / spread) @ weights

    return likes


PEOPLE: dict[str, Person] = {
    "decides by a coin": lambda run, count: coin_flipper,
    "another taste in every shoot": lambda run, count: [random_taste(1000 * run + n) for n in range(count)],
    "the default order, more or less": lambda run, count: pixel_peeper,
    "one taste at random": lambda run, count: random_taste(run),
    "smiles and light": lambda run, count: smiles_and_light,
}


def gates(count: int, runs: int) -> None:
    """How often each passes, and the mean areas under the curve."""
    print("shoots  runs  passed  default  learned  photographer")
    made = shoots(count)
    for name, person in PEOPLE.items():
        some = [teach(lesson(made, person(run, count), run)) for run in range(runs)]
        found = [one.gate for one in some if one is not None]
        passed = np.mean([gate.passed for gate in found])
        areas = [float(np.mean([getattr(gate, key) for gate in found])) for key in ("default", "learned")]
        print(f"{count:6} {len(found):5} {passed:7.1%} {areas[0]:8.3f} {areas[1]:8.3f}  {name}", flush=True)


def use(count: int = 20) -> None:
    """What a taste that passed changes in shoots that nobody learned from."""
    taste = teach(lesson(shoots(6), smiles_and_light, 1))
    assert taste is not None and taste.gate.passed
    rows = [_used(taste, shoot) for shoot in shoots(count, first=5000)]
    before, after, down, up = (np.sum([row[n] for row in rows], axis=0) for n in range(4))
    print(f"Must Haves before {before[0]}, of them kept {before[1]}; after {after[0]}, kept {after[1]}")
    print(f"to Maybes {down[0]}, kept {down[1]}; to Must Haves {up[0]}, kept {up[1]}; {count} shoots, {before[2]} kept")


def _used(taste: Taste, shoot: tuple) -> tuple[tuple[int, int, int], ...]:
    kept = choices(smiles_and_light, table(shoot), np.random.default_rng(len(shoot)))
    was, now = (
        np.array([one.verdict.verdict for one in some]) for some in (shoot, apply(shoot, taste, {}))
    )
    assert ((was == "delete") == (now == "delete")).all()
    moves = (was == "keep", now == "keep", (was == "keep") & (now == "maybe"), (was == "maybe") & (now == "keep"))
    return tuple((int(one.sum()), int((one & kept).sum()), int(kept.sum())) for one in moves)


def speed(photos: int = 10_000) -> None:
    """Learning from so many choices in eight shoots, and using what was learned for as many photos."""
    one = lesson(shoots(8), smiles_and_light)
    times = -(-photos // len(one.kept))
    orders = tuple(np.tile(order, times) for order in one.orders)
    many = Lesson(
        joined([one.table] * times), np.tile(one.kept, times), np.tile(one.shoot, times), one.names, orders, one.around
    )
    began = time.perf_counter()
    taste = teach(many)
    print(f"learned from {len(many.kept)} choices in {time.perf_counter() - began:.1f} s")
    assert taste is not None
    some = [opinion for _ in range(times) for shoot in shoots(8) for opinion in shoot]
    began = time.perf_counter()
    apply(some, taste, {})
    print(f"used for {len(some)} photos in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--shoots", type=int, default=3)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--use", action="store_true")
    wanted = parser.parse_args()
    if wanted.speed:
        speed()
    elif wanted.use:
        use()
    else:
        gates(wanted.shoots, wanted.runs)
