"""How many operations a second one core of this machine makes at best, and how many a network needs.

Both come from ONNX Runtime itself: the peak is a product of two large matrices, the kernel that its convolutions end
in; a network's operations follow from the shapes that its profiler writes down.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

EDGE = 768
"""Rows and columns of the matrices: they stay in the second cache together."""
_SECONDS = 0.4
_FLOAT, _UINT8, _INT8, _INT32 = 1, 2, 3, 6
_WEIGHTS = {"Conv": 1, "FusedConv": 1, "QLinearConv": 3, "ConvInteger": 1, "Gemm": 1, "MatMul": 1, "QGemm": 3,
            "QLinearMatMul": 3, "MatMulInteger": 1, "NhwcFusedConv": 1, "ConvTranspose": 1}  # fmt: skip
"""Operators that multiply, and which of their inputs holds the weights."""


def peak(kind: str) -> float:
    """10^9 operations a second on one core; `kind` is "int8" (unsigned by signed bytes) or "fp32"."""
    session = _session(_product(kind))
    kinds: Mapping[str, Any] = {"int8": np.uint8, "fp32": np.float32}
    x = np.ones((EDGE, EDGE), kinds[kind])
    session.run(None, {"x": x})
    best, end = math.inf, time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        began = time.thread_time()
        session.run(None, {"x": x})
        best = min(best, time.thread_time() - began)
    return 2.0 * EDGE**3 / best / 1e9


def operations(model: bytes, x: npt.NDArray[Any]) -> float:
    """10^9 operations that a network needs for `x`: convolutions and matrix products; the rest costs little."""
    with TemporaryDirectory(prefix="keepers-bench-") as folder:
        session = _session(model, Path(folder) / "profile")
        session.run(None, {session.get_inputs()[0].name: x})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = [event.get("args", {}) for event in events if event.get("cat") == "Node"]
    return float(sum(map(_of, nodes))) / 1e9


def _of(node: Mapping[str, Any]) -> float:
    at = _WEIGHTS.get(str(node.get("op_name")))
    inputs, outputs = node.get("input_type_shape") or [], node.get("output_type_shape") or []
    if at is None or at >= len(inputs) or not outputs:
        return 0.0
    (weights,), (made,) = inputs[at].values(), outputs[0].values()
    # A convolution's first axis is its output channels, a matrix' last one its columns: the rest is what is summed up.
    columns = weights[0] if len(weights) == 4 else made[-1]
    needed: float = 2.0 * math.prod(made) * math.prod(weights) / max(1, columns)
    return needed


def _session(model: bytes, profile: Path | None = None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
        # Packed and reordered weights would have no shape, or another than the file's.
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _product(kind: str) -> bytes:
    """An ONNX file that multiplies its input by a matrix; a protobuf is little work where nothing is read back.

    ONNX, "Open Neural Network Exchange", onnx.proto3: the numbers are those of its fields.
    """
    operator, given, held, made = ("MatMulInteger", _UINT8, _INT8, _INT32) if kind == "int8" else (
        "MatMul", _FLOAT, _FLOAT, _FLOAT)  # fmt: skip
    weights = np.ones((EDGE, EDGE), np.int8 if kind == "int8" else np.float32).tobytes()
    tensor = _number(1, EDGE) + _number(1, EDGE) + _number(2, held) + _text(8, b"w") + _text(9, weights)
    node = _text(1, b"x") + _text(1, b"w") + _text(2, b"y") + _text(4, operator.encode())
    graph = _text(1, node) + _text(2, b"g") + _text(5, tensor) + _text(11, _value(b"x", given))
    return _number(1, 8) + _text(7, graph + _text(12, _value(b"y", made))) + _text(8, _text(1, b"") + _number(2, 13))


def _value(name: bytes, kind: int) -> bytes:
    edge = _text(1, _number(1, EDGE))
    return _text(1, name) + _text(2, _text(1, _number(1, kind) + _text(2, edge + edge)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, value: bytes | Sequence[int]) -> bytes:
    data = bytes(value)
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
