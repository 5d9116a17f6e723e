"""The verbs around a taste, over a catalog of shoots that nobody took."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from keepers import app
from keepers.app import measuring, tastes
from keepers.catalog.db import Catalog
from keepers.cli import build
from keepers.errors import NotFound, NothingToDo, Refused
from keepers.export.xmp_merge import NEW_SIDECAR
from keepers.io import xmp
from keepers.io.scan import scan
from keepers.pipeline.policy import Wishes
from keepers.pipeline.taste_facts import Table, table
from keepers.settings import settings
from keepers.types import Opinion, Report, Source
from photographers import Likes, choices, opinions, reports, smiles_and_light

PHOTOS = 60


class Studio:
    """A folder with shoots, a catalog that knows them, and somebody who chooses."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalog = root / "data" / "catalog.db"

    def shoot(self, seed: int, likes: Likes | None = smiles_and_light, photos: int = PHOTOS) -> Path:
        """Cull a shoot and choose in all of it, or not at all."""
        folder = self.root / f"shoot{seed}"
        folder.mkdir()
        made = reports(seed, photos, folder)
        for report in made:
            report.source.path.write_bytes(f"{seed} {report.source.path.name}".encode())
        sources = {source.path: source for source in scan([folder])}
        made = [self.of_file(report, sources[report.source.path]) for report in made]
        with Catalog(self.catalog) as store:
            store.save(made)
            store.note_shoot(folder, Wishes())
        if likes is not None:
            self.choose(made, likes, seed)
        return folder

    def choose(self, made: list[Report], likes: Likes, seed: int) -> None:
        kept = choices(likes, table(opinions(made)), np.random.default_rng(seed))
        ids = [report.photo.id for report in made if report.photo]
        with Catalog(self.catalog) as store:
            store.choose([one for one, keep in zip(ids, kept, strict=True) if keep], "keep")
            store.choose([one for one, keep in zip(ids, kept, strict=True) if not keep], "maybe")

    @staticmethod
    def of_file(report: Report, source: Source) -> Report:
        assert report.photo
        name = hashlib.blake2b(source.path.read_bytes(), digest_size=16).hexdigest()
        return replace(report, source=source, photo=replace(report.photo, id=name, source=source))

    def list(self, folder: Path) -> list[Opinion]:
        return app.list_photos(folder, catalog=self.catalog)

    def learn(self, *folders: Path) -> app.Learned:
        return app.learn(folders, catalog=self.catalog)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
    versions = {"tile_sharpness": "1", "noise": "1"}
    monkeypatch.setattr(measuring.Run, "versions", lambda self: versions)
    monkeypatch.setattr(measuring.Run, "network", measuring.Network("none"))
    here = Studio(tmp_path)
    monkeypatch.setenv("KEEPERS_CATALOG", str(here.catalog))
    return here


@pytest.fixture
def learned(studio: Studio) -> Studio:
    for seed in range(4):
        studio.shoot(seed)
    assert studio.learn().used
    return studio


def flip(facts: Table) -> np.ndarray:
    """Keeps what nothing foretells."""
    return np.zeros(len(facts.values))


def verdicts(some: list[Opinion]) -> list[object]:
    return [(o.verdict, o.group) for o in some]


def test_what_was_learned_is_used_and_switching_it_off_leaves_no_trace(studio: Studio) -> None:
    new = studio.shoot(9, likes=None)
    before = studio.list(new)
    for seed in range(4):
        studio.shoot(seed)
    found = studio.learn()
    assert found.used and found.stored and found.stored.taste.gate.passed
    assert [one.enough for one in found.occasions] == [True] * 4
    after = studio.list(new)
    assert verdicts(after) != verdicts(before)
    assert any(r.name == "taste" for o in after if o.verdict for r in o.verdict.reasons)
    deleted = [[o.path for o in some if o.verdict and o.verdict.verdict == "delete"] for some in (before, after)]
    assert deleted[0] == deleted[1] != []
    assert not app.switch_taste(False).used
    assert verdicts(studio.list(new)) == verdicts(before)
    assert app.switch_taste(True).used
    assert verdicts(studio.list(new)) == verdicts(after)
    assert app.forget_taste() and not app.forget_taste()
    assert verdicts(studio.list(new)) == verdicts(before)


def test_explain_list_and_export_say_the_same(learned: Studio, tmp_path: Path) -> None:
    new = learned.shoot(9, likes=None)
    listed = learned.list(new)
    moved = next(o for o in listed if o.verdict and o.verdict.reasons[0].name == "taste")
    assert app.explain(moved.path, catalog=learned.catalog).verdict == moved.verdict
    app.export(new, "json", options={"out": tmp_path / "all.json"}, catalog=learned.catalog)
    told = {row["path"]: row["verdict"] for row in _rows(tmp_path / "all.json")}
    assert [told[key] for key in sorted(told)] == [o.verdict.verdict for o in listed if o.verdict]


def _rows(path: Path) -> list[dict[str, str]]:
    data = json.loads(path.read_text())
    return data if isinstance(data, list) else next(value for value in data.values() if isinstance(value, list))


def test_a_choice_wins_over_any_taste(learned: Studio) -> None:
    new = learned.shoot(9, likes=None)
    moved = next(o for o in learned.list(new) if o.verdict and o.verdict.reasons[0].name == "taste")
    assert moved.report.photo
    for choice in ("delete", "keep", "maybe"):
        with Catalog(learned.catalog) as store:
            store.choose(moved.report.photo.id, choice)  # type: ignore[arg-type]
        now = next(o for o in learned.list(new) if o.path == moved.path).verdict
        assert now and now.verdict == choice and now.reasons[0].name == "choice"


def test_what_nothing_foretells_is_not_used(studio: Studio) -> None:
    for seed in range(3):
        studio.shoot(seed, likes=flip)
    new = studio.shoot(9, likes=None)
    before = studio.list(new)
    found = studio.learn()
    assert found.stored and not found.used and not found.stored.taste.gate.passed
    assert verdicts(studio.list(new)) == verdicts(before)


def test_it_says_what_is_missing(studio: Studio) -> None:
    with pytest.raises(NothingToDo, match="no catalog"):
        studio.learn()
    studio.shoot(0)
    studio.shoot(1, photos=12)
    studio.shoot(2, likes=None)
    found = studio.learn()
    assert found.stored is None and found.missing == 2
    assert [one.enough for one in found.occasions] == [True, False]
    with pytest.raises(NothingToDo, match="no choices"):
        studio.learn(studio.root / "shoot2")
    with pytest.raises(NotFound, match="was not culled"):
        studio.learn(studio.root / "elsewhere")


def test_shoots_that_are_gone_from_the_disk_still_teach(learned: Studio) -> None:
    first = learned.learn().stored
    for path in (learned.root / "shoot0").iterdir():
        path.unlink()
    (learned.root / "shoot0").rmdir()
    again = learned.learn().stored
    assert first and again
    assert replace(again.taste, learned_at="") == replace(first.taste, learned_at="")


def test_one_folder_with_days_between_is_several_shoots(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        studio.shoot(seed)
    with Catalog(studio.catalog) as store:
        store.note_shoot(studio.root, Wishes())
        store._db.execute("DELETE FROM shoot WHERE folder <> ?", (str(studio.root),))
        for seed in range(3):
            moment = f"2024-05-{10 + 3 * seed:02}"
            store._db.execute(
                "UPDATE photo SET captured_at = ? || substr(captured_at, 11) WHERE id IN"
                " (SELECT photo FROM source WHERE path LIKE ?)",
                (moment, f"%shoot{seed}/%"),
            )
    names = [one.name for one in studio.learn().occasions]
    assert names == [f"{studio.root.name}, 2024-05-{day}" for day in (10, 13, 16)]


def test_flags_of_other_programs_teach_as_well(studio: Studio) -> None:
    for seed in range(3):
        studio.shoot(seed)
    folder = studio.shoot(3, likes=None)
    for n, path in enumerate(sorted(folder.iterdir())):
        packet = xmp.parse(NEW_SIDECAR, "x")
        packet.descriptions()[0].set(xmp.GOOD, "true" if n % 3 else "false")
        path.with_suffix(".xmp").write_bytes(packet.to_bytes())
    found = studio.learn()
    assert found.imported == PHOTOS
    assert [(one.kept, one.others) for one in found.occasions][3] == (PHOTOS * 2 // 3, PHOTOS // 3)


def test_who_asks_without_a_catalog_gets_no_taste(learned: Studio) -> None:
    run = measuring.Run(settings())
    assert run.taste is not None
    some = reports(9, PHOTOS)
    without = [(o.verdict, o.group) for o in run.opinions(some)]
    assert [(o.verdict, o.group) for o in run.opinions(some, {})] != without
    app.forget_taste()
    assert [(o.verdict, o.group) for o in measuring.Run(settings()).opinions(some, {})] == without


def test_a_photo_in_two_shoots_counts_once(learned: Studio) -> None:
    before = learned.learn().occasions
    twice = learned.root / "again"
    twice.mkdir()
    for path in (learned.root / "shoot0").iterdir():
        (twice / path.name).write_bytes(path.read_bytes())
    with Catalog(learned.catalog) as store:
        old = store.load(scan([learned.root / "shoot0"]))
        store.save([replace(r, source=s) for r, s in zip(old, scan([twice]), strict=True)])
        store.note_shoot(twice, Wishes())
    after = learned.learn().occasions
    assert sum(one.kept for one in after) == sum(one.kept for one in before)


def test_facts_of_another_version_are_left_out_and_said(learned: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    new = learned.shoot(9, likes=None)
    monkeypatch.setattr(measuring.Run, "versions", lambda self: {"tile_sharpness": "2", "noise": "1"})
    status = app.taste_status()
    assert status.outdated and not status.used
    assert not any(r.name == "taste" for o in learned.list(new) if o.verdict for r in o.verdict.reasons)
    notes: list[str] = []
    app.cull(new, catalog=learned.catalog, note=notes.append)
    assert any("taste waits" in note for note in notes)
    found = CliRunner().invoke(build(), ["learn"])
    assert found.exit_code == 2 and "all 240 photos" in found.output


def test_a_taste_can_be_taken_along(learned: Studio, tmp_path: Path) -> None:
    file = app.export_taste(tmp_path / "mine.json")
    with pytest.raises(Refused, match="exists already"):
        app.export_taste(file)
    elsewhere = tmp_path / "other" / "catalog.db"
    assert app.import_taste(file, catalog=elsewhere).used
    assert tastes.place(elsewhere).read_text() == file.read_text()
    with pytest.raises(NotFound):
        app.import_taste(tmp_path / "no.json", catalog=elsewhere)
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(Refused, match="damaged"):
        app.import_taste(tmp_path / "bad.json", catalog=elsewhere)
    assert app.taste_status(catalog=elsewhere).used  # as it was


def test_switched_off_stays_off_when_it_learns_again(learned: Studio) -> None:
    app.switch_taste(False)
    assert not learned.learn().used


def test_a_damaged_file_is_said_and_can_be_thrown_away_or_learned_anew(learned: Studio) -> None:
    tastes.place(learned.catalog).write_text("{")
    with pytest.raises(Refused, match="--delete"):
        learned.list(learned.root / "shoot0")
    assert learned.learn().used


def test_the_command_line_says_the_numbers_and_the_decision(learned: Studio, tmp_path: Path) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(build(), ["learn", *words])
        assert done.exit_code == 0, done.output
        return done.output

    for words in ((), ("--status",)):
        told = run(*words)
        assert all(part in told for part in ("shoot0", "mean", "p 0.0", "smiles", "Used in every cull"))
    assert "switched off" in run("--off") and "Used" in run("--on")
    assert "written" in run("--export", str(tmp_path / "t.json"))
    assert "Forgotten" in run("--delete") and "nothing to forget" in run("--delete")
    assert "Nothing was learned" in run("--status")
    assert "Used" in run("--import", str(tmp_path / "t.json"))
    assert "2 more shoots" in run(str(learned.root / "shoot0"))
    assert CliRunner().invoke(build(), ["learn", "--on", "--status"]).exit_code == 2
    run("--delete")
    assert CliRunner().invoke(build(), ["learn", "--off"]).exit_code == 2
