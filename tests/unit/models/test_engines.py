"""Every engine answers as ONNX Runtime on the processor does, and the fastest of them is chosen once."""

import itertools
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

import onnx_makers
from keepers import sample
from keepers.errors import MissingExtra, ModelError, UserError
from keepers.models import engines, faces, memory, zoo
from keepers.models.engines import AUTO, ENGINES, REFERENCE, Engine, Job, Wish, best, start, trials
from keepers.models.session import OnnxSession, Tensor
from keepers.types import Rgb

JOBS = {**zoo.jobs(), "faces": faces.job()}
OTHERS = [name for name in ENGINES if name != REFERENCE]
PICTURES = sorted((Path(sample.__file__).parent / "data").glob("*.jpg"))


def there(name: str) -> str:
    if ENGINES[name].version() is None:
        pytest.skip(f"{name} is not installed here (it comes with {ENGINES[name].extra})")
    return name


@cache
def pictures() -> tuple[Rgb, ...]:
    """The sample's photos as they are, soft, and dark."""
    crisp = [np.ascontiguousarray(cv2.imread(str(path))[..., ::-1]) for path in PICTURES]
    soft = [cv2.GaussianBlur(rgb, (0, 0), 2.5) for rgb in crisp]
    return (*crisp, *soft, *((rgb // 5) for rgb in crisp))


class Listener:
    """Keeps what a network is given, and answers with zeros."""

    engine = REFERENCE

    def __init__(self, outputs: int) -> None:
        self.given: list[Tensor] = []
        self.outputs = outputs

    def run(self, x: Tensor) -> Tensor:
        self.given.append(x)
        return np.zeros((len(x), self.outputs), np.float32)


@cache
def inputs(name: str) -> list[Tensor]:
    """What a network is given of the pictures."""
    if name == "faces":
        return [faces.to_detector(cv2.resize(rgb, (480, 320))) for rgb in pictures()]
    model = zoo.describe(JOBS[name].path)
    listener = Listener(len(model.metadata.outputs))
    for rgb in pictures():
        if model.metadata.kind == "focus":
            zoo.Focus(model, listener).look(rgb, rgb.mean(axis=2, dtype=np.float32) / 255)
        else:
            zoo.Classifier(model, listener).log_odds(rgb)
    return listener.given


@pytest.mark.parametrize("network", JOBS)
@pytest.mark.parametrize("engine", OTHERS)
def test_every_engine_gives_the_answers_of_the_reference(engine: str, network: str) -> None:
    job = JOBS[network]
    there(engine)
    ours, theirs = start(job), ENGINES[engine].start(job.model, job.path, job.outputs)
    given = inputs(network)
    assert theirs.engine == engine
    for output in range(job.outputs):
        one, other = ([s.run_all(x)[output] for x in given] for s in (ours, theirs))
        together = [np.concatenate([a.reshape(-1, a.shape[-1]) for a in some]) for some in (one, other)]
        spread = np.maximum(together[0].std(axis=0), 0.01)
        apart = np.abs(together[0] - together[1]) / spread
        assert apart.max() <= (engines.EXACT if job.exact else 1.5 * engines.ROUNDED)
        assert np.sqrt(np.square(apart).mean()) <= (engines.EXACT if job.exact else 0.15)
        if not job.exact:
            assert (together[0].argmax(axis=1) == together[1].argmax(axis=1)).mean() >= 0.94


@pytest.mark.parametrize("engine", OTHERS)
def test_every_engine_finds_the_same_faces(engine: str) -> None:
    usual, other = faces.Faces(), faces.Faces(wish=Wish(there(engine)))
    for rgb in pictures()[: len(PICTURES)]:
        one, two = usual.detect(rgb), other.detect(rgb)
        assert len(one) == len(two)
        for face, same in zip(one, two, strict=True):
            assert np.allclose(face.box, same.box, atol=0.1)
            assert face.confidence == pytest.approx(same.confidence, abs=1e-3)


@pytest.mark.parametrize("engine", ENGINES)
def test_all_threads_share_one_session(engine: str) -> None:
    job = JOBS["faces"]
    session = start(job, Wish(there(engine)))
    given = [faces.to_detector(cv2.resize(rgb, (160, 96 + 32 * (i % 3)))) for i, rgb in enumerate(pictures())]
    alone = [session.run_all(x) for x in given]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(session.run_all, given))
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_an_answer_stays_when_the_next_one_comes() -> None:
    for engine in ENGINES:
        if ENGINES[engine].version() is not None:
            session, x = start(JOBS["faces"], Wish(engine)), JOBS["faces"].example
            first = session.run_all(x)
            kept = [one.copy() for one in first]
            session.run_all(x[:, :, ::-1].copy())
            assert all(np.array_equal(a, b) for a, b in zip(first, kept, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b"no network", lambda b: b[: len(b) // 2]])
def test_a_damaged_network_is_a_sentence(engine: str, damage: Callable[[bytes], bytes]) -> None:
    job = replace(JOBS["faces"], model=damage(JOBS["faces"].model))
    with pytest.raises(ModelError, match="yunet"):
        start(job, Wish(there(engine)))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_of_another_shape_is_a_sentence(engine: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="12 outputs"):
        start(replace(JOBS["faces"], outputs=1), Wish(there(engine)))
    session = start(JOBS["faces"], Wish(engine))
    with pytest.raises(ModelError, match="cannot take"):
        session.run_all(np.zeros((1, 2, 64, 64), np.float32))


def test_an_engine_that_is_not_there_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="openvino"):
        start(JOBS["faces"], Wish("teapot"))
    monkeypatch.setitem(ENGINES._entries, "openvino", replace(ENGINES["openvino"], version=lambda: None))
    with pytest.raises(MissingExtra, match=r"keepers\[openvino\]"):
        start(JOBS["faces"], Wish("openvino"))


@pytest.mark.parametrize("engine", [name for name in OTHERS if name != "openvino"])
def test_a_gpu_that_does_not_start_leaves_the_work_to_the_processor(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: None
) -> None:
    if ENGINES[engine].version() is not None:
        pytest.skip(f"{engine} does start here")
    monkeypatch.setitem(ENGINES._entries, engine, replace(ENGINES[engine], version=lambda: "1"))
    with pytest.warns(UserWarning, match="not in available provider"):
        session = start(tiny(), Wish(AUTO, tmp_path / "engines.json"))
    assert session.engine == REFERENCE
    with pytest.warns(UserWarning, match="not in available provider"), pytest.raises(ModelError, match=engine):
        start(tiny(), Wish(engine))


# Choosing: engines that are ONNX Runtime in disguise, with clocks of their own.


def tiny(outputs: int = 6) -> Job:
    model = onnx_makers.network(outputs=outputs)
    x = np.random.default_rng(0).standard_normal((1, 3, 224, 224), dtype=np.float32)
    return Job(model, Path("tiny.onnx"), f"sha-{outputs}", x)


class Disguised(OnnxSession):
    """Adds `wrong` to every answer."""

    wrong: float | Tensor = 0.0

    def run_all(self, x: Tensor) -> list[Tensor]:
        return [np.asarray(one + self.wrong, np.float32) for one in super().run_all(x)]


class Builder:
    """Starts disguised sessions, counts them, and fails once `broken`."""

    def __init__(self, wrong: float = 0.0) -> None:
        self.started, self.broken, self.wrong = 0, False, wrong

    def __call__(self, model: bytes, path: Path, outputs: int = 1) -> Disguised:
        self.started += 1
        if self.broken:
            raise ModelError("broken")
        session = Disguised(model, path, outputs, engine="other")
        session.wrong = self.wrong
        return session


def ticking(seconds: float) -> Callable[[], float]:
    """A clock on which every run takes so long."""
    times = itertools.count()
    return lambda: seconds * next(times)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the reference is installed, and takes 10 ms."""
    for name in OTHERS:
        monkeypatch.setitem(ENGINES._entries, name, replace(ENGINES[name], version=lambda: None))
    monkeypatch.setitem(ENGINES._entries, REFERENCE, replace(ENGINES[REFERENCE], clock=ticking(0.01)))


def other(
    monkeypatch: pytest.MonkeyPatch, seconds: float = 0.005, wrong: float = 0.0, version: str = "1"
) -> Builder:
    builder = Builder(wrong)
    engine = Engine("in disguise", lambda: version, builder, "nothing", ticking(seconds))
    monkeypatch.setitem(ENGINES._entries, "other", engine)
    return builder


@pytest.fixture
def file(tmp_path: Path, alone: None) -> Path:
    return tmp_path / "cache" / "engines.json"


def test_with_nothing_else_installed_nothing_is_measured(file: Path) -> None:
    assert start(tiny(), Wish(AUTO, file)).engine == REFERENCE
    assert not file.parent.exists()


@pytest.mark.parametrize(("seconds", "winner"), [(0.005, "other"), (0.0095, REFERENCE), (0.02, REFERENCE)])
def test_the_clearly_faster_is_chosen_once(
    file: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, winner: str
) -> None:
    builder = other(monkeypatch, seconds)
    assert start(tiny(), Wish(AUTO, file)).engine == winner
    before = builder.started
    assert start(tiny(), Wish(AUTO, file)).engine == winner
    assert builder.started - before == (winner == "other"), "the second time it is remembered"


@pytest.mark.parametrize("wrong", [1e-2, -1.0, float("nan"), float("inf")])
def test_who_answers_differently_is_not_chosen_however_fast(
    file: Path, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    other(monkeypatch, 1e-6, wrong)
    with np.errstate(invalid="ignore"):
        assert [bool(trial.refused) for trial in trials(tiny())] == [False, True]
        assert start(tiny(), Wish(AUTO, file)).engine == REFERENCE
        with pytest.raises(ModelError, match="differently"):
            start(tiny(), Wish("other", file))


def test_who_is_named_may_be_slow_and_is_compared_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = other(monkeypatch, 5.0)
    for started in (2, 3):
        assert start(tiny(), Wish("other", file)).engine == "other"
        assert builder.started == started


@pytest.mark.parametrize("change", ["version", "network", "computer"])
def test_a_change_is_measured_again(file: Path, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    other(monkeypatch, 0.005)
    assert start(tiny(), Wish(AUTO, file)).engine == "other"
    other(monkeypatch, 0.02, version="2" if change == "version" else "1")
    if change == "computer":
        monkeypatch.setattr(memory, "computer", lambda: "another")
    assert start(tiny(7 if change == "network" else 6), Wish(AUTO, file)).engine == REFERENCE


def test_who_stops_starting_gives_way(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = other(monkeypatch, 0.005)
    assert start(tiny(), Wish(AUTO, file)).engine == "other"
    builder.broken = True
    assert start(tiny(), Wish(AUTO, file)).engine == REFERENCE
    with pytest.raises(ModelError):
        start(tiny(), Wish("other", file))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 3}'])
def test_a_damaged_memory_is_as_good_as_none(file: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    other(monkeypatch, 0.005)
    file.parent.mkdir()
    file.write_text(content, encoding="utf-8")
    assert start(tiny(), Wish(AUTO, file)).engine == "other"
    assert "other" in json.loads(file.read_text(encoding="utf-8")).values()


def test_where_nothing_can_be_remembered_it_is_measured_each_time(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = other(monkeypatch, 0.005)
    file.parent.write_text("a file where the folder should be", encoding="utf-8")
    for turn in (1, 2):
        assert start(tiny(), Wish(AUTO, file)).engine == "other"
        assert builder.started == 2 * turn


def test_the_memory_does_not_grow_for_ever(file: Path) -> None:
    for number in range(memory._MOST + 5):
        memory.remember(file, f"key {number}", "other")
    kept = json.loads(file.read_text(encoding="utf-8"))
    assert len(kept) == memory._MOST and memory.recall(file, f"key {memory._MOST + 4}") == "other"


def test_the_reference_wins_a_draw() -> None:
    same = [engines.Trial(REFERENCE, 10.0), engines.Trial("other", 9.5), engines.Trial("none", None, refused="no")]
    assert best(same) == REFERENCE
    assert best([same[0], engines.Trial("other", 8.0)]) == "other"


def test_openvino_tells_nobody(tmp_path: Path) -> None:
    there("openvino")
    spy = tmp_path / "openvino_telemetry"
    spy.mkdir()
    (spy / "__init__.py").write_text(f"open({str(tmp_path / 'told')!r}, 'w').close()\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from keepers.models import engines, faces; "
    run = code + "assert engines.start(faces.job(), engines.Wish('openvino')).engine == 'openvino'"
    subprocess.run([sys.executable, "-c", run], check=True, capture_output=True, timeout=120)
    assert not (tmp_path / "told").exists()
    subprocess.run([sys.executable, "-c", code + "import openvino"], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "told").exists(), "it does without our help"
