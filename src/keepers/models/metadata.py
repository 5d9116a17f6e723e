"""The facts that an ONNX file carries about itself, read without loading the network.

An ONNX file is one protobuf message `ModelProto`; its field 14 repeats `StringStringEntryProto` (1 key, 2 value).
Skipping over the other fields takes microseconds where starting a session takes a tenth of a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keepers.errors import ModelError
from keepers.types import LABELS

KEY = "keepers"
MORE = ("noisy", "ev", "quality")
"""What a network of the kind "whole" says beyond the five flaws."""
FOCUS = ("blurred", "moved", "major", "minor", "axis_cos", "axis_sin")
"""Outputs of a network of the kind "focus"; see `types.Patches`."""
OUTPUTS: Mapping[str, tuple[str, ...]] = {"six": LABELS, "whole": LABELS[1:] + MORE, "focus": FOCUS}
"""Kinds of networks and what each of their outputs is."""
_PROPERTIES = 14


@dataclass(frozen=True, slots=True)
class Metadata:
    """How a network wants its input and what its outputs mean.

    kind: one of `OUTPUTS`, and outputs its. short_side, crop: pixels, see `image.preprocess.to_square`. mean, std: per
    channel, RGB, on values 0..1. temperature: what the logits are divided by before a softmax, > 0. facts: everything
    the file says, including what keepers does not need.
    """

    name: str
    short_side: int
    crop: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    kind: str
    outputs: tuple[str, ...]
    licence: str
    source: str
    temperature: float
    facts: Mapping[str, Any]


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


def read_metadata(model: bytes, path: Path) -> Metadata:
    """The metadata of the network in `model`; `path` only names it in errors.

    Raises:
        ModelError: no ONNX file, one without keepers' metadata, or metadata that makes no sense.
    """
    try:
        text = _properties(model).get(KEY)
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise ModelError(f"{path} is damaged or no ONNX network; install keepers again or name another.") from error
    if text is None:
        raise ModelError(f"{path} says nothing of its input and labels; make it with `keepers export-model`.")
    try:
        return _checked(json.loads(text))
    except (KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"{path} has metadata that makes no sense ({what}); export it again.") from error


def _checked(facts: Mapping[str, Any]) -> Metadata:
    if not isinstance(facts, dict):
        raise ValueError("it is no object")
    kind = str(facts.get("kind", "six"))
    if kind not in OUTPUTS:
        raise ValueError(f"kind {kind} is none of {', '.join(OUTPUTS)}")
    outputs = tuple(facts["labels" if kind == "six" else "outputs"])
    if outputs != OUTPUTS[kind]:
        raise ValueError(f"labels {', '.join(map(str, outputs))} are not {', '.join(OUTPUTS[kind])}")
    if facts.get("input", "rgb") != "rgb":
        raise ValueError(f"input {facts['input']} is not rgb")
    mean, std = tuple(map(float, facts["mean"])), tuple(map(float, facts["std"]))
    short_side, crop = int(facts["short_side"]), int(facts["crop"])
    temperature = float(facts.get("temperature", 1.0))
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0 or min(short_side, crop) < 1 or temperature <= 0:
        raise ValueError("mean, std, short_side, crop or temperature is out of range")
    source = str(facts.get("source", facts.get("run_id", "")))
    name, licence = str(facts["name"]), str(facts.get("licence", ""))
    return Metadata(name, short_side, crop, mean, std, kind, outputs, licence, source, temperature, facts)


def _properties(model: bytes) -> dict[str, str]:
    entries = [dict(_fields(value)) for field, value in _fields(model) if field == _PROPERTIES]
    return {entry.get(1, b"").decode(): entry.get(2, b"").decode() for entry in entries}


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field of a protobuf message; numbers (wire types 0, 1, 5) come as empty bytes."""
    view, at = memoryview(message), 0
    while at < len(view):
        tag, at = _varint(view, at)
        field, wire = tag >> 3, tag & 7
        if wire == 0:
            _, at = _varint(view, at)
            yield field, b""
        elif wire == 2:
            length, at = _varint(view, at)
            if length > len(view) - at:
                raise ValueError("a field ends beyond the file")
            # The graph may be many megabytes; only what is asked for is copied.
            yield field, bytes(view[at : at + length]) if length < 1 << 20 else b""
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
            yield field, b""
        else:
            raise ValueError(f"unknown wire type {wire}")


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = view[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a number has no end")
