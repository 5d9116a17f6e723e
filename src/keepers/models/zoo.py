"""The networks that keepers can run: where they are, what they are called, whence they come."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from keepers.errors import ModelError
from keepers.image.preprocess import to_input
from keepers.models.metadata import Metadata, read_metadata
from keepers.models.session import OnnxSession, Session
from keepers.types import Rgb


@dataclass(frozen=True, slots=True)
class Model:
    """A network as it lies on disk: `sha256` of the file (64 hex digits) and what its metadata says."""

    path: Path
    sha256: str
    metadata: Metadata

    @property
    def name(self) -> str:
        """What measurements are stored under: the network's name and the first 8 digits of its sha256."""
        return f"{self.metadata.name} {self.sha256[:8]}"

    @property
    def licence(self) -> str:
        """The licence of the weights."""
        return self.metadata.licence

    @property
    def source(self) -> str:
        """Where the weights come from: a URL, or the id of the training run."""
        return self.metadata.source


class Classifier:
    """The six-class network. One instance serves all threads."""

    def __init__(self, model: Model, session: Session) -> None:
        self.model = model
        self._session = session

    @property
    def name(self) -> str:
        """See `Model.name`."""
        return self.model.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The six classes, `original` first."""
        return self.model.metadata.labels

    @property
    def metadata(self) -> Metadata:
        """What the file says of itself."""
        return self.model.metadata

    def log_odds(self, rgb: Rgb) -> dict[str, float]:
        """Logit of each flaw minus the logit of `original` (natural log, not yet calibrated).

        Args:
            rgb: uint8 H x W x 3, sRGB, upright, of any size.

        Raises:
            ModelError: the network does not answer with one finite number for each label.
        """
        facts = self.metadata
        logits = self._session.run(to_input(rgb, facts.short_side, facts.crop, facts.mean, facts.std))
        if logits.shape != (1, len(self.labels)) or not np.isfinite(logits).all():
            raise ModelError(f"{self.model.path} answers with {logits.shape} numbers, not one for each of six labels.")
        odds = (logits[0] - logits[0, 0]).tolist()
        return dict(zip(self.labels[1:], odds[1:], strict=True))


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
    """The name that measurements of this network are stored under, for example "resnet50-int8 3f2a91c0"."""
    target = path or packaged()
    try:
        facts = target.stat()
    except OSError as error:
        raise _missing(target) from error
    return _name(target, facts.st_size, facts.st_mtime_ns)


def load_classifier(path: Path | None = None) -> Classifier:
    """The six-class network in `path` (default: the packaged one), ready to run.

    Raises:
        ModelError: missing, damaged, or not what it claims to be.
    """
    model, data = _described(path or packaged())
    return Classifier(model, OnnxSession(data, model.path))


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
