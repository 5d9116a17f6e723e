"""Running a network: a Protocol that tests can fake, and ONNX Runtime behind it."""

from __future__ import annotations

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


class OnnxSession:
    """ONNX Runtime on one core without spinning: throughput comes from threads that share this session.

    Raises:
        ModelError: the bytes are no network that ONNX Runtime can run, or have not one input and `outputs` outputs.
    """

    def __init__(self, model: bytes, path: Path, outputs: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions have no common class of their own
            raise ModelError(f"{path} is damaged or no ONNX network; install keepers again or name another.") from error
        self._path = path
        inputs, found = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(found) != outputs:
            needed = "one of each is" if outputs == 1 else f"1 and {outputs} are"
            raise ModelError(f"{path} has {len(inputs)} inputs and {len(found)} outputs; {needed} needed.")
        self._input = inputs[0].name

    def run(self, x: Tensor) -> Tensor:
        """See `Session`. Raises `ModelError` where the network refuses the input."""
        return self.run_all(x)[0]

    def run_all(self, x: Tensor) -> list[Tensor]:
        """All outputs, in the order of the file. Raises `ModelError` where the network refuses the input."""
        try:
            return [np.asarray(one, dtype=np.float32) for one in self._session.run(None, {self._input: x})]
        except Exception as error:
            raise ModelError(f"{self._path} cannot take an input of shape {x.shape}; name another network.") from error
