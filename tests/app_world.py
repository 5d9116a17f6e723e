"""A shoot of fake files under an engine and a judge that say what the files' names say: verbs without pixels."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from keepers import app
from keepers.app import measuring
from keepers.pipeline import judge
from keepers.types import Measurement, Photo, Reason, Report, Source, Verdict


class World:
    """A shoot of fake files, an engine that says what their names say, and a record of what was measured."""

    def __init__(self, root: Path) -> None:
        self.shoot = root / "shoot"
        self.shoot.mkdir()
        self.catalog = root / "data" / "catalog.db"
        self.version = "1"
        self.measured: list[str] = []
        self.interrupt_after: int | None = None

    def add(self, *names: str) -> None:
        for name in names:
            (self.shoot / name).write_bytes(name.encode())

    def score(self, sources: Iterable[Source], **_: object) -> Iterator[Report]:
        for source in sources:
            if self.interrupt_after is not None and len(self.measured) >= self.interrupt_after:
                raise KeyboardInterrupt
            self.measured.append(source.path.name)
            yield self.report(source)

    def report(self, source: Source) -> Report:
        name = source.path.name
        if name.startswith("bad"):
            return Report(source, error=f"{name} is damaged.", passing=False)
        if name.startswith("locked"):
            return Report(source, error=f"{name} may not be opened.", passing=True)
        photo = Photo(os.fsencode(name).hex().ljust(32, "0")[:32], source, 1000, 800)
        fact = Measurement("tile_sharpness", self.version, 0.1 if name.startswith("soft") else 0.9)
        return Report(source, photo, (fact,), model="net", timings={"decode": 2.0, "measure": 1.0})

    def cull(self, **more) -> app.Shoot:
        return app.cull(self.shoot, catalog=self.catalog, workers=1, **more)


def verdict(report: Report) -> Verdict:
    raw = report.measurements[0].raw or 0.0
    reason = Reason("blurred", "soft", 0.9)
    return Verdict("keep" if raw > 0.5 else "delete", raw, "original", {}, {"blurred": 1 - raw}, (reason,))


def build_world(root: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in `root`; the verbs live in it as long as the patches hold."""
    here = World(root)
    monkeypatch.setattr(measuring.executors, "score", here.score)
    monkeypatch.setattr(measuring.Run, "network", measuring.Network("none"))
    monkeypatch.setattr(measuring.Run, "calibration", None)
    monkeypatch.setattr(measuring.Run, "versions", lambda self: {"tile_sharpness": here.version})
    monkeypatch.setattr(judge, "judge_all", lambda reports, calibration, policy: [verdict(r) for r in reports])
    monkeypatch.setenv("KEEPERS_CATALOG", str(here.catalog))
    return here
