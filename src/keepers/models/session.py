"""Running a network: a Protocol that tests can fake, and ONNX Runtime behind it; see `engines` for others."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from keepers.errors import ModelError

Tensor = npt.NDArray[np.float32]


class Session(Protocol):
    """A network that turns one float32 array into another; safe to call from several threads at once."""

    def run(self, x: Tensor) -> Tensor:
        """The network's output for `x` (N x 3 x H x W): N x classes."""
        ...


class Runner(Session, Protocol):
    """A session of any network, also of one with several outputs."""

    engine: str
    """Name of the engine that runs it."""

    def run_all(self, x: Tensor) -> list[Tensor]:
        """All outputs, in the order of the file."""
        ...


CPU = "CPUExecutionProvider"


class OnnxSession:
    """ONNX Runtime on one core without spinning: throughput comes from threads that share this session.

    Args:
        model: the bytes of the file. path: only names it in errors. outputs: how many it must have.
        engine: what this way of running is called.
        provider: of ONNX Runtime, with its `options`; what it cannot do the processor does.
        alone: the provider bears one thread at a time only.

    Raises:
        ModelError: the bytes are no network that ONNX Runtime can run, or have not one input and `outputs` outputs; or
            the provider does not start, for example because a driver is missing.
    """

    def __init__(
        self,
        model: bytes,
        path: Path,
        outputs: int = 1,
        *,
        engine: str = "onnxruntime",
        provider: str = CPU,
        options: Mapping[str, str] | None = None,
        alone: bool = False,
    ) -> None:
        import onnxruntime

        try:
            chain = [CPU] if provider == CPU else [(provider, dict(options or {})), CPU]
            self._session = onnxruntime.InferenceSession(model, _settings(onnxruntime, alone), providers=chain)
        except Exception as error:  # ONNX Runtime's exceptions have no common class of their own
            what = "is damaged or no ONNX network" if provider == CPU else f"does not start with {engine} ({error})"
            raise ModelError(f"{path} {what}; install keepers again or name another.") from error
        if self._session.get_providers()[0] != provider:  # without a word, when a library is missing
            raise ModelError(f"{path} does not start with {engine}; see to its driver, or take another engine.")
        self.engine, self._path = engine, path
        self._turn = threading.Lock() if alone else contextlib.nullcontext()
        inputs, found = self._session.get_inputs(), self._session.get_outputs()
        refuse_shape(path, len(inputs), len(found), outputs)
        self._input = inputs[0].name

    def run(self, x: Tensor) -> Tensor:
        """See `Session`. Raises `ModelError` where the network refuses the input."""
        return self.run_all(x)[0]

    def run_all(self, x: Tensor) -> list[Tensor]:
        """All outputs, in the order of the file. Raises `ModelError` where the network refuses the input."""
        try:
            with self._turn:
                return [np.asarray(one, dtype=np.float32) for one in self._session.run(None, {self._input: x})]
        except Exception as error:
            raise refused(self._path, x) from error


def refuse_shape(path: Path, inputs: int, found: int, outputs: int) -> None:
    """Raises ModelError unless a network has one input and `outputs` outputs."""
    if inputs != 1 or found != outputs:
        needed = "one of each is" if outputs == 1 else f"1 and {outputs} are"
        raise ModelError(f"{path} has {inputs} inputs and {found} outputs; {needed} needed.")


def refused(path: Path, x: Tensor) -> ModelError:
    """What is said when a network does not take an input."""
    return ModelError(f"{path} cannot take an input of shape {x.shape}; name another network.")


def _settings(onnxruntime: object, alone: bool) -> object:
    options = onnxruntime.SessionOptions()  # type: ignore[attr-defined]
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 4
    if alone:  # DirectML asks for it
        options.enable_mem_pattern = False
    return options
