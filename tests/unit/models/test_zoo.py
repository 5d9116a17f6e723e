"""Networks are what they claim to be, or one sentence says what is wrong."""

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import onnx_makers
from keepers.errors import ModelError
from keepers.models import zoo
from keepers.models.session import OnnxSession
from keepers.types import LABELS

BRIGHT = np.full((300, 400, 3), 200, np.uint8)
DARK = np.full((300, 400, 3), 20, np.uint8)


class FakeSession:
    """Answers with what it was given and remembers what it was asked."""

    def __init__(self, logits: list[float]) -> None:
        self.logits, self.asked = logits, []

    def run(self, x: np.ndarray) -> np.ndarray:
        self.asked.append(x)
        return np.array([self.logits], np.float32)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return onnx_makers.write(tmp_path / "tiny.onnx", onnx_makers.network())


def test_it_answers_with_log_odds_against_original(tiny) -> None:
    odds = zoo.load_classifier(tiny).log_odds(BRIGHT)
    assert tuple(odds) == LABELS[1:]
    value = (200 / 255 - 0.5) / 0.25
    assert odds["blurred"] == pytest.approx(3 * value * 0.1, abs=1e-3)
    assert odds["underexposed"] == pytest.approx(3 * value * 0.5, abs=1e-3)


def test_it_names_itself_by_the_bytes_of_its_file(tiny) -> None:
    digest = hashlib.sha256(tiny.read_bytes()).hexdigest()
    model = zoo.describe(tiny)
    assert model.sha256 == digest
    assert zoo.load_classifier(tiny).name == f"tiny {digest[:8]}"
    assert zoo.load_networks(tiny).name == zoo.name_of(tiny) and zoo.name_of(tiny).startswith(f"tiny {digest[:8]}, ")
    assert (model.licence, model.source, model.metadata.temperature) == ("CC0-1.0", "run-1", 1.5)


def test_another_file_in_its_place_gets_another_name(tiny) -> None:
    before = zoo.name_of(tiny)
    onnx_makers.write(tiny, onnx_makers.network(onnx_makers.FACTS | {"name": "other"}))
    assert zoo.name_of(tiny) != before


def test_one_session_serves_many_threads(tiny) -> None:
    classifier = zoo.load_classifier(tiny)
    photos = [BRIGHT, DARK] * 10
    alone = [classifier.log_odds(photo) for photo in photos]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(classifier.log_odds, photos)) == alone
    assert alone[0] != alone[1]


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (50, 4000), (224, 224), (900, 700)])
def test_pictures_of_any_shape_fit(tiny, shape) -> None:
    odds = zoo.load_classifier(tiny).log_odds(np.full((*shape, 3), 90, np.uint8))
    assert all(math.isfinite(value) for value in odds.values())


def test_a_fake_session_can_stand_in(tiny) -> None:
    session = FakeSession([1, 2, 3, 4, 5, 6])
    odds = zoo.Classifier(zoo.describe(tiny), session).log_odds(BRIGHT)
    assert list(odds.values()) == [1, 2, 3, 4, 5]
    assert session.asked[0].shape == (1, 3, 224, 224) and session.asked[0].dtype == np.float32


@pytest.mark.parametrize("logits", [[1.0, 2.0], [math.nan] * 6])
def test_a_wrong_answer_is_a_model_error(tiny, logits) -> None:
    with pytest.raises(ModelError, match=r"tiny\.onnx"):
        zoo.Classifier(zoo.describe(tiny), FakeSession(logits)).log_odds(BRIGHT)


@pytest.mark.parametrize("verb", [zoo.load_classifier, zoo.describe, zoo.name_of])
def test_a_missing_file_is_named(tmp_path, verb) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx is missing.*--model"):
        verb(tmp_path / "nowhere.onnx")


BROKEN = {
    "empty": b"",
    "text": b"this is no network at all, but a sentence\n" * 20,
    "truncated": onnx_makers.network()[:-20],
    "no metadata": onnx_makers.network(None),
    "metadata is no JSON": onnx_makers.network("{"),
    "metadata is a list": onnx_makers.network("[1, 2]"),
    "other labels": onnx_makers.network(onnx_makers.FACTS | {"labels": ["cat", "dog"]}),
    "labels in another order": onnx_makers.network(onnx_makers.FACTS | {"labels": list(LABELS[::-1])}),
    "no crop": onnx_makers.network({k: v for k, v in onnx_makers.FACTS.items() if k != "crop"}),
    "zero std": onnx_makers.network(onnx_makers.FACTS | {"std": [0, 0, 0]}),
    "bgr": onnx_makers.network(onnx_makers.FACTS | {"input": "bgr"}),
    "an endless number": b"\xff" * 40,
    "metadata alone": onnx_makers.metadata(onnx_makers.FACTS),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_is_one_sentence(tmp_path, content) -> None:
    path = onnx_makers.write(tmp_path / "bad.onnx", content)
    with pytest.raises(ModelError) as caught:
        zoo.load_classifier(path)
    assert "bad.onnx" in str(caught.value) and "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_five_outputs_are_not_six(tmp_path) -> None:
    path = onnx_makers.write(tmp_path / "five.onnx", onnx_makers.network(outputs=5))
    with pytest.raises(ModelError, match=r"five\.onnx"):
        zoo.load_classifier(path).log_odds(BRIGHT)


def test_an_input_that_does_not_fit_is_a_model_error(tiny) -> None:
    session = OnnxSession(tiny.read_bytes(), tiny)
    with pytest.raises(ModelError, match=r"tiny\.onnx cannot take"):
        session.run(np.zeros((1, 3, 10, 10), np.float32))


def test_the_packaged_network_is_sound_where_it_is_there() -> None:
    if not zoo.packaged().is_file():
        pytest.skip("this checkout carries no network yet")
    model = zoo.describe()
    assert model.licence and model.source
    assert set(zoo.load_classifier().log_odds(DARK)) == set(LABELS[1:])
