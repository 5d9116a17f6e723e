"""The verbs over a fake engine and a fake judge: what is measured, stored, reused and said."""

import io
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

import keepers
from app_world import World, build_world
from keepers import app
from keepers.app import assessing, measuring
from keepers.app.benching import passes
from keepers.catalog.db import Catalog
from keepers.errors import ModelError, NotFound, NothingToDo, StorageError, UserError
from keepers.pipeline import calibration
from keepers.pipeline.executors import CHUNK
from keepers.pipeline.score import build_scorer
from keepers.pipeline.uploads import Uploads
from keepers.settings import settings
from keepers.types import Report, Source


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(tmp_path, monkeypatch)


def names(opinions) -> list[str]:
    return [opinion.path.name for opinion in opinions]


class TestCull:
    def test_every_photo_gets_an_opinion_in_the_order_of_names(self, world: World) -> None:
        world.add("b.jpg", "soft.jpg", "bad.jpg")
        shoot = world.cull()
        assert names(shoot.opinions) == ["b.jpg", "bad.jpg", "soft.jpg"]
        assert shoot.counts == {"keep": 1, "maybe": 0, "delete": 1}
        assert names(shoot.unreadable) == ["bad.jpg"] and names(shoot.of("delete")) == ["soft.jpg"]
        assert shoot.complete and shoot.measured == 3 and shoot.unsaved is None

    def test_a_second_run_measures_nothing(self, world: World) -> None:
        world.add("a.jpg", "bad.jpg")
        first, world.measured = world.cull(), []
        second = world.cull()
        assert world.measured == [] and second.measured == 0
        assert [o.verdict for o in second.opinions] == [o.verdict for o in first.opinions]

    def test_only_what_is_new_changed_or_outdated_is_measured(self, world: World) -> None:
        world.add("a.jpg", "b.jpg")
        world.cull()
        world.measured = []
        world.add("c.jpg")
        (world.shoot / "b.jpg").write_bytes(b"another picture")
        world.cull()
        assert world.measured == ["b.jpg", "c.jpg"]
        world.version, world.measured = "2", []
        world.cull()
        assert world.measured == ["a.jpg", "b.jpg", "c.jpg"]

    def test_an_error_that_may_pass_is_tried_again(self, world: World) -> None:
        world.add("locked.jpg")
        assert world.cull().unreadable[0].report.error == "locked.jpg may not be opened."
        world.measured = []
        world.cull()
        assert world.measured == ["locked.jpg"]

    def test_ctrl_c_keeps_what_is_done(self, world: World) -> None:
        world.add(*(f"{i:03}.jpg" for i in range(CHUNK + 10)))
        world.interrupt_after = CHUNK + 5
        with pytest.raises(app.Stopped) as stop:
            world.cull()
        assert isinstance(stop.value, KeyboardInterrupt)
        assert len(stop.value.shoot.opinions) == CHUNK + 5 and not stop.value.shoot.complete
        world.interrupt_after, world.measured = None, []
        assert len(world.cull().opinions) == CHUNK + 10
        assert len(world.measured) == 5

    def test_a_choice_wins(self, world: World) -> None:
        world.add("soft.jpg")
        photo = world.cull().opinions[0].report.photo
        with Catalog(world.catalog) as store:
            store.choose(photo.id, "keep")
        (opinion,) = world.cull().opinions
        assert opinion.verdict.verdict == "keep" and opinion.verdict.reasons[0].name == "choice"

    def test_a_full_disk_does_not_lose_the_result(self, world: World, monkeypatch) -> None:
        def full(self, reports) -> None:
            raise StorageError("The disk is full.")

        monkeypatch.setattr(Catalog, "save", full)
        world.add(*(f"{i:03}.jpg" for i in range(CHUNK * 2)))
        shoot = world.cull()
        assert shoot.unsaved == "The disk is full." and len(shoot.opinions) == CHUNK * 2

    def test_a_disk_that_recovers_has_everything_in_the_end(self, world: World, monkeypatch) -> None:
        real, calls = Catalog.save, []

        def full_once(self, reports) -> None:
            calls.append(1)
            if len(calls) == 1:
                raise StorageError("The disk is full.")
            real(self, reports)

        monkeypatch.setattr(Catalog, "save", full_once)
        world.add(*(f"{i:03}.jpg" for i in range(CHUNK + 1)))
        assert world.cull().unsaved is None
        world.measured = []
        world.cull()
        assert world.measured == []

    def test_a_defect_of_the_engine_keeps_what_is_done(self, world: World, monkeypatch) -> None:
        def broken(sources: Iterable[Source], **_: object) -> Iterator[Report]:
            yield world.report(next(iter(sources)))
            raise ModelError("The network is damaged.")

        world.add("a.jpg", "b.jpg")
        monkeypatch.setattr(measuring.executors, "score", broken)
        with pytest.raises(ModelError):
            world.cull()
        monkeypatch.setattr(measuring.executors, "score", world.score)
        world.cull()
        assert world.measured == ["b.jpg"]

    def test_progress_counts_what_was_known(self, world: World) -> None:
        world.add("a.jpg")
        world.cull()
        world.add("b.jpg")
        seen: list[tuple[int, int]] = []
        world.cull(progress=lambda done, total: seen.append((done, total)))
        assert seen == [(1, 2), (2, 2)]

    def test_a_renamed_photo_is_recognised(self, world: World, monkeypatch) -> None:
        monkeypatch.setattr(
            "keepers.app.culling.content_id", lambda source: source.path.read_bytes().hex().ljust(32, "0")
        )
        world.add("a.jpg")
        world.cull()
        (world.shoot / "a.jpg").rename(world.shoot / "z.jpg")
        world.measured = []
        assert names(world.cull().opinions) == ["z.jpg"] and world.measured == []

    def test_no_folder_no_photo_and_no_folder_at_all(self, world: World, tmp_path: Path) -> None:
        with pytest.raises(NothingToDo, match="holds no photos"):
            world.cull()
        with pytest.raises(NotFound):
            app.cull(tmp_path / "missing")
        world.add("a.jpg")
        with pytest.raises(NotFound, match="keepers assess"):
            app.cull(world.shoot / "a.jpg")
        assert not world.catalog.exists()


class TestAssess:
    def test_given_order_and_no_catalog(self, world: World, tmp_path: Path) -> None:
        world.add("b.jpg", "a.jpg", "bad.jpg")
        paths = [
            world.shoot / "bad.jpg",
            world.shoot / "b.jpg",
            tmp_path / "missing.jpg",
            world.shoot / "a.jpg",
        ]
        opinions = list(app.assess(paths))
        assert names(opinions) == ["bad.jpg", "b.jpg", "missing.jpg", "a.jpg"]
        assert [o.verdict is None for o in opinions] == [True, False, True, False]
        assert not opinions[2].report.source.files and "does not exist" in opinions[2].report.error
        assert not world.catalog.exists()

    def test_an_empty_folder_is_an_opinion_too(self, world: World) -> None:
        (opinion,) = app.assess([world.shoot])
        assert "holds no photos" in opinion.report.error

    def test_it_streams(self, world: World) -> None:
        world.add("a.jpg", "b.jpg")
        opinions = app.assess([world.shoot])
        next(opinions)
        assert world.measured == ["a.jpg"]

    def test_json_has_every_key_for_every_photo(self, world: World) -> None:
        world.add("a.jpg", "bad.jpg")
        first, second = (app.to_json(o) for o in app.assess([world.shoot]))
        keys = "schema path error verdict score label probabilities flaws reasons would_change budget"
        keys += " faces model group"
        assert list(first) == list(second) == keys.split()
        assert first["verdict"] == "keep" and first["model"] == "net" and first["faces"] == []
        assert (
            second["verdict"] is None and second["reasons"] == [] and second["error"] == "bad.jpg is damaged."
        )

    def test_the_documented_keys_are_the_keys(self, world: World) -> None:
        page = (Path(__file__).parents[2] / "docs" / "assess-schema.md").read_text(encoding="utf-8")
        world.add("a.jpg")
        (opinion,) = app.assess([world.shoot])
        for key in app.to_json(opinion):
            assert f"| `{key}` |" in page


class TestLook:
    def test_explain_uses_the_catalog_and_never_creates_one(self, world: World) -> None:
        world.add("a.jpg")
        photo = world.shoot / "a.jpg"
        assert app.explain(photo).verdict.verdict == "keep"
        assert not world.catalog.exists()
        world.cull()
        world.measured = []
        app.explain(photo)
        assert world.measured == []
        photo.write_bytes(b"changed")
        app.explain(photo)
        assert world.measured == ["a.jpg"]

    def test_explain_wants_one_photo(self, world: World) -> None:
        with pytest.raises(NotFound, match="keepers list"):
            app.explain(world.shoot)

    def test_list_filters_and_forgets_what_is_gone(self, world: World) -> None:
        world.add("a.jpg", "soft.jpg", "bad.jpg", "gone.jpg")
        world.cull()
        (world.shoot / "gone.jpg").unlink()
        assert names(app.list_photos(world.shoot)) == ["a.jpg", "bad.jpg", "soft.jpg"]
        assert names(app.list_photos(world.shoot, verdict="delete")) == ["soft.jpg"]
        assert app.list_photos(world.shoot, verdict="maybe") == []

    def test_list_before_cull_says_what_to_do(self, world: World) -> None:
        world.add("a.jpg")
        with pytest.raises(NothingToDo, match="keepers cull"):
            app.list_photos(world.shoot)
        with pytest.raises(NothingToDo, match="--catalog"):
            app.list_photos(world.shoot, catalog=world.catalog)
        assert not world.catalog.exists()


def test_a_list_says_how_many_photos_it_does_not_know(world: World) -> None:
    world.add("a.jpg", "b.jpg")
    world.cull()
    missing: list[int] = []
    app.list_photos(world.shoot, on_missing=missing.append)
    assert missing == []
    world.add("c.jpg", "locked.jpg")
    (world.shoot / "a.jpg").write_bytes(b"another picture")
    assert names(app.list_photos(world.shoot, on_missing=missing.append)) == ["b.jpg"]
    assert missing == [3]


def test_a_verdict_that_does_not_exist_is_refused_and_not_an_empty_list(world: World) -> None:
    world.add("a.jpg")
    world.cull()
    with pytest.raises(UserError, match="keep, maybe, delete"):
        app.list_photos(world.shoot, verdict="deleted")  # type: ignore[arg-type]


def test_bench_times_every_stage(world: World, monkeypatch) -> None:
    monkeypatch.setattr(passes, "_pictures", lambda *_: None)  # fake files have none
    world.add("a.jpg", "b.jpg", "bad.jpg", "c.jpg")
    result = app.bench(world.shoot, workers=2, brief=True)
    (lot,) = result.lots
    assert (result.photos, result.unreadable, result.workers, result.model) == (4, 1, 2, "net")
    assert lot.stages["decode"].median_ms == 2.0 and list(lot.stages) == ["decode", "measure"]
    assert lot.whole.rate > 0 and "Python" in result.machine
    assert app.bench(world.shoot, limit=2, brief=True).photos == 2
    assert not world.catalog.exists()


class TestAssessBytes:
    def test_a_picture_and_a_letter(self, world: World, monkeypatch) -> None:
        uploads = Uploads(partial(build_scorer, measuring.Network("none")), 1)
        monkeypatch.setattr(assessing, "_prepared", lambda: (measuring.Run(settings()), uploads))
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), "grey").save(picture, "PNG")
        good, bad = (
            app.assess_bytes("a.png", picture.getvalue()),
            app.assess_bytes("b.jpg", b"Dear photographer"),
        )
        uploads.close()
        assert app.to_json(good)["path"] == "a.png" and good.verdict is not None
        assert bad.verdict is None and "b.jpg" in (bad.report.error or "")


def test_the_calibration_beside_a_named_network_belongs_to_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(calibration, "load", lambda path: path)
    model = tmp_path / "mine.onnx"
    assert measuring.Run(settings(model=model)).calibration is None
    model.with_suffix(".json").write_text("{}")
    assert measuring.Run(settings(model=model)).calibration == tmp_path / "mine.json"
    assert measuring.Run(settings(model="none")).calibration is None


def test_zero_workers_is_refused() -> None:
    with pytest.raises(UserError, match="at least 1"):
        app.cull("x", workers=0)


def test_the_package_offers_the_verbs() -> None:
    assert keepers.cull is app.cull and keepers.assess is app.assess


def test_explaining_the_raw_of_a_pair_explains_the_pair(world: World) -> None:
    world.add("a.jpg", "a.CR3")
    world.cull()
    world.measured = []
    assert app.explain(world.shoot / "a.CR3").path.name == "a.jpg" and world.measured == []
