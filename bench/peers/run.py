"""keepers beside what one would pick instead, on the same photos, in the same run.

    python bench/peers/run.py FOLDER [-o DIR] [--python .venv-peers/bin/python] [--photos 12]

FOLDER holds JPEGs. `--python` is the interpreter of the environment that requirements.txt describes; keepers runs in
the one that runs this script. Prints a table of ratios and, with -o, writes peers.md and peers.json. A peer that is not
installed is told of and left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from keepers.app.benching import machine
from keepers.app.benching.floors import Tools
from keepers.app.benching.passes import measure
from keepers.app.measuring import Run, photos_in
from keepers.evaluate.tables import NOTHING, table
from keepers.pipeline.score import load_network
from keepers.settings import settings
from keepers.types import Report, Source

HERE = Path(__file__).parent
OURS = "keepers, everything on"
NETWORK = "keepers' network for whole photos alone"
LIMIT_S = 150


@dataclass(frozen=True)
class Peer:
    """A script beside this one, and what it does in words. beside: which figure of keepers it is compared with."""

    name: str
    script: str
    does: str
    arguments: tuple[str, ...] = ()
    beside: str = OURS


PEERS = (
    Peer("full-size script", "laplacian_hash.py", "cv2.imread, Laplacian variance, brightness, imagehash"),
    Peer("full-size script, a process per core", "laplacian_hash.py", "the same in a pool of processes",
         ("--processes", str(settings().workers))),
    Peer("full-size script with a network", "laplacian_hash_torch.py", "the same and a ResNet50 in torch, eager"),
    Peer("imagededup's hash", "imagededup_hash.py", "a perceptual hash for duplicates, nothing else"),
    Peer("the network in torch", "torch_eager.py", "ResNet50 at 224 pixels, eager, fp32, one thread", beside=NETWORK),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What one of them took: photos a second, CPU milliseconds a photo, MB of memory; None where not known."""

    name: str
    does: str
    rate: float
    cpu_ms: float | None
    peak_mb: float | None
    beside: str | None = None


@dataclass(frozen=True)
class Comparison:
    """All of them on the same photos, and why the others are missing."""

    machine: str
    photos: int
    megapixels: float
    rows: tuple[Row, ...]
    missing: dict[str, str]

    def row(self, name: str) -> Row | None:
        """The row of that name."""
        return next((row for row in self.rows if row.name == name), None)


def compare(folder: Path, python: Path | None, photos: int) -> Comparison:
    """Run keepers and every peer over up to so many photos of a folder."""
    sources = photos_in(folder)[0]
    if photos < len(sources):
        sources = [sources[i * len(sources) // photos] for i in range(photos)]
    run = Run(settings()).prepare()
    ours, reports = measure(run, sources, run.settings.workers, lambda: None)
    rows = [Row(OURS, "networks, faces, groups, thumbnails, catalog", ours.rate, ours.cpu_ms,
                None if ours.peak_bytes is None else ours.peak_bytes / 1e6)]  # fmt: skip
    rows += _network_alone(run, reports)
    missing: dict[str, str] = {}
    for peer in PEERS:
        answer = _asked(peer, python, sources)
        if isinstance(answer, str):
            missing[peer.name] = answer
        else:
            rows.append(Row(peer.name, peer.does, answer["rate"], answer["cpu_ms"], answer["peak_mb"], peer.beside))
    sizes = [r.photo.width * r.photo.height / 1e6 for r in reports if r.photo is not None]
    return Comparison(machine(), len(sources), sum(sizes) / len(sizes), tuple(rows), missing)


def _network_alone(run: Run, reports: Sequence[Report]) -> list[Row]:
    """The network for whole photos on ready inputs, as `keepers bench` measures it."""
    import time

    loaded = load_network(run.network)
    if loaded is None:
        return []
    tools = Tools(loaded)
    spent, runs = 0.0, 0
    for report in reports:
        ready = tools.ready(report) if report.photo is not None else None
        if ready is None or not ready.inputs:
            continue
        session, x = ready.inputs[0]
        for _ in range(3):
            began = time.thread_time()
            session.run(x)
            spent, runs = spent + time.thread_time() - began, runs + 1
    if not runs:
        return []
    return [Row(NETWORK, "one thread, its input ready", runs / spent, 1000 * spent / runs, None)]


def _asked(peer: Peer, python: Path | None, sources: Sequence[Source]) -> dict[str, float] | str:
    """Its figures, or why there are none."""
    if python is None:
        return "no environment for peers was named"
    command = [str(python), str(HERE / peer.script), *peer.arguments, *(str(s.path) for s in sources)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{type(error).__name__}"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it ended with an error"])[-1]
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def markdown(found: Comparison) -> str:
    """Ratios: how many times the photos a second and the CPU time of keepers' figure that each is compared with."""
    rows: list[tuple[object, ...]] = []
    for row in found.rows:
        beside = found.row(row.beside) if row.beside else None
        faster = NOTHING if beside is None else f"**{beside.rate / row.rate:.1f}**"
        known = beside is not None and row.cpu_ms and beside.cpu_ms
        cheaper = f"{row.cpu_ms / beside.cpu_ms:.1f}" if known else NOTHING
        rows.append((row.name, row.does, faster, cheaper, f"{row.rate:.2f}", _number(row.cpu_ms), _number(row.peak_mb)))
    header = ("what", "does", "keepers' photos/s over it", "its CPU time over keepers'", "photos/s", "CPU ms a photo",
              "memory, MB")  # fmt: skip
    parts = [f"{found.photos} photos of {found.megapixels:.0f} MP; {found.machine}.", table(header, rows)]
    parts += [f"Not run: {name} ({why})." for name, why in found.missing.items()]
    return "\n\n".join(parts) + "\n"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.0f}"


def write(found: Comparison, folder: Path) -> None:
    """peers.md and peers.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text("# keepers and its peers\n\n" + markdown(found), encoding="utf-8")
    (folder / "peers.json").write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", "-o", type=Path)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--photos", type=int, default=12)
    options = parser.parse_args()
    found = compare(options.folder.expanduser(), options.python, options.photos)
    print(markdown(found), end="")
    if options.out is not None:
        write(found, options.out)


if __name__ == "__main__":
    sys.exit(main())
