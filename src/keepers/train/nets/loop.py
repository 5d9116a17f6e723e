"""Training either network: AdamW, a warm-up and a cosine, and a moving average of the weights that is kept."""

import csv
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from keepers.errors import NotFound, Refused, UserError
from keepers.evaluate import statistics
from keepers.io.files import replacing
from keepers.train.backbones import BACKBONES, HALF, load_weights
from keepers.train.loop import bf16_is_fast
from keepers.train.nets import captures, focus, whole
from keepers.types import Rgb

Numbers = npt.NDArray[np.float32]
Progress = Callable[[str, int, int, str], None]
"""(stage, done, total, note)"""

KINDS = ("focus", "whole")
COLUMNS = ("epoch", "train_loss", "val_loss", "seconds", "learning_rate")


@dataclass(frozen=True)
class Config:
    """One run. captures, study: folders (study: a dataset whose question `whole` answers too, "" for none).

    each: patches a capture and epoch (focus). per_epoch: captures an epoch, and at most as many photos of the study
    (whole). average: decay of the moving
    average a step. weights: local safetensors, "" for timm's hub.
    """

    kind: str
    captures: tuple[str, ...]
    study: str = ""
    weights: str = ""
    init: str = ""
    epochs: int = 8
    batch: int = 64
    each: int = 3
    per_epoch: int = 3500
    learning_rate: float = 2e-3
    average: float = 0.995
    seed: int = 0
    tiny: bool = False


class Task(Protocol):
    """What differs between the two networks."""

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Rgb, Numbers]]:
        """One epoch of augmented uint8 pixels and float32 targets."""
        ...

    def steps(self) -> int:
        """About how many batches an epoch has."""
        ...

    def fixed(self, split: str) -> tuple[Rgb, Numbers]:
        """A split as it is."""
        ...

    def loss(self, out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """The number that goes down."""
        ...

    def measures(self, out: Numbers, target: Numbers) -> Mapping[str, float]:
        """What a person wants to know of the answers."""
        ...


class FocusTask:
    """Patches; see `focus`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._sets = [captures.load(Path(folder)) for folder in config.captures]

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Rgb, Numbers]]:
        """See `Task`."""
        return focus.batches(self._sets, rng, self._config.batch, self._config.each)

    def steps(self) -> int:
        """See `Task`."""
        return max(1, sum(len(one.of("train")) for one in self._sets) * self._config.each // self._config.batch)

    def fixed(self, split: str) -> tuple[Rgb, Numbers]:
        """See `Task`."""
        return focus.fixed(self._sets[0], split)

    def loss(self, out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """See `Task`."""
        return focus.loss(out, target)

    def measures(self, out: Numbers, target: Numbers) -> Mapping[str, float]:
        """AUC of blur against sharp, of motion against defocus, and the mean error of the size in octaves."""
        soft, sharp, moved = target[:, 0] > 0.9, target[:, 0] < 0.1, target[:, 1] > 0.5
        return {
            "auc_blurred": auc(out[soft, 0], out[sharp, 0]),
            "auc_motion": auc(out[soft & moved, 1], out[soft & ~moved, 1]),
            "octaves_off": float(np.abs(out[:, 2] - target[:, 2]).mean()),
        }


class WholeTask:
    """Whole photos; see `whole`."""

    def __init__(self, config: Config) -> None:
        from keepers.train.loop import parts

        self._config = config
        self._sets = [captures.load(Path(folder)) for folder in config.captures]
        self._study = parts(Path(config.study), ("train",))["train"] if config.study else None

    def batches(self, rng: np.random.Generator) -> Iterator[tuple[Rgb, Numbers]]:
        """See `Task`."""
        return whole.batches(self._sets, self._study, rng, self._config.batch, self._config.per_epoch)

    def steps(self) -> int:
        """See `Task`."""
        there = sum(len(one.of("train")) for one in self._sets)
        most = self._config.per_epoch
        photos = min(most, there) + min(most, len(self._study) if self._study else 0)
        return max(1, photos // self._config.batch)

    def fixed(self, split: str) -> tuple[Rgb, Numbers]:
        """See `Task`."""
        return whole.fixed(self._sets[0], split)

    def loss(self, out: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """See `Task`."""
        return whole.loss(out, target)

    def measures(self, out: Numbers, target: Numbers) -> Mapping[str, float]:
        """AUC of every flaw, and the mean error of the exposure in EV."""
        goal, weight = target[:, : whole.COUNT], target[:, whole.COUNT :]
        found = {}
        for column, name in enumerate(("blurred", "camera_shake", "distorted", "overexposed", "underexposed", "noisy")):
            counts = weight[:, column] > 0.5
            there, none = counts & (goal[:, column] > 0.8), counts & (goal[:, column] < 0.1)
            found[f"auc_{name}"] = auc(out[there, column], out[none, column])
        return {**found, "ev_off": float(np.abs(out[:, whole.EV] - goal[:, whole.EV]).mean())}


def auc(positive: Numbers, negative: Numbers) -> float:
    """Area under the ROC curve of two sets of answers; NaN where one is empty."""
    labels = np.repeat([True, False], [len(positive), len(negative)])
    return statistics.auc(np.concatenate([positive, negative]).astype(np.float64), labels)


def make(config: Config, *, pretrained: bool) -> nn.Module:
    """The network of a run; a tiny one has no weights. All of it learns: what tells a flaw is in the first layers."""
    pretrained = pretrained and not config.tiny
    module, build = (focus, focus.FocusNet) if config.kind == "focus" else (whole, whole.WholeNet)
    body = BACKBONES[module.BACKBONE].build(pretrained=pretrained and not config.weights, tiny=config.tiny)
    if pretrained and config.weights:
        load_weights(body, Path(config.weights))
    return build(body)


def inputs(pixels: Rgb) -> torch.Tensor:
    """uint8 N x H x W x 3 to normalised float32 N x 3 x H x W."""
    mean, std = torch.tensor(HALF).view(1, 3, 1, 1), torch.tensor(HALF).view(1, 3, 1, 1)
    x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255.0
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def answers(net: nn.Module, pixels: Rgb, batch: int = 128) -> Numbers:
    """float32 N x outputs."""
    net.eval()
    return np.concatenate([net(inputs(pixels[at : at + batch])).numpy() for at in range(0, len(pixels), batch)])


def rate(config: Config, epoch: float) -> float:
    """The learning rate: up over half an epoch, then along a cosine to a hundredth."""
    share = min(1.0, epoch / config.epochs)
    return config.learning_rate * min(1.0, epoch / 0.5 + 0.01) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


@dataclass
class _Run:
    config: Config
    task: Task
    net: nn.Module
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    folder: Path
    bf16: bool
    epoch: int = 0

    def learn(self, tell: Progress | None) -> float:
        """One epoch; its mean loss."""
        self.net.train()
        total, seen, steps = 0.0, 0, self.task.steps()
        rng = np.random.default_rng([self.config.seed, self.epoch])
        for step, (pixels, target) in enumerate(self.task.batches(rng)):
            for group in self.optimizer.param_groups:
                group["lr"] = rate(self.config, self.epoch + step / steps)
            with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
                out = self.net(inputs(pixels))
            loss = self.task.loss(out.float(), torch.from_numpy(target))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
            self.average.update_parameters(self.net)
            total, seen = total + loss.item() * len(pixels), seen + len(pixels)
            if tell:
                tell(f"epoch {self.epoch + 1}", min(step + 1, steps), steps, f"loss {total / seen:.3f}")
        return total / max(1, seen)

    def save(self) -> None:
        """The state to resume from, and the averaged weights."""
        state = {
            "net": self.net.state_dict(), "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(), "epoch": self.epoch,
        }  # fmt: skip
        for name, value in (("last.pt", state), ("best.pt", self.average.module.state_dict())):
            with replacing(self.folder / name) as partial:
                torch.save(value, partial)

    def resume(self) -> None:
        """Go on where last.pt ends, if there is one."""
        if (self.folder / "last.pt").is_file():
            state = torch.load(self.folder / "last.pt", weights_only=True)
            self.net.load_state_dict(state["net"])
            self.average.load_state_dict(state["average"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.epoch = int(state["epoch"])
        elif self.config.init:
            self.net.load_state_dict(torch.load(Path(self.config.init) / "best.pt", weights_only=True))
            self.average.module.load_state_dict(self.net.state_dict())


def train(config: Config, run: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Train, or resume, one network; returns what test.json holds.

    Raises:
        UserError: unknown kind. NotFound: captures or study are not there. Refused: the run was begun otherwise.
    """
    if config.kind not in KINDS:
        raise UserError(f"There is no network {config.kind!r}; choose one of {', '.join(KINDS)}.")
    for folder in config.captures:
        if not (Path(folder) / "facts.json").is_file():
            raise NotFound(f"{folder} holds no finished captures; make them with `keepers nets captures`.")
    run.mkdir(parents=True, exist_ok=True)
    _same(run, config)
    torch.manual_seed(config.seed)
    task: Task = FocusTask(config) if config.kind == "focus" else WholeTask(config)
    net = make(config, pretrained=not (run / "last.pt").is_file())
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(config.average), use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=0.01)
    # Patches gain nothing from bf16 (6 ms each either way), whole photos a quarter of the time.
    bf16 = config.kind == "whole" and bf16_is_fast(torch.device("cpu"))
    state = _Run(config, task, net, average, optimizer, run, bf16)
    state.resume()
    return _fit(state, progress)


def _same(run: Path, config: Config) -> None:
    path = run / "config.json"
    now = json.loads(json.dumps(asdict(config)))
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != now:
        raise Refused(f"{run} was begun with other settings; name another folder, or repeat the first command.")
    path.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")


def _fit(state: _Run, tell: Progress | None) -> dict[str, Any]:
    pixels, target = state.task.fixed("val")
    while state.epoch < state.config.epochs:
        began = time.perf_counter()
        learned = state.learn(tell)
        state.epoch += 1
        out = answers(state.average.module, pixels)
        val = float(state.task.loss(torch.from_numpy(out), torch.from_numpy(target)))
        seconds = time.perf_counter() - began
        _append(state.folder / "epochs.csv", (state.epoch, learned, val, seconds, rate(state.config, state.epoch - 1)))
        state.save()
        if tell:
            found = ", ".join(f"{k} {v:.3f}" for k, v in state.task.measures(out, target).items())
            tell("validated", state.epoch, state.config.epochs, f"loss {val:.3f}, {found}")
    result: dict[str, Any] = {}
    for split in ("val", "test"):
        pixels, target = state.task.fixed(split)
        result[split] = dict(state.task.measures(answers(state.average.module, pixels), target))
    (state.folder / "test.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def _append(path: Path, values: tuple[float, ...]) -> None:
    """A row of the table; a row of an epoch that is repeated after a kill takes the old one's place."""
    rows = [COLUMNS, *list(csv.reader(path.open(encoding="utf-8")))[1:]] if path.is_file() else [COLUMNS]
    rows = [rows[0], *[row for row in rows[1:] if int(row[0]) < int(values[0])], [f"{v:.6g}" for v in values]]
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
