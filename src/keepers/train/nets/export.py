"""From a trained run to the ONNX file that culling loads, or to nothing at all.

Gates, each of which refuses to write: ONNX in fp32 differs from torch by at most 1e-3 of the outputs' spread; int8
loses at most .005 of any AUC of the calibration captures, and gives the same yes or no for >= 97 % of them.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from keepers.errors import ModelError, NotFound
from keepers.io.files import replacing
from keepers.models.metadata import OUTPUTS
from keepers.train import export as six
from keepers.train.backbones import BACKBONES, HALF
from keepers.train.config import versions
from keepers.train.nets import focus, loop, whole
from keepers.train.nets.captures import VIEW
from keepers.types import Rgb

FP32_TOLERANCE = 1e-3
INT8_LOSS = 0.005
INT8_AGREEMENT = 0.97
DECIDING: Mapping[str, slice] = {"focus": slice(0, 1), "whole": whole.FLAWS}
"""Kind -> outputs whose sign is an answer: whether a patch is blurred; which flaws a photo has."""
PROBES = 128
SIDES: Mapping[str, tuple[int, int]] = {"focus": (96, 96), "whole": (VIEW, whole.CROP)}
"""Kind -> short side to which a photo is reduced, edge of the square that is looked at."""


def read(run: Path) -> loop.Config:
    """The settings of a run. Raises `NotFound` where there is none."""
    try:
        facts = json.loads((run / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise NotFound(f"{run} is no run of `keepers nets train`.") from error
    known = {field.name for field in fields(loop.Config)}
    return loop.Config(**{k: tuple(v) if k == "captures" else v for k, v in facts.items() if k in known})


def export(run: Path, out: Path, *, precision: str = "int8") -> dict[str, Any]:
    """Write a run's averaged weights as ONNX; returns its metadata.

    Raises:
        NotFound: the run is not there or not trained. ModelError: a gate fails.
    """
    config = read(run)
    if not (run / "best.pt").is_file():
        raise NotFound(f"{run} has no best.pt; finish it with `keepers nets train` first.")
    net = loop.make(config, pretrained=False)
    net.load_state_dict(torch.load(run / "best.pt", weights_only=True))
    task: loop.Task = loop.FocusTask(config) if config.kind == "focus" else loop.WholeTask(config)
    pixels, target = task.fixed("calibration")
    metadata = _describe(config, run, precision)
    with tempfile.TemporaryDirectory() as folder:
        full, final = Path(folder) / "fp32.onnx", Path(folder) / "fp32.onnx"
        six.to_onnx(net, full, SIDES[config.kind][1])
        probe = pixels[:: max(1, len(pixels) // PROBES)]
        metadata["fp32_difference"] = _same(loop.answers(net, probe), six.run_onnx(full, _inputs(probe)))
        answers = six.run_onnx(full, _inputs(pixels))
        fp32 = dict(task.measures(answers, target))
        metadata["calibration_fp32"] = fp32
        if precision == "int8":
            final = Path(folder) / "int8.onnx"
            six.quantise(full, final, _inputs(probe))
            rounded = six.run_onnx(final, _inputs(pixels))
            int8 = dict(task.measures(rounded, target))
            _still_good(fp32, int8)
            metadata["calibration_int8"] = int8
            some = DECIDING[config.kind]
            metadata["int8_agreement"] = _agreement(answers[:, some], rounded[:, some])
        data = six.stamp(final, metadata)
    out.parent.mkdir(parents=True, exist_ok=True)
    with replacing(out) as partial:
        partial.write_bytes(data)
    return metadata


def _inputs(pixels: Rgb) -> Any:
    return (loop.inputs(pixels[at : at + 1]).contiguous().numpy() for at in range(len(pixels)))


def _same(ours: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32]) -> float:
    difference = float((np.abs(ours - theirs) / np.maximum(ours.std(axis=0), 1e-6)).max())
    if difference > FP32_TOLERANCE:
        raise ModelError(f"The ONNX model differs from torch by {difference:.2g} of the spread; not exported.")
    return difference


def _still_good(fp32: Mapping[str, float], int8: Mapping[str, float]) -> None:
    for name, value in fp32.items():
        if name.startswith("auc") and int8[name] < value - INT8_LOSS:
            raise ModelError(f"int8 lowers {name} from {value:.4f} to {int8[name]:.4f}; try --precision fp32.")


def _agreement(fp32: npt.NDArray[np.float32], int8: npt.NDArray[np.float32]) -> float:
    """For how many captures int8 gives the same answer, 0..1, of the output where they are fewest."""
    share = float(((fp32 > 0) == (int8 > 0)).mean(axis=0).min())
    if share < INT8_AGREEMENT:
        raise ModelError(f"int8 answers as fp32 for {share:.1%} of the captures only; try --precision fp32.")
    return share


def _describe(config: loop.Config, run: Path, precision: str) -> dict[str, Any]:
    module = focus if config.kind == "focus" else whole
    backbone = BACKBONES[module.BACKBONE]
    short, crop = SIDES[config.kind]
    return {
        "name": f"{config.kind}-{backbone.name}-{precision}",
        "kind": config.kind,
        "input": "rgb",
        "short_side": short,
        "crop": crop,
        "mean": HALF,
        "std": HALF,
        "outputs": list(OUTPUTS[config.kind]),
        "licence": backbone.licence,
        "run_id": f"{run.name}-{config.seed}",
        "weights_sha256": hashlib.sha256(Path(config.weights).read_bytes()).hexdigest() if config.weights else "",
        "versions": versions(),
    }
