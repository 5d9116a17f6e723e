"""The verbs `choose`, `export`, `undo` and `jobs`, and what `cull` takes over, over a fake engine."""

import csv
import io
import json
from pathlib import Path

import pytest

from app_world import World, build_world
from keepers import app
from keepers.catalog.db import Catalog
from keepers.catalog.marks import Mark
from keepers.errors import NotFound, NothingToDo, Refused, UserError
from keepers.export import EXPORTERS
from keepers.export.journal import Journalled
from keepers.io import xmp
from keepers.types import Rating, VerdictName

REJECT = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/" {0}/></rdf:RDF></x:xmpmeta>'
)
FLAGS = {"keep": 'xmpDM:good="true" xmpDM:pick="1"', "delete": 'xmpDM:good="false" xmpDM:pick="-1"'}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(tmp_path, monkeypatch)


def rate(path: Path, verdict: str) -> None:
    path.write_text(REJECT.format(FLAGS[verdict]))


def verdicts(world: World) -> dict[str, VerdictName | None]:
    return {o.path.name: o.verdict.verdict if o.verdict else None for o in app.list_photos(world.shoot)}


def mark(world: World, name: str, given: Mark) -> None:
    """What the review page records."""
    (opinion,) = [one for one in app.list_photos(world.shoot) if one.path.name == name]
    assert opinion.report.photo
    with Catalog(world.catalog) as store:
        store.mark([(opinion.report.photo.id, given)])


def tree(world: World) -> dict[str, tuple[bytes, int]]:
    files = (p for p in world.shoot.parent.rglob("*") if p.is_file() and "data" not in p.parts)
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in files}


class TestImport:
    def test_flags_in_sidecars_are_choices(self, world: World) -> None:
        world.add("a.jpg", "soft.jpg")
        rate(world.shoot / "a.xmp", "delete")
        shoot = world.cull()
        assert shoot.imported == 1 and shoot.counts == {"keep": 0, "maybe": 0, "delete": 2}
        again = world.cull()
        assert again.imported == 0 and again.counts == shoot.counts

    def test_a_sidecar_that_changes_later_is_heard_and_an_old_one_is_not(self, world: World) -> None:
        world.add("a.jpg")
        rate(world.shoot / "a.xmp", "delete")
        world.cull()
        app.choose([world.shoot / "a.jpg"], "maybe")
        assert world.cull().imported == 0 and verdicts(world) == {"a.jpg": "maybe"}
        rate(world.shoot / "a.xmp", "keep")
        assert world.cull().imported == 1 and verdicts(world) == {"a.jpg": "keep"}

    def test_files_that_did_not_change_are_not_opened(self, world: World, monkeypatch) -> None:
        world.add("a.jpg", "b.jpg")
        rate(world.shoot / "a.xmp", "keep")
        world.cull()
        opened: list[str] = []

        def rating_of(source, tell):
            opened.append(source.path.name)
            return xmp.Rating()

        monkeypatch.setattr("keepers.app.importing.rating_of", rating_of)
        world.cull()
        assert opened == []
        rate(world.shoot / "b.xmp", "keep")
        world.cull()
        assert opened == ["b.jpg"]

    def test_a_broken_sidecar_is_named_every_time_and_stops_nothing(self, world: World) -> None:
        world.add("a.jpg")
        (world.shoot / "a.xmp").write_text("<!DOCTYPE x><x/>")
        for _ in range(2):
            shoot = world.cull()
            assert [s.path.name for s in shoot.skipped] == ["a.xmp"] and shoot.counts["keep"] == 1

    def test_ratings_that_arrive_between_cull_and_export_count(self, world: World) -> None:
        world.add("a.jpg")
        world.cull()
        rate(world.shoot / "a.xmp", "delete")
        exported = app.export(world.shoot, "csv", options={"out": world.shoot.parent / "t.csv"})
        assert exported.imported == 1
        (row,) = csv.DictReader(io.StringIO((world.shoot.parent / "t.csv").read_text()))
        assert (row["verdict"], row["by"], row["machine_verdict"]) == ("delete", "person", "keep")


class TestChoose:
    def test_photos_that_were_not_culled_are_measured(self, world: World) -> None:
        world.add("a.jpg", "b.jpg")
        chosen = app.choose([world.shoot / "a.jpg"], "delete")
        assert [o.verdict.verdict for o in chosen.opinions if o.verdict] == ["delete"] and world.measured == ["a.jpg"]
        assert world.cull().counts == {"keep": 1, "maybe": 0, "delete": 1}
        assert world.measured == ["a.jpg", "b.jpg"]

    def test_any_file_of_a_photo_stands_for_it(self, world: World) -> None:
        world.add("a.CR3", "a.jpg", "a.xmp.jpg", "b.jpg")
        (world.shoot / "a.xmp").write_text(REJECT.format(""))
        world.cull()
        world.measured = []
        for name in ("a.CR3", "a.xmp", "a.jpg"):
            (opinion,) = app.choose([world.shoot / name], "maybe").opinions
            assert opinion.path.name == "a.jpg" and world.measured == []
        paths = [world.shoot / name for name in ("a.jpg", "a.CR3", "b.jpg")]
        assert [o.path.name for o in app.choose(paths, "keep").opinions] == ["a.jpg", "b.jpg"]

    def test_taking_a_choice_back(self, world: World) -> None:
        world.add("a.jpg")
        app.choose([world.shoot / "a.jpg"], "delete")
        assert verdicts(world) == {"a.jpg": "delete"}
        app.choose([world.shoot / "a.jpg"], None)
        assert verdicts(world) == {"a.jpg": "keep"}

    def test_an_unreadable_photo_cannot_be_chosen_and_does_not_stop_the_others(self, world: World) -> None:
        world.add("a.jpg", "bad.jpg")
        chosen = app.choose([world.shoot / "bad.jpg", world.shoot / "a.jpg"], "delete")
        assert [o.path.name for o in chosen.opinions] == ["a.jpg"]
        assert [o.report.error for o in chosen.unreadable] == ["bad.jpg is damaged."]

    def test_folders_and_missing_files_are_refused_before_anything_is_chosen(self, world: World) -> None:
        world.add("a.jpg")
        with pytest.raises(NotFound, match="is a folder; name photos"):
            app.choose([world.shoot / "a.jpg", world.shoot], "keep")
        with pytest.raises(NotFound, match="does not exist"):
            app.choose([world.shoot / "a.jpg", world.shoot / "b.jpg"], "keep")
        assert world.cull().counts["keep"] == 1
        with Catalog(world.catalog) as store:
            assert store.choices() == {}


class TestExport:
    def test_the_verdict_that_counts_and_whose_it_is(self, world: World) -> None:
        world.add("a.jpg", "soft.jpg")
        world.cull()
        app.choose([world.shoot / "a.jpg"], "maybe")
        exported = app.export(world.shoot, "xmp")
        assert exported.photos == 2 and exported.done.counts == {"written": 2}
        found = {p.name: xmp.read_rating(p.read_bytes()) for p in world.shoot.glob("*.xmp")}
        assert (found["a.xmp"].verdict, found["a.xmp"].by) == ("maybe", "person")
        assert (found["soft.xmp"].verdict, found["soft.xmp"].by) == ("delete", "machine")
        assert world.cull().imported == 0

    def test_only_the_piles_that_were_named(self, world: World) -> None:
        world.add("a.jpg", "soft.jpg", "bad.jpg")
        world.cull()
        exported = app.export(world.shoot, "xmp", verdicts=["delete"])
        assert (exported.photos, exported.unreadable) == (1, 1)
        assert [p.name for p in world.shoot.glob("*.xmp")] == ["soft.xmp"]

    def test_new_and_changed_photos_are_left_out_and_counted(self, world: World) -> None:
        world.add("a.jpg", "b.jpg")
        world.cull()
        world.add("c.jpg")
        (world.shoot / "b.jpg").write_bytes(b"changed")
        exported = app.export(world.shoot, "xmp")
        assert (exported.photos, exported.unknown) == (1, 2)

    def test_a_dry_run_changes_nothing_and_tells_all(self, world: World) -> None:
        world.add("a.jpg", "soft.jpg")
        world.cull()
        before = tree(world)
        exported = app.export(world.shoot, "xmp", dry_run=True)
        assert tree(world) == before and app.jobs() == [] and exported.done.job is None
        assert len(exported.done.lines) == 2 and "reject" in exported.done.lines[1]

    def test_stars_and_colours_from_the_page_go_along(self, world: World) -> None:
        world.add("a.jpg", "soft.jpg")
        world.cull()
        mark(world, "a.jpg", Mark(2, "blue"))
        app.export(world.shoot, "xmp", options={"stars": True})
        rating = xmp.read_rating((world.shoot / "a.xmp").read_bytes())
        assert rating == Rating("keep", 2, "Blue", "machine")
        assert world.cull().imported == 0, "what keepers wrote is no news"
        for to in ("csv", "json"):
            app.export(world.shoot, to)
        (row, _) = csv.DictReader(io.StringIO((world.shoot / "keepers.csv").read_text()))
        (one, other) = json.loads((world.shoot / "keepers.json").read_text())["photos"]
        assert (row["stars"], row["colour"]) == ("2", "blue")
        assert (one["stars"], one["colour"], other["stars"], other["colour"]) == (2, "blue", 0, None)

    @pytest.mark.parametrize("choice", [None, "delete"])
    def test_a_photo_with_stars_is_rejected_by_a_person_alone(self, world: World, choice: VerdictName | None) -> None:
        world.add("soft.jpg")
        world.cull()
        mark(world, "soft.jpg", Mark(1))
        app.choose([world.shoot / "soft.jpg"], choice)
        exported = app.export(world.shoot, "xmp", dry_run=True)
        assert exported.spared == (choice is None)
        out = world.shoot.parent / "out"
        app.export(world.shoot, "files", options={"out": out})
        assert [path.parent.name for path in out.rglob("*.jpg")] == ["To be Deleted" if choice else "Maybes"]
        assert app.export(world.shoot, "csv", verdicts=["delete"], dry_run=True).photos == (choice is not None)

    @pytest.mark.parametrize(
        ("to", "options"),
        [
            ("xmp", {"profile": "darktable", "stars": True, "names": "both"}),
            ("csv", {}),
            ("json", {}),
            ("files", {"mode": "copy"}),
            ("files", {"mode": "move"}),
        ],
    )
    def test_undo_brings_everything_back(self, world: World, to: str, options: dict[str, object]) -> None:
        world.add("a.jpg", "a.CR3", "soft.jpg")
        rate(world.shoot / "soft.xmp", "keep")
        world.cull()
        before = tree(world)
        if to == "files":
            options = {**options, "out": world.shoot.parent / "out"}
        exported = app.export(world.shoot, to, options=options)
        assert exported.done.job and tree(world) != before and not exported.done.failures
        (job,) = app.jobs()
        assert job.id == exported.done.job and job.left == sum(exported.done.counts.values())
        assert app.job_to_undo("1") == job
        undone = app.undo()
        assert undone.complete and tree(world) == before
        with pytest.raises(NothingToDo):
            app.undo()
        with pytest.raises(NothingToDo, match="undone already"):
            app.job_to_undo(job.id)

    def test_moved_photos_keep_their_choices(self, world: World, monkeypatch) -> None:
        monkeypatch.setattr("keepers.app.culling.content_id", lambda s: s.path.read_bytes().hex().ljust(32, "0"))
        world.add("soft.jpg")
        app.choose([world.shoot / "soft.jpg"], "keep")
        out = world.shoot.parent / "out"
        app.export(world.shoot, "files", options={"mode": "move", "out": out})
        world.measured = []
        (opinion,) = app.cull(out).opinions
        assert opinion.verdict and opinion.verdict.verdict == "keep" and world.measured == []

    def test_what_cannot_be_asked_is_refused(self, world: World) -> None:
        world.add("a.jpg")
        with pytest.raises(NothingToDo, match="keepers cull"):
            app.export(world.shoot, "xmp")
        assert not world.catalog.exists()
        world.cull()
        with pytest.raises(UserError, match=r"name one of: .*xmp"):
            app.export(world.shoot, "lightroom")
        with pytest.raises(UserError, match="csv knows no option 'stars'; it has: out"):
            app.export(world.shoot, "csv", options={"stars": True})
        with pytest.raises(UserError, match="is no verdict"):
            app.export(world.shoot, "csv", verdicts=["deleted"])  # type: ignore[list-item]
        with pytest.raises(NothingToDo, match="keepers cull"):
            (world.shoot / "a.jpg").write_bytes(b"changed")
            app.export(world.shoot, "xmp")
        with pytest.raises(NotFound, match="no job 7"):
            app.job_to_undo("7")

    def test_every_exporter_has_an_option_for_the_command_line(self) -> None:
        from typer.testing import CliRunner

        from keepers.cli import build

        text = CliRunner().invoke(build(), ["export", "--help"], env={"COLUMNS": "200"}).output
        for name, exporter in EXPORTERS.items():
            assert f"\n  {name}" in text
            for option in exporter.options:
                assert f"--{option}" in text or option == "mode"

    def test_ctrl_c_tells_what_is_done(self, world: World, monkeypatch) -> None:
        world.add("a.jpg", "b.jpg")
        world.cull()

        def progress(done: int, of: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(app.ExportStopped) as stop:
            app.export(world.shoot, "xmp", progress=progress)
        assert stop.value.exported.done.counts == {"written": 1} and stop.value.exported.done.left_out == 1
        app.undo()
        assert not list(world.shoot.glob("*.xmp"))

    @pytest.mark.parametrize("asking", [app.undo, app.job_to_undo])
    def test_a_job_that_was_cut_short_is_taken_back_by_the_next_verb(self, world: World, monkeypatch, asking) -> None:
        world.add("a.jpg", "b.jpg")
        world.cull()

        table = world.shoot.parent / "t.csv"
        app.export(world.shoot, "csv", options={"out": table})

        class Killed(BaseException):
            pass

        def die(self, plan):
            def progress(done: int, of: int) -> None:
                raise Killed

            return really(Journalled(self.folder, progress), plan)

        really = Journalled.do
        monkeypatch.setattr(Journalled, "do", die)
        with pytest.raises(Killed):
            app.export(world.shoot, "xmp")
        monkeypatch.undo()
        assert list(world.shoot.glob("*.xmp"))
        monkeypatch.setenv("KEEPERS_CATALOG", str(world.catalog))
        said: list[str] = []
        asking(note=said.append)
        assert not list(world.shoot.glob("*.xmp")) and table.exists(), "only what was cut short is taken back"
        assert said == ["Job 0002 was cut short and was taken back; 1 file is as before."]

    def test_photos_written_into_by_keepers_are_not_measured_again(self, world: World, monkeypatch) -> None:
        """The fake engine would not notice; what counts is that nothing is stale."""
        from PIL import Image

        picture = io.BytesIO()
        Image.new("RGB", (16, 16)).save(picture, "JPEG")
        (world.shoot / "a.jpg").write_bytes(picture.getvalue())
        world.cull()
        world.measured = []
        app.export(world.shoot, "xmp", options={"embed": True})
        assert (world.shoot / "a.jpg").read_bytes() != picture.getvalue()
        world.cull()
        app.undo()
        world.cull()
        assert (world.shoot / "a.jpg").read_bytes() == picture.getvalue()
        assert world.measured == []


def test_the_catalog_of_a_newer_keepers_is_refused_by_every_verb(world: World) -> None:
    world.add("a.jpg")
    world.cull()
    with Catalog(world.catalog) as store:
        store._db.execute("PRAGMA user_version = 99")
    before = tree(world)
    for verb in (
        world.cull,
        lambda: app.choose([world.shoot / "a.jpg"], "keep"),
        lambda: app.export(world.shoot, "xmp"),
        lambda: app.list_photos(world.shoot),
    ):
        with pytest.raises(Refused, match="newer keepers"):
            verb()
    assert tree(world) == before


def test_jpegs_whose_sidecars_lightroom_ignores_are_counted(world: World) -> None:
    world.add("a.jpg", "soft.jpg")
    world.cull()
    plain = app.export(world.shoot, "xmp", dry_run=True)
    assert plain.beside == plain.photos == 2
    assert app.export(world.shoot, "xmp", options={"embed": True}, dry_run=True).beside == 0
    assert app.export(world.shoot, "xmp", options={"profile": "darktable"}, dry_run=True).beside == 0
    assert app.export(world.shoot, "json", dry_run=True).beside == 0
