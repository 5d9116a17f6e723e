"""Measure this machine, compare with the results that are committed, and rewrite docs/performance.md.

    python bench/build.py [--photos DIR] [--peers PYTHON] [--only bench|peers] [--check]

or `make bench`. Results go into bench/results; of the page only what stands between <!-- measured NAME --> and
<!-- end --> is replaced, the prose stays. It ends with an error where a ratio is worse than the committed one by more
than `TOLERANCE`: ratios to what this machine can do compare across machines, milliseconds do not. `--check` compares
only.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keepers.app import bench
from keepers.app.benching import Bench, Lot, report, tables
from keepers.evaluate.tables import table

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "performance.md"
FIGURE = "../bench/results/bench.png"
TOLERANCE = 0.15
"""Ratios of two runs on one machine differ by up to a tenth where other programs run."""
sys.path.insert(0, str(HERE / "peers"))
import run as peers  # noqa: E402

REPEATS = 2
LEAD = "24 MP JPEG"
PEER = "full-size script with a network"


@dataclass(frozen=True)
class Figure:
    """A ratio: of which photos, which one, its value; whether more of it is better."""

    photos: str
    name: str
    value: float
    more_is_better: bool


def figures(data: Mapping[str, Any]) -> list[Figure]:
    """The ratios of a bench.json."""
    better = {"over_bare": False, "over_limit": False, "scaling": True}
    return [
        Figure(lot["name"], name, lot[name], more)
        for lot in data["lots"]
        for name, more in better.items()
        if lot.get(name)
    ]


def worse(new: Sequence[Figure], old: Sequence[Figure], tolerance: float = TOLERANCE) -> list[str]:
    """A sentence for each ratio that is worse than it was by more than the tolerance."""
    known = {(one.photos, one.name): one for one in old}
    sentences = []
    for one in new:
        before = known.get((one.photos, one.name))
        if before is None:
            continue
        loss = before.value / one.value if one.more_is_better else one.value / before.value
        if loss > 1 + tolerance:
            sentences.append(f"{one.photos}: {one.name} was {before.value:.2f} and is {one.value:.2f}.")
    return sentences


def goals(found: Bench, beside: Mapping[str, Any] | None) -> str:
    """What we set ourselves for 24 megapixels on two cores, and where we are."""
    lot = next((one for one in found.lots if one.name == LEAD), None)
    raw = next((one for one in found.lots if one.name == LEAD.replace("JPEG", "RAW")), None)
    rows = [
        _goal("CPU time at most 1.45 times the bare calls", lot and lot.over_bare, 1.45, below=True),
        _goal("the same, over what the machine could do at best", lot and lot.over_limit, 1.45, below=True),
        _goal("two threads over one: at least 1.85", lot and lot.scaling, 1.85),
        _goal("RAW by preview at least as fast as JPEG", raw and tables.over_jpeg(raw, found.lots), 1.0),
        _goal(f"at least 8 times the {PEER}", _times(beside, PEER), 8.0),
        _goal("... and without its network", _times(beside, "full-size script"), 8.0),
    ]
    return table(("goal, 24 MP, two cores, everything on", "measured", "reached"), rows)


def _goal(words: str, value: float | None, aim: float, below: bool = False) -> tuple[str, str, str]:
    if value is None:
        return words, "not measured", ""
    return words, f"{value:.2f}", "yes" if (value <= aim if below else value >= aim) else "**no**"


def _times(beside: Mapping[str, Any] | None, name: str) -> float | None:
    """How many times the photos a second of a peer."""
    rates = {row["name"]: row["rate"] for row in beside["rows"]} if beside else {}
    return rates[peers.OURS] / rates[name] if name in rates else None


def replaced(page: str, name: str, text: str) -> str:
    """The page with the block `name` replaced. Raises ValueError where there is no such block."""
    pattern = re.compile(rf"(<!-- measured {re.escape(name)} -->\n).*?(\n?<!-- end -->)", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no block <!-- measured {name} --> ... <!-- end -->")
    return pattern.sub(lambda found: f"{found.group(1)}\n{text}\n\n{found.group(2).lstrip()}", page, count=1)


def blocks(found: Bench, beside: Mapping[str, Any] | None) -> dict[str, str]:
    """What stands in each block of the page."""
    filled = {
        "run": tables.headline(found),
        "goals": goals(found, beside),
        "rates": tables.rates(found.lots),
        "costs": f"{tables.costs(found.lots)}\n\n![CPU time by stage beside what cannot be saved]({FIGURE})",
        "limits": "\n\n".join((tables.limits(found), tables.floors(found.lots), tables.ratios(found.lots))),
    }
    if beside is not None:
        rows = tuple(peers.Row(**row) for row in beside["rows"])
        filled["peers"] = peers.markdown(peers.Comparison(**{**beside, "rows": rows})).strip()
    return filled


def stored(name: str) -> dict[str, Any] | None:
    """A file of the results, or None where there is none yet."""
    path = RESULTS / name
    data: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return data


def restored(data: Mapping[str, Any]) -> Bench:
    """The findings that a bench.json was written from, to a few digits."""
    from keepers.app.benching import Floor, Pass, Stage

    def lot(one: Mapping[str, Any]) -> Lot:
        passes = tuple(Pass(**{k: v for k, v in each.items() if k != "rate"}) for each in one["passes"])
        plain = {k: v for k, v in one.items() if k not in ("costs_ms", "over_bare", "over_limit", "scaling")}
        found = {k: Stage(**v) for k, v in one["stages"].items()}
        return Lot(**{**plain, "passes": passes, "stages": found, "floors": tuple(Floor(**f) for f in one["floors"])})

    return Bench(**{**data, "lots": tuple(map(lot, data["lots"]))})


def _tell(done: int, total: int) -> None:
    if done % 24 == 0 or done == total:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


def main() -> int:
    """Measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="where made photos are kept for the next time")
    parser.add_argument("--peers", type=Path, help="the Python of the environment of bench/peers/requirements.txt")
    parser.add_argument("--only", choices=("bench", "peers"))
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args()
    before = stored("bench.json")
    lines: list[str] = []
    with TemporaryDirectory(prefix="keepers-bench-") as scratch:
        photos = options.photos or Path(scratch)
        if options.only != "peers":
            found = bench(photos=photos, repeat=REPEATS, progress=_tell)
            print(tables.markdown(found))
            new = json.loads(tables.to_json(found))
            lines = worse(figures(new), figures(before)) if before else []
            if not options.check:
                report.write(found, RESULTS)
        if options.only != "bench" and not options.check and options.peers is not None:
            beside = peers.compare(_lead(photos), options.peers, 12)
            print(peers.markdown(beside))
            peers.write(beside, RESULTS)
    if not options.check:
        _rewrite()
    for line in lines:
        print(f"Worse than the committed result: {line}", file=sys.stderr)
    return 1 if lines else 0


def _lead(photos: Path) -> Path:
    """The folder of the photos that peers are compared on."""
    from keepers.app.benching.made import Wanted, make

    return make(photos, Wanted(24, 24), 2, lambda done: None)


def _rewrite() -> None:
    """Fill the page from the stored results."""
    data = stored("bench.json")
    if data is None:
        return
    page = PAGE.read_text(encoding="utf-8")
    for name, text in blocks(restored(data), stored("peers.json")).items():
        page = replaced(page, name, text)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
