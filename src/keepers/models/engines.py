"""Which library runs a network: a registry of engines, and the fastest that answers alike, measured once.

ONNX Runtime on the processor is always there; every other engine is compared with it on the network itself, with one
picture: its answers first, its speed after. What came out is remembered by computer, network and versions, so that
only a change of one of these costs the second or two again. Where nothing but ONNX Runtime is installed nothing is
measured.

A new engine is one entry in `ENGINES`; it gets the same tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from keepers.errors import MissingExtra, ModelError, UserError
from keepers.models import memory, openvino_session
from keepers.models.session import OnnxSession, Runner, Tensor
from keepers.registry import Registry
from keepers.types import Rgb

REFERENCE = "onnxruntime"
AUTO = "auto"
CLEARLY = 0.9
"""An engine is taken instead of the reference where it needs less than this share of its time."""
EXACT, ROUNDED = 2e-3, 0.3
"""Largest difference to the reference, over the spread of the output: of float networks, and of int8 ones, in which
engines round at other places. Quantising itself moves outputs by more than that."""
_LEAST_SPREAD = 0.01
_WARM_UP, _REPEATS = 2, 7


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to run networks.

    what: in a few words. version: of what is installed; None where it is not, or has no such device. start: the bytes
    of a network, its path and its number of outputs become a session, or a ModelError. extra: what brings it. clock:
    what its runs are timed with, in seconds: on the processor the thread's own time, in which other work on the
    computer does not count; on a GPU the time until it answers.
    """

    what: str
    version: Callable[[], str | None]
    start: Callable[[bytes, Path, int], Runner]
    extra: str
    clock: Callable[[], float] = time.thread_time


@dataclass(frozen=True, slots=True)
class Wish:
    """Which engine to use: one of `ENGINES`, or `AUTO`. memory: the file in which is remembered what was measured."""

    engine: str = REFERENCE
    memory: Path | None = None


USUAL = Wish()


@dataclass(frozen=True, slots=True)
class Job:
    """A network to run. sha256: of `model`. example: what it is measured with. outputs: how many it has. exact: its
    answers do not depend on where an engine rounds."""

    model: bytes
    path: Path
    sha256: str
    example: Tensor
    outputs: int = 1
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Trial:
    """How an engine did with a network: milliseconds a run, and the largest difference of an answer over its spread.
    refused says why it cannot be used; milliseconds are None where it did not even start."""

    engine: str
    ms: float | None = None
    difference: float = 0.0
    refused: str = ""


ENGINES: Registry[Engine] = Registry("engine")


def _onnxruntime() -> str:
    import onnxruntime

    return str(onnxruntime.__version__)


def _with(provider: str) -> str | None:
    import onnxruntime

    return str(onnxruntime.__version__) if provider in onnxruntime.get_available_providers() else None


ENGINES.add(REFERENCE, Engine("ONNX Runtime on the processor", _onnxruntime, OnnxSession, "keepers"))
ENGINES.add(
    openvino_session.NAME,
    Engine(
        "OpenVINO on the processor", openvino_session.version, openvino_session.OpenVinoSession, "keepers[openvino]"
    ),
)


def _gpu(name: str, provider: str, what: str, wheel: str, **how: str) -> None:
    """Register an execution provider of ONNX Runtime. how: its options."""
    alone = name == "directml"
    start = partial(OnnxSession, engine=name, provider=provider, options=how, alone=alone)
    what = f"ONNX Runtime on {what}"
    ENGINES.add(name, Engine(what, partial(_with, provider), start, wheel, time.perf_counter))


# tf32 keeps 10 bits of a number; and trying all algorithms for every new size of a picture would take seconds.
_gpu("cuda", "CUDAExecutionProvider", "an NVIDIA GPU", "onnxruntime-gpu",
     use_tf32="0", cudnn_conv_algo_search="HEURISTIC")  # fmt: skip
_gpu("migraphx", "MIGraphXExecutionProvider", "an AMD GPU", "onnxruntime-migraphx")
_gpu("rocm", "ROCMExecutionProvider", "an AMD GPU, older versions", "onnxruntime-rocm")
_gpu("directml", "DmlExecutionProvider", "a GPU under Windows", "onnxruntime-directml")
_gpu("coreml", "CoreMLExecutionProvider", "Apple's GPU or neural engine", "onnxruntime", ModelFormat="MLProgram")


def available() -> dict[str, str]:
    """The engines that this installation has, the reference first, and their versions."""
    found = {name: engine.version() for name, engine in ENGINES.items()}
    return {name: version for name, version in found.items() if version is not None}


def known(name: str) -> str:
    """`name`, if it is `AUTO` or an engine.

    Raises:
        UserError: it is neither.
    """
    if name != AUTO and name not in ENGINES:
        raise UserError(f"There is no engine {name!r}; name one of: {', '.join([AUTO, *ENGINES])}.")
    return name


def start(job: Job, wish: Wish = USUAL) -> Runner:
    """The network, ready to run with the engine that was asked for.

    An engine that `AUTO` chose and that does not start any more gives way to the reference.

    Raises:
        ModelError: the network is damaged, or does not start with the engine that was named, or answers differently.
        MissingExtra: that engine is not installed.
        UserError: there is no engine of that name.
    """
    name = known(wish.engine)
    if name == AUTO:
        name = chosen(job, wish.memory)
        if name != REFERENCE:
            try:
                return ENGINES[name].start(job.model, job.path, job.outputs)
            except ModelError:
                name = REFERENCE
    elif name != REFERENCE:
        _refuse(name, job, wish.memory)
    return ENGINES[name].start(job.model, job.path, job.outputs)


def _refuse(name: str, job: Job, remembered: Path | None) -> None:
    """Raises what `start` does of an engine that was named, unless it is remembered as one that answers alike."""
    engine = ENGINES[name]
    version = engine.version()
    if version is None:
        raise MissingExtra(f"The engine {name} is not installed; install {engine.extra}, or take another engine.")
    key = memory.key(job.sha256, {name: version})
    if memory.recall(remembered, key) == name:
        return
    reference = ENGINES[REFERENCE].start(job.model, job.path, job.outputs)
    trial = _tried(name, job, reference.run_all(job.example))
    if trial.ms is None:
        raise ModelError(trial.refused)
    if trial.refused:
        raise ModelError(f"{job.path} answers differently with {name}; take another engine.")
    memory.remember(remembered, key, name)


def chosen(job: Job, remembered: Path | None) -> str:
    """The engine that suits a network best on this computer, from memory where it was measured before."""
    there = available()
    if len(there) == 1:
        return REFERENCE
    key = memory.key(job.sha256, there)
    name = memory.recall(remembered, key)
    if name is None or name not in there:
        name = best(trials(job))
        memory.remember(remembered, key, name)
    return name


def best(tried: list[Trial]) -> str:
    """The fastest engine that was not refused; the reference, which is always among them, unless clearly slower."""
    usable = {trial.engine: trial.ms for trial in tried if trial.ms is not None and not trial.refused}
    fastest = min(usable, key=lambda name: usable[name])
    return fastest if usable[fastest] < CLEARLY * usable[REFERENCE] else REFERENCE


def trials(job: Job) -> list[Trial]:
    """Every installed engine with a network, the reference first.

    Raises:
        ModelError: the reference cannot run it.
    """
    reference = ENGINES[REFERENCE].start(job.model, job.path, job.outputs)
    answers = reference.run_all(job.example)
    own = Trial(REFERENCE, _milliseconds(REFERENCE, reference, job.example))
    return [own, *(_tried(name, job, answers) for name in available() if name != REFERENCE)]


def _tried(name: str, job: Job, answers: list[Tensor]) -> Trial:
    try:
        session = ENGINES[name].start(job.model, job.path, job.outputs)
        difference = apart(answers, session.run_all(job.example))
        took = _milliseconds(name, session, job.example)
    except ModelError as error:
        return Trial(name, refused=str(error))
    allowed = EXACT if job.exact else ROUNDED
    # Not "greater": a difference that is no number is none that is allowed.
    return Trial(name, took, difference, "" if difference <= allowed else "it answers differently")


def apart(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """The largest difference between two answers, over the spread (standard deviation) of each output.

    An output that is the same nearly everywhere has hardly any; its differences count over `_LEAST_SPREAD`.
    """
    if [one.shape for one in ours] != [one.shape for one in theirs]:
        return float("inf")
    pairs = zip(ours, theirs, strict=True)
    return max(float(np.abs(one - other).max() / max(float(one.std()), _LEAST_SPREAD)) for one, other in pairs)


def _milliseconds(engine: str, session: Runner, x: Tensor) -> float:
    """The shortest of a few runs: what else the computer does can only add to it."""
    clock, times = ENGINES[engine].clock, []
    for _ in range(_WARM_UP + _REPEATS):
        began = clock()
        session.run_all(x)
        times.append(1000 * (clock() - began))
    return min(times[_WARM_UP:])


@cache
def example_picture(height: int, width: int) -> Rgb:
    """uint8 height x width x 3: soft shapes with some grain, always the same; not to be written into."""
    rng = np.random.default_rng(0)
    shapes = rng.integers(0, 256, (height // 48 + 2, width // 48 + 2, 3)).astype(np.float32)
    picture: Any = cv2.resize(shapes, (width, height), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
    picture.setflags(write=False)
    return np.asarray(picture)
