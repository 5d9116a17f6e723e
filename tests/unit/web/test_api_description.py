"""The description of the interface against the interface: schemathesis asks what it allows and what it forbids.

Refused must be what is forbidden, and whatever is answered must be as described.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings

from keepers.app.review import Desk, ReviewedShoot
from keepers.web import create_app
from keepers.web.openapi import ROUTES, Route, description
from keepers.web.security import CSRF_HEADER, Keys
from review_world import NAMES, PictureWorld, ids, opened, picture_world
from web_fakes import LIMIT, assess

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: see the extra [test]")

COOKIE = "keepers-80"
ENDLESS, ASSESS = "/api/shoots/{sid}/events", "/api/assess"
CASES = [
    (route, mode)
    for route in ROUTES
    for mode in ("positive", "negative")
    # A request without parameters cannot be wrong, and any bytes and any name are a photo to be looked at.
    if route.path != ENDLESS and (mode == "positive" or (route.path != ASSESS and (route.parameters or route.asks)))
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PictureWorld]:
    with picture_world(tmp_path_factory.mktemp("described")) as here:
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
    return create_app(
        assess, preview=lambda name, data: "data:image/jpeg;base64,AA", keys=keys, body_limit=LIMIT, desk=desk
    )


def narrowed(shoot: ReviewedShoot) -> dict[str, Any]:
    """The description with the ids that there are, which nobody would guess.

    Left out: the stream of events, which does not end; where to write and to move files, which is anywhere; the photo
    that cannot be read, of which little can be asked; the locks, which have tests of their own.
    """
    readable = [photo for name, photo in ids(shoot).items() if name != "bad.jpg"]
    told = copy.deepcopy(description())
    del told["paths"][ENDLESS]
    del told["security"], told["components"]["securitySchemes"]
    known = {"sid": [shoot.id], "pid": readable, "job": [1], "name": ["good.jpg", "früh 1.HEIC", "notes.txt"]}
    for operations in told["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["name"] in known:
                    parameter["schema"] = {**parameter["schema"], "enum": known[parameter["name"]]}
            for schema in _bodies(operation):
                if "ids" in schema["properties"]:
                    schema["properties"]["ids"]["items"]["enum"] = readable
                for far in ("out", "move"):
                    schema["properties"].pop(far, None)
    return told


def _bodies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return [] if schema is None else schema.get("oneOf", [schema])


@pytest.fixture(scope="module")
def described(app: Flask, desk: Desk, shoot: ReviewedShoot) -> Any:
    assert desk.export(shoot, "csv", {})["job"] == 1
    made = schemathesis.openapi.from_dict(narrowed(shoot))
    made.app = app
    made.config.update(base_url="http://127.0.0.1")
    return made


@pytest.mark.parametrize(("route", "mode"), CASES, ids=[f"{mode} {route.method} {route.path}" for route, mode in CASES])
def test_what_is_described_holds(described: Any, keys: Keys, route: Route, mode: str) -> None:
    asked = described[route.path][route.method]
    cookies, headers = {COOKIE: keys.session}, {CSRF_HEADER: keys.csrf}

    @settings(
        max_examples=10, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=asked.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
    def holds(case: Any) -> None:
        response = case.call_and_validate(headers=headers, cookies=cookies)
        assert mode == "negative" or response.status_code != 403, "what is asked rightly is not kept out"

    holds()


def test_the_description_names_every_address_and_no_other(app: Flask) -> None:
    inner = {"sid": "{sid}", "pid": "{pid}", "size": "{size}", "kind": "{kind}", "job": "{job}", "audit": "{audit}"}
    served = set()
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = rule.rule.replace("<int:", "<")
            for name, braces in inner.items():
                path = path.replace(f"<{name}>", braces)
            served |= {(method.lower(), path) for method in rule.methods - {"HEAD", "OPTIONS"}}
    assert served == {(route.method, route.path) for route in ROUTES}
