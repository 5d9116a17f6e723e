"""The verbs that have a catalog, killed: cull, choose and export.

What a command has printed is acknowledged: it must be there afterwards. The catalog must be sound, the choices those
that were made and no others, and no file of the shoot another than before.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scenario import Scenario, insist

from keepers import app
from keepers.app.measuring import Run
from keepers.catalog.db import Catalog
from keepers.cli import build
from keepers.errors import NothingToDo
from keepers.export.xmp_merge import NEW_SIDECAR, changes, merge
from keepers.io.files import content_id
from keepers.io.scan import scan
from keepers.settings import settings
from keepers.types import VERDICTS, Measurement, Photo, Report, VerdictName

PHOTOS = 12
CHOICES = 40
"""How often a person chooses in one life."""


class Verb(Scenario):
    """A shoot of small photos, of which every third was rated in another program, and a catalog."""

    culled = True

    def shoot(self, place: Path) -> Path:
        """The folder of photos."""
        return place / "shoot"

    def catalog(self, place: Path) -> Path:
        """The file of the catalog."""
        return place / "data" / "catalog.db"

    def prepare(self, place: Path) -> None:
        """Photos, sidecars, and where the scenario starts with a culled folder, facts without measuring."""
        shutil.copytree(_template(), self.shoot(place))
        if self.culled:
            versions = Run(settings(model="none")).versions()
            facts = tuple(Measurement(name, version, 0.5) for name, version in versions.items())
            sources = scan([self.shoot(place)])
            with Catalog(self.catalog(place)) as store:
                store.save([Report(s, Photo(content_id(s), s, 48, 32), facts) for s in sources])
            insist(self.cull(place).measured == 0, "the facts that were made up are not taken for facts")

    def cull(self, place: Path) -> app.Shoot:
        """Cull the shoot as the next start of keepers would."""
        return app.cull(self.shoot(place), catalog=self.catalog(place), model="none", workers=1)

    def choices(self, place: Path) -> dict[str, VerdictName]:
        """Name of a photo -> what counts as a person's choice."""
        with Catalog(self.catalog(place)) as store:
            found = store.choices()
        return {s.path.name: found[i] for s in scan([self.shoot(place)]) if (i := content_id(s)) in found}

    def ratings(self) -> dict[str, VerdictName]:
        """What the sidecars of the template say."""
        return {f"IMG_{n:02}.jpg": VERDICTS[n // 3 % 2 * 2] for n in range(0, PHOTOS, 3)}

    def sound(self, place: Path) -> None:
        """The catalog passes SQLite's own check, or was not made yet."""
        if not self.catalog(place).exists():
            return
        database = sqlite3.connect(self.catalog(place))
        insist(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "the catalog is damaged")
        insist(not database.execute("PRAGMA foreign_key_check").fetchall(), "the catalog contradicts itself")
        database.close()

    def check_after_kill(self, place: Path) -> None:
        """The catalog is sound, and culling or choosing touched no file."""
        self.sound(place)
        insist(_tree(self.shoot(place)) == _tree(_template()), "a file of the shoot was changed")

    def start_again(self, place: Path) -> None:
        """Cull again."""
        found = self.cull(place)
        insist(len(found.opinions) == PHOTOS and not found.unreadable, "photos are missing")

    def check(self, place: Path) -> None:
        """Everything is as if nobody had been killed."""
        self.sound(place)
        insist(_tree(self.shoot(place)) == _tree(_template()), "a file of the shoot was changed")
        insist(self.cull(place).measured == 0, "facts were lost")


class Culling(Verb):
    """A first cull, with measuring and with taking over the ratings of other programs."""

    name = "cull"
    culled = False

    def act(self, place: Path) -> None:
        """Cull; chunks of one photo, so that there are many moments between them."""
        app.culling.CHUNK = 1  # type: ignore[attr-defined]
        self.cull(place)

    def check(self, place: Path) -> None:
        """The ratings of the sidecars are the only choices."""
        super().check(place)
        insist(self.choices(place) == self.ratings(), f"the choices are {self.choices(place)}")


class Choosing(Verb):
    """A person chooses, photo by photo, with the real command."""

    name = "choose"

    def plan(self) -> list[tuple[str, VerdictName | None]]:
        """What is chosen, the same in every life."""
        rng = random.Random(3)
        return [(f"IMG_{rng.randrange(PHOTOS):02}.jpg", rng.choice([*VERDICTS, None])) for _ in range(CHOICES)]

    def act(self, place: Path) -> None:
        """`keepers choose`, again and again; what it prints goes to a file that survives the kill."""
        command = build()
        with _printing_to(place / "printed"):
            for name, verdict in self.plan():
                option = f"--{verdict or 'undo'}"
                catalog = ("--catalog", str(self.catalog(place)), "--model", "none")
                command(["choose", str(self.shoot(place) / name), option, *catalog], standalone_mode=False)

    def check(self, place: Path) -> None:
        """Every choice that was printed is there, in order, and at most the next one besides."""
        super().check(place)
        printed = (place / "printed").read_bytes().count(b"\n") if (place / "printed").exists() else 0
        database = sqlite3.connect(self.catalog(place))
        rows = database.execute("SELECT photo, verdict FROM choice WHERE origin = 'person' ORDER BY id").fetchall()
        database.close()
        ids = {source.path.name: content_id(source) for source in scan([self.shoot(place)])}
        wanted = [(ids[name], verdict) for name, verdict in self.plan()]
        insist(len(rows) in (printed, printed + 1), f"{printed} choices were acknowledged, {len(rows)} are there")
        insist(rows == wanted[: len(rows)], "the choices are not those that were made")
        said: dict[str, VerdictName | None] = {**self.ratings(), **dict(self.plan()[: len(rows)])}
        insist(self.choices(place) == {n: v for n, v in said.items() if v}, "another choice counts than the latest")


class ExportingRatings(Verb):
    """`export --to xmp` of choices, over a catalog that must not take them for news afterwards."""

    name = "export"

    def prepare(self, place: Path) -> None:
        """A culled shoot with choices, some of which contradict the sidecars."""
        super().prepare(place)
        for number, verdict in enumerate(VERDICTS * 2):
            app.choose([self.shoot(place) / f"IMG_{number:02}.jpg"], verdict, catalog=self.catalog(place), model="none")

    def wanted(self) -> dict[str, VerdictName]:
        """The choices of `prepare`."""
        return {**self.ratings(), **{f"IMG_{n:02}.jpg": verdict for n, verdict in enumerate(VERDICTS * 2)}}

    def act(self, place: Path) -> None:
        """Export all photos."""
        app.export(self.shoot(place), "xmp", catalog=self.catalog(place), model="none")

    def check_after_kill(self, place: Path) -> None:
        """The catalog is sound, and no photo was touched."""
        self.sound(place)
        insist(_photos(_tree(self.shoot(place))) == _photos(_tree(_template())), "a photo was changed")

    def start_again(self, place: Path) -> None:
        """Cull again, which takes back what was cut short."""
        super().start_again(place)
        (job,) = app.jobs(catalog=self.catalog(place)) or (None,)
        insist(job is None or job.state in ("done", "undone"), f"the job is {job and job.state}")

    def check(self, place: Path) -> None:
        """The choices are as they were; so are the files, once what is left is undone."""
        insist(self.choices(place) == self.wanted(), f"the choices became {self.choices(place)}")
        with suppress(NothingToDo):
            app.undo(catalog=self.catalog(place))
        super().check(place)
        insist(self.choices(place) == self.wanted(), f"undo changed the choices to {self.choices(place)}")


VERBS: tuple[Scenario, ...] = (Culling(), Choosing(), ExportingRatings())


@contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """Standard output as the system sees it goes to `path`, unbuffered by this process once a line is complete."""
    sys.stdout.flush()
    kept = os.dup(1)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(target, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(target)


def _template() -> Path:
    """Small photos, made once on this machine and copied with their times."""
    import numpy as np
    from PIL import Image

    folder = Path(tempfile.gettempdir()) / f"keepers-soak-template-{os.getuid()}"
    if not folder.exists():
        made = Path(tempfile.mkdtemp(prefix="keepers-soak-"))
        for number in range(PHOTOS):
            noise = np.random.default_rng(number).integers(0, 255, (32, 48, 3), dtype=np.uint8)
            Image.fromarray(noise).save(made / f"IMG_{number:02}.jpg")
        for name, verdict in Verb().ratings().items():
            flags = {key: value for key, value in changes(verdict, "person").items() if "keepers:" not in key}
            (made / name).with_suffix(".xmp").write_bytes(_plain(flags))
        with suppress(OSError):  # another process was faster
            made.rename(folder)
    return folder


def _plain(flags: dict[str, str | None]) -> bytes:
    """A sidecar of another program: what keepers writes of its own is taken out again."""
    own = dict.fromkeys(changes("keep", "person"), None)
    return merge(NEW_SIDECAR, {**own, **flags}, "a template")


def _tree(folder: Path) -> dict[str, tuple[str, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.name: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in files}


def _photos(tree: dict[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    return {name: facts for name, facts in tree.items() if name.endswith(".jpg")}
