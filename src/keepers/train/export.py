"""`keepers export-model`: a run becomes one ONNX file that carries all it needs, or nothing at all.

Three gates, each of which refuses to write the file:

    fp32 ONNX against torch    largest difference of a logit <= 1e-3 times the logits' spread
    int8 against fp32          the same answer for >= 97 % of the calibration photos, accuracy at most 1 point lower
    size                       <= 30 MB
"""

import json
import logging
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from keepers.errors import ModelError
from keepers.image.preprocess import normalise
from keepers.io.files import replacing
from keepers.pipeline.calibrate import wilson
from keepers.train import config as configs
from keepers.train import data, loop
from keepers.train.config import Config
from keepers.train.evaluate import temperature
from keepers.types import LABELS

FP32_TOLERANCE = 1e-3
INT8_AGREEMENT = 0.97
INT8_LOSS = 0.01
PROBES = 96
"""About so many calibration photos set the ranges of int8 and are compared between torch and ONNX."""
MAX_BYTES = 30_000_000
Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Exported:
    """What came out: the file, and the figures that its metadata holds as well."""

    path: Path
    metadata: dict[str, Any]


def _inputs(part: data.Part, mean: tuple[float, ...], std: tuple[float, ...]) -> Iterator[npt.NDArray[np.float32]]:
    for view in part.views:
        yield normalise(data.centre(view), mean, std)


def to_onnx(net: nn.Module, path: Path, side: int | None = None) -> None:
    """Write a network for squares of `side` pixels (default: those of a six-class one) in fp32, opset 18.

    The number of photos at once stays free.
    """
    side = side or data.CROP
    net = net.eval().to("cpu", memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    example = torch.zeros(2, 3, side, side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (example,),
            str(path),
            input_names=["input"],
            output_names=["logits"],
            opset_version=18,
            dynamo=True,
            external_data=False,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )


def run_onnx(path: Path, inputs: Iterator[npt.NDArray[np.float32]]) -> Logits:
    """Logits of an ONNX file, one photo at a time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"input": x})[0] for x in inputs])


def quantise(source: Path, target: Path, inputs: Iterator[npt.NDArray[np.float32]]) -> None:
    """Static int8 (QDQ, unsigned activations, signed weights by channel) with the ranges of calibration photos.

    Weights keep to 7 bits: processors without VNNI add two products in 16 bits, and 8-bit weights overflow there.
    """
    from onnxruntime import quantization as q
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(q.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            value = next(inputs, None)
            return None if value is None else {"input": value}

    logging.getLogger().setLevel(logging.ERROR)
    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    q.quantize_static(
        str(prepared),
        str(target),
        Reader(),
        quant_format=q.QuantFormat.QDQ,
        activation_type=q.QuantType.QUInt8,
        weight_type=q.QuantType.QInt8,
        per_channel=True,
        reduce_range=True,
        calibrate_method=q.CalibrationMethod.MinMax,
    )


def _accuracy(logits: Logits, part: data.Part) -> dict[str, Any]:
    right = int((logits.argmax(1) == part.labels).sum())
    return {"accuracy": right / len(part), "interval_95": wilson(right, len(part)), "photos": len(part)}


def _check_fp32(torch_logits: Logits, onnx_logits: Logits) -> float:
    difference = float(np.abs(torch_logits - onnx_logits).max() / max(float(np.std(torch_logits)), 1e-6))
    if difference > FP32_TOLERANCE:
        raise ModelError(f"The ONNX model differs from torch by {difference:.2g} of the logits' spread; not exported.")
    return difference


def _check_int8(fp32: Logits, int8: Logits, part: data.Part) -> float:
    same = int((fp32.argmax(1) == int8.argmax(1)).sum())
    agreement, one = same / len(part), 1 / len(part)
    loss = _accuracy(fp32, part)["accuracy"] - _accuracy(int8, part)["accuracy"]
    # A single photo decides nothing, also where there are so few that it is more than the tolerance.
    if agreement < min(INT8_AGREEMENT, 1 - one) or loss > max(INT8_LOSS, one):
        raise ModelError(
            f"The int8 model agrees with fp32 on {agreement:.1%} of the calibration photos and loses {loss:.1%} "
            "accuracy; not exported. Try --precision fp32, or more calibration photos."
        )
    return agreement


def stamp(path: Path, metadata: dict[str, Any]) -> bytes:
    """The bytes of an ONNX file with keepers' metadata in it, and without traces of where it was made."""
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = "keepers", json.dumps(metadata, sort_keys=True)
    model.producer_name = "keepers"
    model.doc_string = ""
    for node in model.graph.node:  # traces of where the exporting code lay
        node.doc_string = ""
        del node.metadata_props[:]
    return bytes(model.SerializeToString())


def _describe(config: Config, run: Path, precision: str, licence: str) -> dict[str, Any]:
    facts = configs.facts_of(run)
    return {
        "name": f"{config.backbone}-{precision}",
        "input": "rgb",
        "short_side": data.SHORT_SIDE,
        "crop": data.CROP,
        "labels": list(LABELS),
        "licence": licence,
        "run_id": f"{run.name}-{facts['labels_sha256'][:8]}-{config.seed}",
        "weights_sha256": facts["weights_sha256"],
        "versions": facts["versions"],
    }


def export(
    run: Path, out: Path, *, dataset: Path | None = None, precision: str = "int8", progress: loop.Progress | None = None
) -> Exported:
    """Write the best weights of a run as ONNX with preprocessing, labels, licence and run id in its metadata.

    Raises:
        NotFound: if the run has no trained weights. ModelError: if a gate fails; nothing is written then.
    """
    config = configs.read(run)
    weights = loop.best_weights(run)
    parts = loop.parts(dataset or Path(config.dataset), ("calibration", "test"), progress)
    calibration, test = parts["calibration"], parts["test"]
    net, backbone = loop.make_net(config, pretrained=False)
    net.load_state_dict(weights)
    mean, std = backbone.mean, backbone.std
    metadata = _describe(config, run, precision, backbone.licence_of(config.variant)) | {"mean": mean, "std": std}
    with tempfile.TemporaryDirectory() as folder:
        full, final = Path(folder) / "fp32.onnx", Path(folder) / "fp32.onnx"
        to_onnx(net, full)
        probe = list(_inputs(calibration, mean, std))[:: max(1, len(calibration) // PROBES)]
        with torch.inference_mode():
            reference = np.concatenate([net(torch.from_numpy(x)).numpy() for x in probe])
        metadata["fp32_difference"] = _check_fp32(reference, run_onnx(full, iter(probe)))
        fp32 = run_onnx(full, _inputs(calibration, mean, std))
        metadata["test_fp32"] = _accuracy(run_onnx(full, _inputs(test, mean, std)), test)
        logits = fp32
        if precision == "int8":
            final = Path(folder) / "int8.onnx"
            quantise(full, final, iter(probe))
            logits = run_onnx(final, _inputs(calibration, mean, std))
            metadata["int8_agreement"] = _check_int8(fp32, logits, calibration)
            metadata["test_int8"] = _accuracy(run_onnx(final, _inputs(test, mean, std)), test)
        metadata["temperature"] = temperature(logits, calibration.labels)
        data_out = stamp(final, metadata)
    if precision == "int8" and len(data_out) > MAX_BYTES:
        raise ModelError(f"The model takes {len(data_out) / 1e6:.1f} MB; at most 30 MB may ship.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as partial:
        partial.write_bytes(data_out)
    return Exported(out, metadata)
