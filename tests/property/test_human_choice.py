"""A human choice always wins: whatever is culled, exported, undone, moved and said elsewhere, in whatever order."""

import itertools
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from app_world import build_world
from keepers import app
from keepers.app import culling
from keepers.catalog.db import Catalog
from keepers.errors import NothingToDo
from keepers.export.xmp_merge import NEW_SIDECAR
from keepers.io import xmp
from keepers.types import VerdictName

PHOTOS = ("a", "soft")
photos = st.sampled_from(PHOTOS)
verdicts = st.sampled_from(("keep", "maybe", "delete"))
FLAGS: dict[VerdictName | None, dict[str, str | None]] = {
    "keep": {xmp.GOOD: "true", xmp.PICK: "1"},
    "delete": {xmp.GOOD: "false", xmp.PICK: "-1"},
    None: {xmp.GOOD: None, xmp.PICK: "0"},
}
"""What a raw developer writes for a pick, a reject and no flag; it leaves what it does not know."""


def set_flag(sidecar: Path, flag: VerdictName | None) -> bool:
    """Do as Lightroom does; whether that changed anything."""
    old = sidecar.read_bytes() if sidecar.exists() else NEW_SIDECAR
    packet = xmp.parse(old, "x")
    before = xmp.properties(packet)
    for description in packet.descriptions():
        for key, value in FLAGS[flag].items():
            if value is not None:
                description.set(key, value)
            elif key in description.attrib:
                del description.attrib[key]
    sidecar.write_bytes(packet.to_bytes())
    return before.get(xmp.GOOD) != FLAGS[flag][xmp.GOOD]


class Shoot(RuleBasedStateMachine):
    """`choice` is the latest word of a person, `elsewhere` are the photos whose choice was made in another program."""

    def __init__(self) -> None:
        super().__init__()
        self._patches = pytest.MonkeyPatch()
        self._folder = tempfile.TemporaryDirectory()
        self.world = build_world(Path(self._folder.name), self._patches)
        self._patches.setattr(culling, "content_id", lambda source: source.path.read_bytes().hex().ljust(32, "0"))
        self.world.add(*(f"{name}.jpg" for name in PHOTOS))
        self.choice: dict[str, VerdictName | None] = dict.fromkeys(PHOTOS)
        self.elsewhere: set[str] = set()
        self._clock = itertools.count(2_000_000_000)
        self.world.cull()

    def teardown(self) -> None:
        self._patches.undo()
        self._folder.cleanup()

    def path(self, photo: str) -> Path:
        return self.world.shoot / f"{photo}.jpg"

    @rule(photo=photos, verdict=st.none() | verdicts)
    def choose(self, photo: str, verdict: VerdictName | None) -> None:
        app.choose([self.path(photo)], verdict)
        self.choice[photo] = verdict
        self.elsewhere.discard(photo)

    @rule(photo=photos, flag=st.sampled_from(("keep", "delete", None)))
    def flag_elsewhere(self, photo: str, flag: VerdictName | None) -> None:
        # In the sidecar that is there: of two that contradict each other nobody can say which a person means.
        named = self.path(photo).with_name(f"{photo}.jpg.xmp")
        sidecar = named if named.exists() else self.path(photo).with_suffix(".xmp")
        changed = set_flag(sidecar, flag)
        moment = next(self._clock)
        os.utime(sidecar, (moment, moment))
        if not changed:
            return
        rating = xmp.read_rating(sidecar.read_bytes())
        if rating.by == "person":
            self.choice[photo] = rating.verdict
            self.elsewhere.add(photo)
        elif photo in self.elsewhere:
            self.choice[photo] = None
        self.world.cull()

    @rule(profile=st.sampled_from(("adobe", "bridge", "darktable", "digikam")), stars=st.booleans())
    def export(self, profile: str, stars: bool) -> None:
        done = app.export(self.world.shoot, "xmp", options={"profile": profile, "stars": stars}).done
        assert not done.failures

    @rule()
    def undo(self) -> None:
        try:
            app.undo()
        except NothingToDo:
            return

    @rule()
    def cull(self) -> None:
        self.world.cull()

    @rule()
    def measure_anew(self) -> None:
        self.world.version += "1"
        self.world.cull()

    @rule()
    def rename_the_folder(self) -> None:
        self.world.shoot = self.world.shoot.rename(self.world.shoot.with_name(f"shoot{next(self._clock)}"))
        self.world.cull()

    @invariant()
    def the_latest_word_counts(self) -> None:
        with Catalog(self.world.catalog) as store:
            choices = store.choices()
        ids = {name: f"{name}.jpg".encode().hex().ljust(32, "0") for name in PHOTOS}
        assert {name: choices.get(ids[name]) for name in PHOTOS} == self.choice

    @invariant()
    def what_is_listed_says_so(self) -> None:
        for opinion in app.list_photos(self.world.shoot):
            wanted = self.choice[opinion.path.stem]
            if opinion.verdict is not None and wanted is not None:
                assert opinion.verdict.verdict == wanted


TestHumanChoice = Shoot.TestCase
TestHumanChoice.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
