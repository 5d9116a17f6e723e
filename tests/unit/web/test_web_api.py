"""What POST /api/assess answers, and in which words it refuses."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from keepers.app import to_json
from keepers.errors import ModelError, UnreadablePhoto
from keepers.types import LABELS, Opinion
from keepers.web import create_app, preview
from keepers.web.security import Keys
from web_fakes import LIMIT, assess

ASSESS = "/api/assess"


def test_answers_what_assess_says(visitor: FlaskClient) -> None:
    answer = visitor.post(f"{ASSESS}?name=good.jpg", data=b"photo").get_json()
    assert answer == to_json(assess("good.jpg", b"photo"))
    assert tuple(answer["probabilities"]) == LABELS  # in the order of the labels, not of the alphabet


def test_an_unreadable_photo_is_an_answer_not_a_failure(visitor: FlaskClient) -> None:
    response = visitor.post(f"{ASSESS}?name=notes.txt", data=b"text")
    assert response.status_code == 200
    assert response.get_json()["error"] == "notes.txt is not a photo that keepers can read."
    assert response.get_json()["verdict"] is None


def test_a_preview_comes_only_when_asked_for(visitor: FlaskClient) -> None:
    assert "preview" not in visitor.post(f"{ASSESS}?name=good.heic", data=b"x").get_json()
    assert visitor.post(f"{ASSESS}?name=good.heic&preview=1", data=b"x").get_json()["preview"].startswith("data:image")
    assert "preview" not in visitor.post(f"{ASSESS}?name=bad.heic&preview=1", data=b"x").get_json()


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("good.jpg", "good.jpg"),
        ("../../etc/good.jpg", "good.jpg"),
        ("C:\\fakepath\\good.jpg", "good.jpg"),
        ("good\x00\n.jpg", "good.jpg"),
        ("früh 1.jpg", "früh 1.jpg"),
        ("a" * 999 + ".jpg", "a" * 251 + ".jpg"),
    ],
)
def test_names_lose_folders_and_control_characters(visitor: FlaskClient, given: str, seen: str) -> None:
    answer = visitor.post(ASSESS, query_string={"name": given}, data=b"x").get_json()
    assert answer["path"] == seen


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"path": ASSESS, "data": b"x"}, 400, "file name"),
        ({"path": f"{ASSESS}?name=/", "data": b"x"}, 400, "file name"),
        ({"path": f"{ASSESS}?name=good.jpg", "environ_overrides": {"CONTENT_LENGTH": "0"}}, 400, "empty"),
        ({"path": f"{ASSESS}?name=good.jpg", "data": b"x" * (LIMIT + 1)}, 413, "larger than"),
        ({"path": f"{ASSESS}?name=good.jpg", "data": {"file": (BytesIO(b"x"), "a.jpg")}}, 415, "not a form"),
        ({"path": "/api/nothing", "data": b"x"}, 404, "not found"),
    ],
)
def test_refuses_in_a_sentence(visitor: FlaskClient, request_: dict[str, Any], status: int, words: str) -> None:
    response = visitor.post(**request_)
    assert response.status_code == status
    assert set(response.get_json()) == {"error"}
    assert words in response.get_json()["error"]


def test_a_body_of_unknown_length_is_refused_unread(visitor: FlaskClient) -> None:
    response = visitor.post(f"{ASSESS}?name=good.jpg")
    assert (response.status_code, "Content-Length" in response.get_json()["error"]) == (411, True)


def test_the_page_cannot_be_posted_to(visitor: FlaskClient) -> None:
    assert visitor.post("/", data=b"x").status_code == 405
    assert visitor.get(ASSESS).status_code == 405


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ModelError("The model file classifier.onnx is missing; install keepers again."), "The model file"),
        (ZeroDivisionError("a bug"), "keepers failed on this photo"),
    ],
)
def test_failures_become_a_sentence(error: Exception, sentence: str) -> None:
    def fail(name: str, data: bytes) -> Opinion:
        raise error

    keys = Keys()
    client = create_app(fail, keys=keys).test_client()
    client.get(f"/?token={keys.link}")
    response = client.post(f"{ASSESS}?name=a.jpg", data=b"x", headers={"X-Keepers-CSRF": keys.csrf})
    assert response.status_code == 500
    assert response.get_json()["error"].startswith(sentence)
    assert "a bug" not in response.text


def test_one_sign_of_life(stranger: FlaskClient) -> None:
    assert stranger.get("/healthz").get_json() == {"status": "ok"}


def test_preview_is_a_small_upright_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = pytest.importorskip("keepers.io.decode")
    import base64

    import cv2

    made, png = cv2.imencode(".png", np.full((800, 1600, 3), 90, np.uint8))
    assert made
    address = preview.preview("a.png", png.tobytes())
    assert address is not None
    kind, _, encoded = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    assert cv2.imdecode(np.frombuffer(base64.b64decode(encoded), np.uint8), 1).shape == (320, 640, 3)

    def unreadable(name: str, data: bytes) -> None:
        raise UnreadablePhoto(f"{name} is damaged.")

    monkeypatch.setattr(decode, "decode_bytes", unreadable)
    assert preview.preview("a.png", b"") is None
