"""The networks that keepers can run: where they are, what they are called, whence they come."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from keepers.errors import ModelError
from keepers.image import patches
from keepers.image.preprocess import normalise, to_input
from keepers.models import engines
from keepers.models.engines import USUAL, Job, Wish
from keepers.models.focus import Focus
from keepers.models.metadata import Metadata, Model, read_metadata
from keepers.models.session import Session
from keepers.types import LABELS, Patches, Plane, Rgb


class Classifier:
    """The network that looks at a whole photo. One instance serves all threads."""

    def __init__(self, model: Model, session: Session) -> None:
        if model.metadata.kind == "focus":
            raise ModelError(f"{model.path} looks at patches only; name a network that looks at whole photos.")
        self.model = model
        self._session = session

    @property
    def name(self) -> str:
        """See `Model.name`."""
        return self.model.name

    @property
    def metadata(self) -> Metadata:
        """What the file says of itself."""
        return self.model.metadata

    def log_odds(self, rgb: Rgb) -> dict[str, float]:
        """Logit of each flaw minus the logit of `original` (natural log, not yet calibrated).

        A network of the kind "whole" has a logit for each flaw by itself, which is the same where only one flaw is
        possible: P(flaw) / P(none) of independent flaws is the flaw's own odds. It adds "noisy", "ev" and "quality".

        Args:
            rgb: uint8 H x W x 3, sRGB, upright, of any size.

        Raises:
            ModelError: the network does not answer with one finite number for each output.
        """
        facts = self.metadata
        answers = self._session.run(to_input(rgb, facts.short_side, facts.crop, facts.mean, facts.std))
        if answers.shape != (1, len(facts.outputs)) or not np.isfinite(answers).all():
            what = f"answers with {answers.shape} numbers, not one for each of {len(facts.outputs)} labels"
            raise ModelError(f"{self.model.path} {what}; export it again.")
        numbers = dict(zip(facts.outputs, answers[0].tolist(), strict=True))
        none = numbers.pop(LABELS[0], 0.0)
        return {name: number - none for name, number in numbers.items()}


@dataclass(frozen=True, slots=True)
class Networks:
    """The network for whole photos and, where keepers ships it, the one for patches."""

    whole: Classifier
    focus: Focus | None = None

    @property
    def name(self) -> str:
        """What measurements are stored under: both names, so that a new file of either is a new measurement."""
        return _joined(self.whole.name, self.focus.name if self.focus else None)

    def log_odds(self, rgb: Rgb) -> dict[str, float]:
        """See `Classifier.log_odds`."""
        return self.whole.log_odds(rgb)

    def look_closely(self, rgb: Rgb, luma: Plane, faces: Sequence[patches.Box] = ()) -> Patches | None:
        """What the focus network says; None where there is none. See `Focus.look`."""
        return self.focus.look(rgb, luma, faces) if self.focus else None


def _joined(whole: str, focus: str | None) -> str:
    return f"{whole}, {focus}" if focus else whole


def packaged_focus() -> Path:
    """Where the network for patches lies, whether or not it is there."""
    return packaged().with_name("focus.onnx")


def packaged() -> Path:
    """Where the network that keepers ships lies, whether or not it is there."""
    return Path(__file__).parent / "data" / "classifier.onnx"


def describe(path: Path | None = None) -> Model:
    """The network in `path` (default: the packaged one) without loading it.

    Raises:
        ModelError: missing, unreadable, damaged, or without keepers' metadata.
    """
    return _described(path or packaged())[0]


def name_of(path: Path | None = None) -> str:
    """The name that measurements with this network are stored under, for example "efficientnet_lite0-fp32 3f2a91c0".

    The packaged network for patches runs beside it and is named as well, where it is there.
    """
    focus = packaged_focus()
    return _joined(_name_of(path or packaged()), _name_of(focus) if focus.is_file() else None)


def load_networks(path: Path | None = None, wish: Wish = USUAL) -> Networks:
    """The network in `path` (default: the packaged one) and the packaged one for patches, ready to run.

    Raises:
        ModelError: missing, damaged, or not what it claims to be. MissingExtra: the engine is not installed.
    """
    focus = load_focus(packaged_focus(), wish) if packaged_focus().is_file() else None
    return Networks(load_classifier(path, wish), focus)


def load_classifier(path: Path | None = None, wish: Wish = USUAL) -> Classifier:
    """The network for whole photos in `path` (default: the packaged one), ready to run.

    Raises:
        ModelError: missing, damaged, or not what it claims to be. MissingExtra: the engine is not installed.
    """
    model, data = _described(path or packaged())
    return Classifier(model, engines.start(_job(model, data), wish))


def load_focus(path: Path, wish: Wish = USUAL) -> Focus:
    """The network for patches in `path`, ready to run. Raises as `load_classifier`."""
    model, data = _described(path)
    return Focus(model, engines.start(_job(model, data), wish))


def jobs(path: Path | None = None) -> dict[str, Job]:
    """The networks of `load_networks` by their names, for measuring engines with them.

    Raises:
        ModelError: missing, unreadable, damaged, or without keepers' metadata.
    """
    files = [path or packaged(), *([packaged_focus()] if packaged_focus().is_file() else [])]
    return {model.name: _job(model, data) for model, data in map(_described, files)}


def _job(model: Model, data: bytes) -> Job:
    facts = model.metadata
    if facts.kind == "focus":
        strip = engines.example_picture(facts.crop, facts.crop * patches.COUNT)
        example = normalise(np.stack(np.split(strip, patches.COUNT, axis=1)), facts.mean, facts.std)
    else:
        picture = engines.example_picture(facts.short_side, facts.short_side * 3 // 2)
        example = to_input(picture, facts.short_side, facts.crop, facts.mean, facts.std)
    return Job(data, model.path, model.sha256, example, exact=not facts.name.endswith("int8"))


def _name_of(target: Path) -> str:
    try:
        facts = target.stat()
    except OSError as error:
        raise _missing(target) from error
    return _name(target, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=8)
def _name(path: Path, size: int, mtime_ns: int) -> str:
    return describe(path).name


def _described(path: Path) -> tuple[Model, bytes]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _missing(path) from error
    return Model(path, hashlib.sha256(data).hexdigest(), read_metadata(data, path)), data


def _missing(path: Path) -> ModelError:
    remedy = "install keepers again" if path == packaged() else "check --model"
    return ModelError(f"The network {path} is missing or cannot be read; {remedy}.")
