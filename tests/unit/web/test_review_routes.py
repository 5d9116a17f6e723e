"""The addresses of the review page: what they answer, what they refuse, and that two tabs stay in step."""

import json
import os
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from keepers.app import audit_result, last_audit
from keepers.app.review import Desk, ReviewedShoot
from keepers.app.review.table import Table
from keepers.catalog.db import Catalog
from keepers.errors import Refused, StorageError
from keepers.export import EXPORTERS
from keepers.web import create_app
from keepers.web.openapi import description
from keepers.web.security import Keys
from review_world import NAMES, PictureWorld, ids, opened, picture_world, wait
from web_fakes import LIMIT, assess


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PictureWorld]:
    with picture_world(tmp_path) as here:
        here.take(*NAMES)
        yield here


@pytest.fixture
def desk(world: PictureWorld) -> Iterator[Desk]:
    made = world.desk()
    yield made
    made.close()


@pytest.fixture
def shoot(desk: Desk, world: PictureWorld) -> ReviewedShoot:
    return opened(desk, world.shoot)


@pytest.fixture
def app(keys: Keys, desk: Desk, shoot: ReviewedShoot) -> Flask:
    return create_app(assess, keys=keys, body_limit=LIMIT, desk=desk)


# What is described


def test_the_description_is_served_and_its_references_lead_somewhere(visitor: FlaskClient) -> None:
    said = visitor.get("/api/openapi.json").get_json()
    assert said["openapi"].startswith("3.1") and said == json.loads(json.dumps(description()))
    names = set(said["components"]["schemas"])
    text = json.dumps(said)
    assert {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]} <= names


def test_an_export_is_looked_at_done_and_taken_back(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    api = f"/api/shoots/{shoot.id}/export"
    asked = {"to": "xmp", "dry_run": True, "profile": "darktable", "verdicts": ["keep", "delete"]}
    look = visitor.post(api, json=asked).get_json()
    assert look["job"] is None and look["written"] == 0 and look["counts"]["written"] == len(look["planned"]) == 4
    assert not list(shoot.folder.glob("*.xmp"))
    done = visitor.post(api, json={**asked, "dry_run": False, "plan": look["plan"]}).get_json()
    assert (done["written"], done["failed"], done["left_out"]) == (4, [], 0)
    assert sorted(one["path"] for one in look["planned"]) == sorted(map(str, shoot.folder.glob("*.xmp")))
    back = visitor.post(f"/api/jobs/{done['job']}/undo", json={}).get_json()
    assert back["restored"] == done["written"] and not list(shoot.folder.glob("*.xmp"))


def test_a_plan_that_no_longer_holds_is_not_done(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    api = f"/api/shoots/{shoot.id}"
    asked = {"to": "xmp", "dry_run": True}
    look = visitor.post(f"{api}/export", json=asked).get_json()
    visitor.post(f"{api}/choices", json={"ids": [ids(shoot)["a.jpg"]], "verdict": "maybe"})
    response = visitor.post(f"{api}/export", json={**asked, "dry_run": False, "plan": look["plan"]})
    assert (response.status_code, "look at it once more" in response.get_json()["error"]) == (409, True)
    assert not list(shoot.folder.glob("*.xmp"))


def test_an_export_tells_how_far_it_is_and_can_be_stopped(
    visitor: FlaskClient, desk: Desk, shoot: ReviewedShoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = f"/api/shoots/{shoot.id}"
    monkeypatch.setattr("keepers.app.review.handing._PACE_S", 0)
    listener = desk.listen(shoot)
    heard: list[tuple[int, int]] = []

    def tell(name: str, event: tuple[str, dict[str, int]]) -> None:
        heard.append((event[1]["done"], event[1]["total"]))
        assert visitor.post(f"{api}/export/stop", json={}).status_code == 200  # as from another thread

    monkeypatch.setattr(desk._listeners, "tell", tell)
    done = visitor.post(f"{api}/export", json={"to": "xmp", "dry_run": False}).get_json()
    desk.leave(listener)
    assert heard == [(1, 4)]
    assert (done["written"], done["left_out"]) == (1, 3)
    assert len(list(shoot.folder.glob("*.xmp"))) == 1
    visitor.post(f"/api/jobs/{done['job']}/undo", json={})
    assert not list(shoot.folder.glob("*.xmp"))


def test_photos_that_are_not_handed_over_as_shown_are_named(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    api = f"/api/shoots/{shoot.id}"
    visitor.post(f"{api}/marks", json={"ids": [ids(shoot)["soft1.jpg"]], "stars": 4.0})
    look = visitor.post(f"{api}/export", json={"to": "xmp", "dry_run": True}).get_json()
    assert [note.split(":")[0].split(",")[0] for note in look["notes"]] == [
        "1 photo has your stars",
        "1 photo could not be read",
        "4 JPEGs have no RAW",
    ]
    whats = {Path(one["path"]).name: one["what"] for one in look["planned"]}
    assert whats["soft1.xmp"] == "unflag and label Yellow, rate 4 of 5"
    assert whats["soft2.xmp"] == "reject and label Red"


def test_every_way_to_export_is_told_with_its_options(visitor: FlaskClient) -> None:
    told = {one["name"]: one for one in visitor.get("/api/exporters").get_json()["exporters"]}
    assert set(told) == set(EXPORTERS)
    assert told["csv"]["options"] == ["out"] and told["csv"]["does"].endswith(".")


# What is answered


def test_a_shoot_tells_of_all_its_photos(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    said = visitor.get(f"/api/shoots/{shoot.id}").get_json()
    rows = {row["name"]: row for row in said["photos"]}
    assert set(rows) == set(NAMES) and said["state"] == "ready" and said["name"] == "shoot"
    assert rows["a.jpg"]["verdict"] == rows["a.jpg"]["machine"] == "keep" and rows["soft1.jpg"]["verdict"] == "delete"
    assert rows["bad.jpg"]["verdict"] is None and "bad.jpg" in rows["bad.jpg"]["error"]
    assert said["counts"] == {"keep": 2, "maybe": 0, "delete": 2, "unreadable": 1, "decided": 0}
    (line,) = visitor.get("/api/shoots").get_json()["shoots"]
    assert (line["id"], line["photos"], line["keep"], line["decided"]) == (shoot.id, 5, 2, 0)


def test_an_acknowledged_choice_is_on_the_disk(visitor: FlaskClient, shoot: ReviewedShoot, world: PictureWorld) -> None:
    photo = ids(shoot)["a.jpg"]
    change = visitor.post(f"/api/shoots/{shoot.id}/choices", json={"ids": [photo], "verdict": "delete"}).get_json()
    with Catalog(world.catalog) as store:
        assert store.choices() == {photo: "delete"}
    (row,) = change["photos"]
    assert (row["choice"], row["verdict"], row["machine"]) == ("delete", "delete", "keep")
    assert change["counts"]["decided"] == 1 and change["can_undo"] and not change["can_redo"]


def test_where_the_disk_fails_nothing_changes(
    visitor: FlaskClient, shoot: ReviewedShoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Catalog, choices: object) -> None:
        raise StorageError("The disk is full.")

    before = shoot.to_json()
    monkeypatch.setattr(Catalog, "decide", full)
    response = visitor.post(f"/api/shoots/{shoot.id}/choices", json={"ids": [ids(shoot)["a.jpg"]], "verdict": "maybe"})
    assert response.status_code == 500 and response.get_json() == {"error": "The disk is full."}
    assert shoot.to_json() == before


def test_accepting_leaves_alone_what_a_person_decided(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    api, name = f"/api/shoots/{shoot.id}", ids(shoot)
    visitor.post(f"{api}/choices", json={"ids": [name["a.jpg"]], "verdict": "delete"})
    readable = [photo for file, photo in name.items() if file != "bad.jpg"]
    change = visitor.post(f"{api}/accept", json={"ids": readable}).get_json()
    assert change["summary"] == {"keep": 1, "maybe": 0, "delete": 2}
    choices = {row["name"]: row["choice"] for row in shoot.rows()}
    assert choices == {
        "a.jpg": "delete",
        "b.jpg": "keep",
        "soft1.jpg": "delete",
        "soft2.jpg": "delete",
        "bad.jpg": None,
    }
    undone = visitor.post(f"{api}/undo", json={}).get_json()
    assert undone["what"] == "Undone: Verdicts of 3 photos accepted" and undone["counts"]["decided"] == 1


def test_nothing_to_undo_is_said(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    for verb in ("undo", "redo"):
        response = visitor.post(f"/api/shoots/{shoot.id}/{verb}", json={})
        assert (response.status_code, verb in response.get_json()["error"]) == (409, True)


def test_two_tabs_stay_in_step(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    api, photo = f"/api/shoots/{shoot.id}", ids(shoot)["a.jpg"]
    streams = [iter(visitor.get(f"{api}/events", buffered=False).response) for _ in range(2)]
    assert all(next(stream).startswith(b"event: hello\n") for stream in streams)
    changes = [
        visitor.post(f"{api}/choices", json={"ids": [photo], "verdict": "maybe"}).get_json(),
        visitor.post(f"{api}/marks", json={"ids": [photo], "stars": 4}).get_json(),
        visitor.post(f"{api}/undo", json={}).get_json(),
    ]
    for stream in streams:
        heard = []
        for _ in changes:
            name, data = next(stream).decode().strip().split("\n")
            assert name == "event: change"
            heard.append(json.loads(data.removeprefix("data: ")))
        assert [one["version"] for one in heard] == [one["version"] for one in changes]
        assert [one["photos"] for one in heard] == [one["photos"] for one in changes]
        assert heard[-1]["photos"][0]["stars"] == 0 and heard[-1]["photos"][0]["choice"] == "maybe"


def test_a_tab_too_many_ends_the_oldest(desk: Desk, shoot: ReviewedShoot) -> None:
    from keepers.app.review.events import LISTENERS

    listeners = [desk.listen(shoot) for _ in range(LISTENERS + 1)]
    assert [event for event in listeners[0] if event] in ([], [("hello", shoot.hello())])
    assert next(iter(listeners[1])) == ("hello", shoot.hello())


def test_another_keepers_is_heard(visitor: FlaskClient, shoot: ReviewedShoot, world: PictureWorld) -> None:
    photo, version = ids(shoot)["b.jpg"], shoot.version
    with Catalog(world.catalog) as other:
        other.choose(photo, "maybe")
    said = visitor.get(f"/api/shoots/{shoot.id}").get_json()
    assert said["version"] > version
    assert {row["id"]: row["choice"] for row in said["photos"]}[photo] == "maybe"


def test_a_photo_in_two_open_shoots_has_one_choice(visitor: FlaskClient, desk: Desk, shoot: ReviewedShoot) -> None:
    inner = shoot.folder / "best"
    inner.mkdir()
    (inner / "a.jpg").write_bytes((shoot.folder / "a.jpg").read_bytes())
    other = opened(desk, inner)
    photo = ids(shoot)["a.jpg"]
    visitor.post(f"/api/shoots/{shoot.id}/choices", json={"ids": [photo], "verdict": "maybe"})
    assert [row["choice"] for row in other.rows()] == ["maybe"]


def test_a_blind_check_is_the_audit_of_the_command_line(
    visitor: FlaskClient, shoot: ReviewedShoot, world: PictureWorld
) -> None:
    api, name = f"/api/shoots/{shoot.id}", ids(shoot)
    drawn = visitor.post(f"{api}/audits", json={"size": 30}).get_json()
    assert sorted(drawn["ids"]) == sorted(photo for file, photo in name.items() if file != "bad.jpg")
    assert last_audit(world.shoot, catalog=world.catalog) == drawn["audit"]
    given = {"keep": [name["soft1.jpg"]], "delete": [name["soft2.jpg"], name["a.jpg"]]}
    said = visitor.post(f"{api}/audits/{drawn['audit']}", json={**given, "store": False}).get_json()
    assert (said["checked"], said["wrong"], said["rate"]["value"], said["answered"]) == (2, 1, 0.5, 3)
    assert all(row["choice"] is None for row in shoot.rows())
    assert audit_result(drawn["audit"], catalog=world.catalog).answered == 0
    assert visitor.post(f"{api}/audits/{drawn['audit']}", json={**given, "store": True}).get_json() == said
    kept = audit_result(drawn["audit"], catalog=world.catalog)
    assert (kept.answered, kept.rate.value, kept.wrong) == (3, 0.5, (world.shoot / "soft1.jpg",))
    choices = {row["name"]: row["choice"] for row in shoot.rows() if row["choice"]}
    assert choices == {"soft1.jpg": "keep", "soft2.jpg": "delete", "a.jpg": "delete"}
    # A photo that is decided is not asked for again.
    assert visitor.post(f"{api}/audits", json={}).status_code == 409


def test_the_answers_of_a_blind_check_can_be_taken_back(
    visitor: FlaskClient, shoot: ReviewedShoot, world: PictureWorld
) -> None:
    api = f"/api/shoots/{shoot.id}"
    drawn = visitor.post(f"{api}/audits", json={}).get_json()
    before = shoot.rows()
    address = f"{api}/audits/{drawn['audit']}"
    for _ in range(2):
        visitor.post(address, json={"keep": drawn["ids"], "store": True})
        after = shoot.rows()
        assert visitor.post(f"{api}/undo", json={}).get_json()["what"] == "Undone: 4 photos of a blind check decided"
        assert shoot.rows() == before and audit_result(drawn["audit"], catalog=world.catalog).answered == 0
        visitor.post(f"{api}/redo", json={})
        assert shoot.rows() == after and audit_result(drawn["audit"], catalog=world.catalog).answered == 4
        visitor.post(f"{api}/undo", json={})
    with Catalog(world.catalog) as store:
        foreign = store.begin_audit(shoot.folder / "inner", 1, 1, ())
    assert visitor.post(f"{api}/audits/{foreign}", json={"store": False}).status_code == 404


def test_the_link_leads_to_the_shoot_and_a_folder_that_is_gone_is_said(
    keys: Keys, desk: Desk, shoot: ReviewedShoot, world: PictureWorld
) -> None:
    client = create_app(assess, keys=keys, desk=desk, first=shoot.id).test_client()
    response = client.get(f"/?token={keys.link}")
    assert (response.status_code, response.location) == (302, f"/shoots/{shoot.id}")
    assert "HttpOnly" in response.headers["Set-Cookie"]
    page = client.get(response.location)
    assert page.status_code == 200 and keys.csrf in page.text and f'data-shoot="{shoot.id}"' in page.text
    again = world.desk()
    world.shoot.rename(world.shoot.with_name("elsewhere"))
    gone = create_app(assess, keys=keys, desk=again).test_client()
    gone.get(f"/?token={keys.link}")
    assert f'href="/shoots/{shoot.id}"' in gone.get("/").text
    assert gone.get(f"/shoots/{shoot.id}").status_code == 404
    again.close()


def test_a_cull_that_fails_is_told_in_the_page(world: PictureWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(Catalog, "stale", broken)
    desk = world.desk()
    shoot = desk.open(world.shoot)
    wait(shoot)
    said = shoot.to_json()
    assert (said["state"], said["error"], said["photos"]) == ("failed", "The disk is full.", [])
    desk.close()

# While it is culled


def early(desk: Desk, world: PictureWorld, monkeypatch: pytest.MonkeyPatch) -> tuple[ReviewedShoot, threading.Event]:
    """A shoot whose rows are known; it is judged once the event is set."""
    gate, judge = threading.Event(), Table.of

    def waiting(*args: Any, **more: Any) -> Table:
        assert gate.wait(60)
        return judge(*args, **more)

    monkeypatch.setattr(Table, "of", waiting)
    shoot = desk.open(world.shoot)
    while len(shoot.to_json()["photos"]) < len(NAMES):
        time.sleep(0.005)
    return shoot, gate


def test_photos_are_there_before_their_verdicts_and_can_be_decided(
    desk: Desk, world: PictureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot, gate = early(desk, world, monkeypatch)
    listener = desk.listen(shoot)
    said = shoot.to_json()
    name = {row["name"]: row["id"] for row in said["photos"]}
    assert said["state"] == "culling" and set(name) == set(NAMES) and said["groups"] == []
    assert {row["judged"] for row in said["photos"] if row["error"] is None} == {False}
    assert {row["verdict"] for row in said["photos"]} == {None}
    assert desk.picture(name["a.jpg"], "thumb").is_file() and desk.details(name["a.jpg"])["exif"]["width"] == 96
    shoot.choose([name["a.jpg"]], "delete")
    shoot.mark([name["b.jpg"]], 4)
    assert shoot.accept([name["b.jpg"]])["summary"] == {"keep": 0, "maybe": 0, "delete": 0}
    for refused in (lambda: desk.audit(shoot, 5), lambda: desk.export(shoot, "csv", {}, dry_run=True)):
        with pytest.raises(Refused, match="still being culled"):
            refused()
    with Catalog(world.catalog) as other:
        assert other.choices() == {name["a.jpg"]: "delete"}
        other.choose(name["soft1.jpg"], "keep")
    gate.set()
    wait(shoot)
    rows = {row["name"]: row for row in shoot.rows()}
    assert (rows["a.jpg"]["choice"], rows["a.jpg"]["machine"], rows["b.jpg"]["stars"]) == ("delete", "keep", 4)
    assert rows["soft1.jpg"]["choice"] == "keep" and all(row["judged"] for row in rows.values())
    assert shoot.undo()["what"].startswith("Undone: 4 stars")
    assert shoot.undo()["photos"][0]["verdict"] == "keep"
    heard = [event for event in listener._events.queue if event is not None]
    versions = [data["version"] for _, data in heard]
    assert versions == sorted(versions) and ("progress", "ready") in [(kind, data.get("state")) for kind, data in heard]


def test_rows_that_wait_are_those_of_the_judged_shoot_but_for_what_is_judged(
    desk: Desk, world: PictureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoot, gate = early(desk, world, monkeypatch)
    before = {row["id"]: row for row in shoot.to_json()["photos"]}
    gate.set()
    wait(shoot)
    later = {"judged", "score", "verdict", "machine", "label", "reasons", "sentence", "scene", "group", "place"}
    for row in shoot.rows():
        assert {name for name, value in row.items() if before[row["id"]][name] != value} <= later | {"faces", "eyes"}
    assert set(before) == {row["id"] for row in shoot.rows()}


# Pictures


@pytest.mark.parametrize(("size", "long"), [("thumb", 320), ("fit", 2048), ("full", 2400)])
def test_pictures_are_upright_jpegs_of_their_size(
    visitor: FlaskClient, desk: Desk, world: PictureWorld, size: str, long: int
) -> None:
    lying = Image.new("RGB", (2400, 1200), (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    folder = world.shoot.with_name("other")
    folder.mkdir()
    lying.save(folder / "lying.jpg", exif=exif)
    photo = ids(opened(desk, folder))["lying.jpg"]
    response = visitor.get(f"/api/photos/{photo}/image/{size}.jpg")
    assert response.status_code == 200 and "immutable" in response.headers["Cache-Control"]
    with Image.open(BytesIO(response.data)) as made:
        assert (made.format, made.size) == ("JPEG", (long // 2, long))
        assert "exif" not in made.info
    assert list(world.cache.rglob(f"{photo}.{size}.jpg"))


def test_an_upright_jpeg_is_sent_as_it_is(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    response = visitor.get(f"/api/photos/{ids(shoot)['a.jpg']}/image/full.jpg")
    assert response.data == (shoot.folder / "a.jpg").read_bytes()


@pytest.mark.parametrize("kind", ["sharp", "clipping"])
def test_overlays_have_the_shape_of_the_photo_and_are_transparent(
    visitor: FlaskClient, shoot: ReviewedShoot, kind: str
) -> None:
    response = visitor.get(f"/api/photos/{ids(shoot)['a.jpg']}/overlay/{kind}.png")
    with Image.open(BytesIO(response.data)) as made:
        assert (made.format, made.mode, made.size) == ("PNG", "RGBA", (96, 64))


def test_details_count_every_pixel(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    said = visitor.get(f"/api/photos/{ids(shoot)['a.jpg']}").get_json()
    assert {name: sum(counts) for name, counts in said["histogram"].items()} == dict.fromkeys(
        ("r", "g", "b", "luma"), 96 * 64
    )
    assert len(said["tiles"]["sharp"]) == said["tiles"]["rows"] * said["tiles"]["columns"]
    assert said["schema"].startswith("keepers.assess") and said["path"] == "a.jpg"


def test_a_changed_file_is_not_shown_under_its_old_address(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    photo = ids(shoot)["a.jpg"]
    (shoot.folder / "a.jpg").write_bytes((shoot.folder / "b.jpg").read_bytes())
    for address in ("image/thumb", "image/full"):
        response = visitor.get(f"/api/photos/{photo}/{address}.jpg")
        assert response.status_code == 422 and "changed since" in response.get_json()["error"]
    (shoot.folder / "a.jpg").unlink()
    assert visitor.get(f"/api/photos/{photo}/image/full.jpg").status_code == 422
    assert visitor.get(f"/api/photos/{photo}").get_json()["histogram"] is None


def test_an_unreadable_photo_has_no_picture(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    response = visitor.get(f"/api/photos/{ids(shoot)['bad.jpg']}/image/thumb.jpg")
    assert response.status_code == 422 and "bad.jpg" in response.get_json()["error"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("address", ["image/thumb.jpg", "image/full.jpg", "overlay/sharp.png"])
def test_a_link_out_of_the_folder_is_not_followed(
    visitor: FlaskClient, desk: Desk, world: PictureWorld, tmp_path: Path, address: str
) -> None:
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "inside.jpg").symlink_to(world.shoot / "a.jpg")
    photo = ids(opened(desk, folder))["inside.jpg"]
    desk._shoots = {name: one for name, one in desk._shoots.items() if one.folder == folder}
    response = visitor.get(f"/api/photos/{photo}/{address}")
    assert response.status_code == 404 and "leads out" in response.get_json()["error"]
