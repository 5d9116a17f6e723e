"""OpenVINO behind the Protocol of `session`; it comes with `keepers[openvino]`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np

from keepers.errors import ModelError
from keepers.models.session import Tensor, refuse_shape, refused

NAME = "openvino"
_ONE_CORE = {
    "INFERENCE_PRECISION_HINT": "f32",  # where there are bf16 units it would take those unasked, and move answers
    "NUM_STREAMS": 0,  # in the thread that asks: no pool of its own, and the time counts where it is spent
    "INFERENCE_NUM_THREADS": 1,
    "ENABLE_CPU_PINNING": False,
}


class OpenVinoSession:
    """A network on OpenVINO's CPU device, one core a thread.

    A compiled network runs one call at a time, so every thread has its own, which is compiled (from some hundredths
    of a second to half of one) when the thread first asks.

    Raises:
        ModelError: OpenVINO cannot run it, or it has not one input and `outputs` outputs.
    """

    engine = NAME

    def __init__(self, model: bytes, path: Path, outputs: int = 1) -> None:
        try:
            self._core = _openvino().Core()
            self._model = self._core.read_model(model)
        except Exception as error:
            raise ModelError(f"{path} is no network that OpenVINO can read; take another engine.") from error
        refuse_shape(path, len(self._model.inputs), len(self._model.outputs), outputs)
        self._path, self._own, self._turn = path, threading.local(), threading.Lock()
        self._request()

    def run(self, x: Tensor) -> Tensor:
        """See `Session`. Raises `ModelError` where the network refuses the input."""
        return self.run_all(x)[0]

    def run_all(self, x: Tensor) -> list[Tensor]:
        """All outputs, in the order of the file. Raises `ModelError` where the network refuses the input."""
        request = self._request()
        try:
            request.infer([x], share_inputs=True)
            # Copies: the request writes its next answer into the same memory.
            return [np.array(tensor.data, dtype=np.float32) for tensor in request.output_tensors]
        except Exception as error:
            raise refused(self._path, x) from error

    def _request(self) -> Any:
        """This thread's own."""
        request = getattr(self._own, "request", None)
        if request is None:
            try:
                with self._turn:
                    request = self._core.compile_model(self._model, "CPU", _ONE_CORE).create_infer_request()
            except Exception as error:
                raise ModelError(f"{self._path} does not start with OpenVINO; take another engine.") from error
            self._own.request = request
        return request


def version() -> str | None:
    """Of the installed OpenVINO, without loading it; None where there is none."""
    from importlib import metadata

    try:
        return metadata.version("openvino")
    except metadata.PackageNotFoundError:
        return None


def _openvino() -> Any:
    # Importing OpenVINO reports that to its makers where the package `openvino_telemetry` can be imported, which it
    # brings along. What keepers does stays on this computer.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino
