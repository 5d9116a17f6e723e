"""What the addresses of the review page refuse. Refusals change nothing, so that all tests share one shoot."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from keepers.app.review import Desk, ReviewedShoot
from keepers.web import create_app
from keepers.web.openapi import ROUTES
from keepers.web.security import CSRF_HEADER, Keys
from review_world import NAMES, PictureWorld, ids, opened, picture_world
from web_fakes import LIMIT, assess


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureWorld]:
    with picture_world(tmp_path_factory.mktemp("world")) as here:
        here.take(*NAMES)
        yield here


@pytest.fixture(scope="module")
def desk(world: PictureWorld) -> Iterator[Desk]:
    made = world.desk()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shoot(desk: Desk, world: PictureWorld) -> ReviewedShoot:
    return opened(desk, world.shoot)


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture(scope="module")
def app(keys: Keys, desk: Desk, shoot: ReviewedShoot) -> Flask:
    return create_app(assess, keys=keys, body_limit=LIMIT, desk=desk)


PATHS = [
    route.path.format(sid="{sid}", pid="{pid}", size="thumb", kind="sharp", job=1)
    for route in ROUTES
    if route.method == "get"
]
WRITES = {
    "choices": {"ids": [], "verdict": "keep"},
    "marks": {"ids": [], "stars": 1},
    "accept": {"ids": []},
    "audits": {},
    "undo": {},
    "redo": {},
    "export": {"to": "csv", "dry_run": True},
}


@pytest.mark.parametrize("path", [*PATHS, "/shoots/{sid}"])
def test_nothing_is_shown_without_the_link(stranger: FlaskClient, shoot: ReviewedShoot, path: str) -> None:
    address = path.format(sid=shoot.id, pid=ids(shoot)["a.jpg"])
    assert stranger.get(address).status_code == 403
    assert stranger.get(f"{address}?token=guess").status_code == 403


@pytest.mark.parametrize("path", [*PATHS, "/shoots/{sid}"])
def test_nothing_is_shown_to_other_hosts(visitor: FlaskClient, shoot: ReviewedShoot, path: str) -> None:
    address = path.format(sid=shoot.id, pid=ids(shoot)["a.jpg"])
    assert visitor.get(address, environ_overrides={"HTTP_HOST": "evil.example"}).status_code == 400


@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize(
    "header",
    [
        {CSRF_HEADER: ""},
        {CSRF_HEADER: "guess"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_writes_of_others_are_refused(
    visitor: FlaskClient, shoot: ReviewedShoot, verb: str, header: dict[str, str]
) -> None:
    before = shoot.to_json()
    address = f"/api/shoots/{shoot.id}/{verb}"
    environment = {"HTTP_" + name.upper().replace("-", "_"): value for name, value in header.items()}
    assert visitor.post(address, json=WRITES[verb], environ_overrides=environment).status_code == 403
    assert visitor.get(address).status_code == 405
    assert shoot.to_json() == before


@pytest.mark.parametrize(
    ("verb", "body", "words"),
    [
        ("choices", {"ids": ["PHOTO"]}, "'verdict' is missing"),
        ("choices", {"verdict": "keep"}, "'ids' is missing"),
        ("choices", {"ids": "PHOTO", "verdict": "keep"}, "must be a list"),
        ("choices", {"ids": [1], "verdict": "keep"}, "must be a string"),
        ("choices", {"ids": ["a" * 65], "verdict": "keep"}, "at most 64 characters"),
        ("choices", {"ids": ["PHOTO"], "verdict": "burn"}, "must be one of"),
        ("choices", {"ids": ["PHOTO"], "verdict": True}, "must be a string or null"),
        ("choices", {"ids": ["PHOTO"], "verdict": "keep", "force": 1}, "no key 'force'"),
        ("marks", {"ids": ["PHOTO"]}, "stars, a colour"),
        ("marks", {"ids": ["PHOTO"], "stars": True}, "must be a whole number"),
        ("marks", {"ids": ["PHOTO"], "stars": 6}, "from 0 to 5"),
        ("marks", {"ids": ["PHOTO"], "stars": -1}, "from 0 to 5"),
        ("marks", {"ids": ["PHOTO"], "stars": 2.5}, "must be a whole number"),
        ("marks", {"ids": ["PHOTO"], "stars": False}, "must be a whole number"),
        ("marks", {"ids": ["PHOTO"], "stars": "2"}, "must be a whole number"),
        ("marks", {"ids": ["PHOTO"], "colour": "pink"}, "must be one of"),
        ("accept", {"ids": None}, "must be a list"),
        ("undo", {"all": True}, "no key 'all'"),
        ("undo", [], "no JSON object"),
        ("redo", None, "no JSON object"),
        ("export", {"to": "csv"}, "'dry_run' is missing"),
        ("export", {"to": "csv", "dry_run": 1}, "true or false"),
        ("export", {"dry_run": True}, "'to' is missing"),
        ("export", {"to": "csv", "dry_run": False, "plan": "any"}, "of the form"),
        ("export", {"to": "xmp", "dry_run": True, "verdicts": ["keep", "keep"]}, "an item twice"),
        ("export", {"to": "printer", "dry_run": True}, "must be one of"),
        ("export", {"to": "csv", "dry_run": True, "stars": True}, "no key 'stars'"),
        ("export", {"to": "xmp", "dry_run": True, "profile": "gimp"}, "must be one of"),
        ("export", {"to": "xmp", "dry_run": True, "verdicts": ["all"]}, "must be one of"),
    ],
)
def test_a_body_that_is_not_as_described_is_refused(
    visitor: FlaskClient, shoot: ReviewedShoot, verb: str, body: Any, words: str
) -> None:
    before = shoot.to_json()
    text = json.dumps(body).replace("PHOTO", ids(shoot)["a.jpg"])
    response = visitor.post(f"/api/shoots/{shoot.id}/{verb}", data=text, content_type="application/json")
    assert response.status_code == 400 and words in response.get_json()["error"]
    assert shoot.to_json() == before


def test_only_json_of_a_reasonable_size_is_read(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    address = f"/api/shoots/{shoot.id}/undo"
    assert visitor.post(address, data="{}").status_code == 415
    assert visitor.post(address, data=b"{" + b" " * 5_000_000, content_type="application/json").status_code == 413
    assert visitor.post(address, data=b"\xff", content_type="application/json").status_code == 400


@pytest.mark.parametrize("size", [0, -1, 501, 1.5, "many", None, True, 9**40])
def test_the_size_of_an_audit_is_a_number(visitor: FlaskClient, shoot: ReviewedShoot, size: Any) -> None:
    response = visitor.post(f"/api/shoots/{shoot.id}/audits", json={"size": size})
    assert response.status_code == 400 and "'size' must be" in response.get_json()["error"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "'store' is missing"),
        ({"store": 1}, 400, "true or false"),
        ({"store": True, "keep": "PHOTO"}, 400, "must be a list"),
        ({"store": True, "keep": ["PHOTO"], "delete": ["PHOTO"]}, 409, "two answers"),
        ({"store": True, "keep": ["f" * 32]}, 404, "did not ask"),
    ],
)
def test_answers_that_are_none_are_refused(
    visitor: FlaskClient, shoot: ReviewedShoot, body: Any, status: int, words: str
) -> None:
    drawn = visitor.post(f"/api/shoots/{shoot.id}/audits", json={}).get_json()
    before = shoot.to_json()
    asked = json.loads(json.dumps(body).replace("PHOTO", drawn["ids"][0]))
    response = visitor.post(f"/api/shoots/{shoot.id}/audits/{drawn['audit']}", json=asked)
    assert (response.status_code, words in response.get_json()["error"]) == (status, True)
    assert shoot.to_json() == before
    for number in (0, 999, 10**30):
        missing = visitor.post(f"/api/shoots/{shoot.id}/audits/{number}", json={"store": False})
        assert missing.status_code == 404


@pytest.mark.parametrize("verb", ["choices", "marks", "accept"])
@pytest.mark.parametrize("photo", ["", "0" * 32, "../a.jpg", "a.jpg", "'; DROP TABLE photo; --"])
def test_nothing_is_stored_of_photos_that_are_not_there(
    visitor: FlaskClient, shoot: ReviewedShoot, verb: str, photo: str
) -> None:
    before, good = shoot.to_json(), ids(shoot)["a.jpg"]
    response = visitor.post(f"/api/shoots/{shoot.id}/{verb}", json={**WRITES[verb], "ids": [good, photo]})
    assert response.status_code == 404 and shoot.to_json() == before


def test_nothing_can_be_decided_of_what_cannot_be_read(visitor: FlaskClient, shoot: ReviewedShoot) -> None:
    body = {"ids": [ids(shoot)["bad.jpg"]], "verdict": "delete"}
    response = visitor.post(f"/api/shoots/{shoot.id}/choices", json=body)
    assert (response.status_code, "bad.jpg could not be read" in response.get_json()["error"]) == (409, True)


@pytest.mark.parametrize(
    "path",
    [
        "/shoots/0000000000000000",
        "/api/shoots/0000000000000000",
        "/api/shoots/../../etc",
        "/api/photos/00000000000000000000000000000000",
        "/api/photos/00000000000000000000000000000000/image/thumb.jpg",
        "/api/photos/{pid}/image/huge.jpg",
        "/api/photos/{pid}/image/thumb.png",
        "/api/photos/{pid}/overlay/heat.png",
        "/api/photos/../../../etc/passwd/image/thumb.jpg",
        "/api/photos/..%2f..%2fetc%2fpasswd/image/full.jpg",
        "/api/photos/%2e%2e/image/full.jpg",
        "/api/photos/a.jpg/image/full.jpg",
    ],
)
def test_what_is_not_there_is_not_found(visitor: FlaskClient, shoot: ReviewedShoot, path: str) -> None:
    response = visitor.get(path.format(pid=ids(shoot)["a.jpg"]))
    assert response.status_code == 404 and set(response.get_json(silent=True) or {"error": 1}) == {"error"}


def test_before_it_is_culled_a_shoot_can_be_asked_but_not_changed(
    visitor: FlaskClient, desk: Desk, shoot: ReviewedShoot
) -> None:
    waiting = ReviewedShoot(shoot.folder / "new", desk._store, lambda *_: None)
    desk._shoots[waiting.id] = waiting
    said = visitor.get(f"/api/shoots/{waiting.id}").get_json()
    assert said["state"] == "culling" and said["photos"] == []
    for verb, body in WRITES.items():
        response = visitor.post(f"/api/shoots/{waiting.id}/{verb}", json=body)
        assert response.status_code == 409 and "still being culled" in response.get_json()["error"]
