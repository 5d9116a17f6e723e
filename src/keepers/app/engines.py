"""The verb `measure_engines`: which library runs the networks of this computer fastest, with the same answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from keepers.app.measuring import Run
from keepers.models.engines import AUTO, Job, Trial
from keepers.settings import settings


@dataclass(frozen=True, slots=True)
class Installed:
    """An engine: what it is, which version is installed (None for none), and what would install it."""

    name: str
    what: str
    version: str | None
    extra: str


@dataclass(frozen=True, slots=True)
class Measured:
    """How the installed engines did with a network, and which one runs it. Milliseconds are of one core and one run:
    a photo for the network of whole photos, twelve patches for that of patches, a view of 960 x 640 for faces."""

    network: str
    trials: tuple[Trial, ...]
    used: str


@dataclass(frozen=True, slots=True)
class Engines:
    """`wished` is what was asked for by option or environment; `memory` the file in which choices are remembered."""

    wished: str
    installed: tuple[Installed, ...]
    networks: tuple[Measured, ...]
    memory: Path


def measure_engines(*, model: Path | str | None = None, engine: str | None = None) -> Engines:
    """Try every installed engine with every network that culling runs, and remember the fastest for `auto`.

    Args:
        model: an ONNX file to use instead of the packaged network, or "none".
        engine: as for `cull`.

    Raises:
        ModelError: a network's file is missing or damaged.
        UserError: there is no engine of that name.
    """
    from keepers.models import engines, memory

    run = Run(settings(model=model, engine=engine))
    remembered, wished = run.network.memory or Path(memory.FILE), run.network.engine
    there = engines.available()
    measured = []
    for name, job in _jobs(run).items():
        tried = engines.trials(job)
        best = engines.best(tried)
        memory.remember(remembered, memory.key(job.sha256, there), best)
        measured.append(Measured(name, tuple(tried), best if wished == AUTO else wished))
    installed = [Installed(n, e.what, there.get(n), e.extra) for n, e in engines.ENGINES.items()]
    return Engines(wished, tuple(installed), tuple(measured), remembered)


def _jobs(run: Run) -> Mapping[str, Job]:
    from keepers.models import faces, zoo

    networks = {} if run.network.kind == "none" else zoo.jobs(run.network.path)
    return {**networks, faces.name_of(): faces.job()}
