"""The training loop, to be read from top to bottom.

A run folder holds all that is needed to look at a run, resume it, or export its model:

    config.json   everything that went in, with library versions and hashes
    epochs.csv    a row an epoch
    last.pt       to resume from; best.pt: the weights with the lowest validation loss
    test.json, confusion.csv, predictions.csv, curves.png, confusion.png, reliability.png   what came out
"""

import csv
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from keepers.dataset import labels
from keepers.errors import NotFound, NothingToDo, UserError
from keepers.io.files import replacing
from keepers.train import config as configs
from keepers.train import data, optim
from keepers.train.backbones import BACKBONES, Backbone, load_weights
from keepers.train.config import Config
from keepers.train.features import Store
from keepers.train.net import FlawNet, freeze, train_mode
from keepers.types import LABELS

COLUMNS = ("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate")
Progress = Callable[[str, int, int, str], None]
"""(stage, done, total, note)"""


def bf16_is_fast(device: torch.device) -> bool:
    """Whether the processor has bf16 arithmetic; without it autocast doubles the time instead of halving it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe()) or bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())


def make_net(config: Config, *, pretrained: bool) -> tuple[FlawNet, Backbone]:
    """The network a config describes, with ImageNet weights if `pretrained`."""
    backbone = BACKBONES[config.backbone]
    body = backbone.build(
        pretrained=pretrained and not config.weights and not config.init, variant=config.variant, tiny=config.tiny
    )
    if pretrained and config.weights and not config.init:
        load_weights(body, Path(config.weights))
    net = FlawNet(
        body,
        hidden=config.hidden,
        dropout=config.dropout,
        classes=len(LABELS),
        pooling=config.pooling,
        extra_conv=config.extra_conv,
        side=data.CROP,
    )
    return net, backbone


def best_weights(run: Path) -> dict[str, torch.Tensor]:
    """The weights of a run with the lowest validation loss, on the CPU.

    Raises:
        NotFound: if the run has none.
    """
    if not (run / "best.pt").is_file():
        raise NotFound(f"{run} has no best.pt; finish the run with `keepers train` first.")
    return cast(dict[str, torch.Tensor], torch.load(run / "best.pt", map_location="cpu", weights_only=True)["net"])


def digest(body: nn.Module) -> str:
    """Eight hexadecimal digits that tell a body's weights from others."""
    found = hashlib.sha256()
    for name, value in sorted(body.state_dict().items()):
        found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:8]


@dataclass
class Trainer:
    """What one run holds while it lasts.

    store: the kept features, if nothing before the head learns. ema: the moving average, judged instead of `net`.
    """

    config: Config
    run: Path
    net: FlawNet
    backbone: Backbone
    device: torch.device
    precision: str
    progress: Progress | None = None
    store: Store | None = None
    ema: AveragedModel | None = None

    @property
    def judged(self) -> FlawNet:
        """The network whose validation loss counts."""
        return self.net if self.ema is None else cast(FlawNet, self.ema.module)

    @property
    def pools_first(self) -> bool:
        """Whether the neck only pools, so that the pooled features are all that the head needs."""
        return self.config.pooling == "avg" and not self.config.extra_conv

    def inputs(self, pixels: torch.Tensor) -> torch.Tensor:
        """uint8 (or mixed float) N x 3 x H x W in 0..255 to normalised float32 on the device."""
        mean = torch.tensor(self.backbone.mean, device=self.device).view(1, 3, 1, 1)
        std = torch.tensor(self.backbone.std, device=self.device).view(1, 3, 1, 1)
        x = (pixels.to(self.device).float() / 255.0 - mean) / std
        return x.contiguous(memory_format=torch.channels_last)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """What the frozen body makes of uint8 pixels, computed in the run's precision: all that a store has to keep."""
        self.net.eval()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            maps = self.net.maps(self.inputs(pixels))
        maps = maps.float()
        return self.net.neck(maps) if self.pools_first else maps.contiguous()

    def logits(self, batch: torch.Tensor, net: FlawNet | None = None) -> torch.Tensor:
        """float32 N x classes of pixels, or of features where they are kept, in the run's precision."""
        net = net or self.net
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            if self.store is None:
                return net(self.inputs(batch)).float()
            kept = batch.to(self.device)
            return (net.head(kept) if self.pools_first else net.decide(kept)).float()

    def batches(
        self, part: data.Part, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Inputs and int64 labels of a part: augmented and shuffled by `rng`, or centre views in order."""
        if self.store is None:
            return data.batches(part, self.config.batch, rng, self.config.fresh)
        return self.store.batches(part, self.config.batch, rng)

    def tell(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Report progress, if anybody listens."""
        if self.progress:
            self.progress(stage, done, total, note)


def class_weights(part: data.Part) -> torch.Tensor:
    """Weights that let every class count alike; a dataset has fewer originals than variants."""
    counts = np.bincount(part.labels, minlength=len(LABELS)).clip(1)
    weights = counts.sum() / (len(LABELS) * counts)
    return torch.from_numpy(weights.astype(np.float32))


def train_epoch(
    trainer: Trainer, part: data.Part, optimizer: torch.optim.Optimizer, loss_of: nn.Module, epoch: int
) -> tuple[float, float]:
    """One pass over the training part; mean loss and accuracy, measured while learning."""
    train_mode(trainer.net)
    config = trainer.config
    rng = np.random.default_rng([config.seed, epoch])
    steps = -(-len(part) // config.batch)
    torch.manual_seed(config.seed * 1000 + epoch)
    loss_sum, right, seen = 0.0, 0, 0
    for step, (inputs, labels_) in enumerate(trainer.batches(part, rng)):
        optim.set_rate(optimizer, optim.rate_at(config, epoch - 1 + step / steps))
        target = labels_
        if config.mixup:
            inputs, target = optim.mix(inputs, labels_, config.mixup, len(LABELS), rng)
        out = trainer.logits(inputs)
        loss = loss_of(out, target.to(trainer.device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if trainer.ema is not None:
            trainer.ema.update_parameters(trainer.net)
        seen += len(labels_)
        loss_sum += loss.item() * len(labels_)
        heaviest = target.argmax(1) if config.mixup else labels_
        right += int((out.argmax(1).cpu() == heaviest).sum())
        trainer.tell(f"epoch {epoch}", seen, len(part), f"loss {loss_sum / seen:.3f}, accuracy {right / seen:.3f}")
    return loss_sum / seen, right / seen


@torch.inference_mode()
def predict(trainer: Trainer, part: data.Part) -> np.ndarray:
    """float32 photos x classes logits of the centre views, in the part's order."""
    net = trainer.judged.eval()
    parts = []
    for inputs, _ in trainer.batches(part):
        parts.append(trainer.logits(inputs, net).cpu().numpy())
        trainer.tell("evaluating", sum(map(len, parts)), len(part))
    return np.concatenate(parts)


def _append(path: Path, row: dict[str, Any]) -> None:
    fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def _drop_rows_after(path: Path, epoch: int) -> None:
    """A kill between the table and the checkpoint leaves a row of an epoch that will be repeated."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    with replacing(path) as partial:
        partial.write_text("".join(lines[: 1 + epoch]), encoding="utf-8")


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill leaves the old one or the new one."""
    with replacing(path) as partial:
        torch.save(state, partial)


@dataclass
class Progressed:
    """How far a run has come: epochs done, the best validation loss, and epochs since."""

    epoch: int = 0
    best: float = float("inf")
    stale: int = 0


def _resume(trainer: Trainer, optimizer: torch.optim.Optimizer) -> Progressed:
    path = trainer.run / "last.pt"
    if not path.exists():
        (trainer.run / "epochs.csv").unlink(missing_ok=True)  # a kill before the first checkpoint may leave a row
        return Progressed()
    state = torch.load(path, map_location=trainer.device, weights_only=True)
    trainer.net.load_state_dict(state["net"])
    if trainer.ema is not None:
        trainer.ema.load_state_dict(state["ema"])
    optimizer.load_state_dict(state["optimizer"])
    _drop_rows_after(trainer.run / "epochs.csv", state["epoch"])
    return Progressed(state["epoch"], state["best"], state["stale"])


def _keep(trainer: Trainer, optimizer: torch.optim.Optimizer, done: Progressed) -> None:
    state = {"net": trainer.net.state_dict(), "optimizer": optimizer.state_dict()}
    if trainer.ema is not None:
        state["ema"] = trainer.ema.state_dict()
    save(trainer.run / "last.pt", {**state, "epoch": done.epoch, "best": done.best, "stale": done.stale})


def _validate(trainer: Trainer, val: data.Part, weight: torch.Tensor | None) -> tuple[float, float]:
    """Cross-entropy and accuracy on the validation part."""
    out, target = torch.from_numpy(predict(trainer, val)), torch.from_numpy(val.labels)
    loss = nn.functional.cross_entropy(out, target, weight=weight.cpu() if weight is not None else None)
    return float(loss), float((out.argmax(1) == target).float().mean())


def fit(trainer: Trainer, train: data.Part, val: data.Part) -> None:
    """Train until the validation loss stops falling; resume where a last.pt is found."""
    config, run = trainer.config, trainer.run
    weight = class_weights(train).to(trainer.device) if config.balance else None
    loss_of = nn.CrossEntropyLoss(weight=weight, label_smoothing=config.smoothing)
    optimizer = optim.make(trainer.net, trainer.backbone, config)
    done = _resume(trainer, optimizer)
    while done.epoch < config.epochs and done.stale < config.patience:
        epoch = done.epoch + 1
        began = time.perf_counter()
        learned = train_epoch(trainer, train, optimizer, loss_of, epoch)
        val_loss, val_accuracy = _validate(trainer, val, weight)
        done = Progressed(epoch, min(done.best, val_loss), 0 if val_loss < done.best else done.stale + 1)
        if not done.stale:
            save(run / "best.pt", {"net": trainer.judged.state_dict(), "epoch": epoch, "val_loss": val_loss})
        seconds = time.perf_counter() - began
        values = (epoch, *learned, val_loss, val_accuracy, seconds, optim.rate_at(config, epoch - 1))
        _append(run / "epochs.csv", {k: round(v, 6) for k, v in zip(COLUMNS, values, strict=True)})
        _keep(trainer, optimizer, done)
        trainer.tell("validated", epoch, config.epochs, f"loss {val_loss:.4f}, accuracy {val_accuracy:.4f}")


def parts(
    dataset: Path, names: tuple[str, ...], progress: Callable[[str, int, int, str], None] | None = None
) -> dict[str, data.Part]:
    """The named splits of a dataset, in memory.

    Raises:
        NothingToDo: if one of them is empty.
    """
    rows = labels.read(dataset)
    loaded = {}
    for name in names:
        own = [row for row in rows if row.split == name]
        if not own:
            raise NothingToDo(f"{dataset} has no photo in its {name} split; build it from more clean photos.")

        def tell(done: int, total: int, name: str = name) -> None:
            if progress:
                progress(f"reading {name}", done, total, "")

        loaded[name] = data.load(dataset, own, progress=tell)
    return loaded


def trainer_for(config: Config, run: Path, *, pretrained: bool, progress: Progress | None = None) -> Trainer:
    """Everything a run needs but its data."""
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    precision = config.precision
    if precision == "auto":
        precision = "bf16" if bf16_is_fast(device) else "fp32"
    net, backbone = make_net(config, pretrained=pretrained)
    if pretrained and config.init:
        net.load_state_dict(best_weights(Path(config.init)))
    if config.unfrozen != "all":
        freeze(net, backbone.first_half if config.unfrozen == "second-half" else ("",))
    net = net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = optim.moving_average(net, config.ema) if config.ema else None
    return Trainer(config, run, net, backbone, device, precision, progress, ema=ema)


def _keep_features(trainer: Trainer, loaded: dict[str, data.Part], folder: Path) -> None:
    # Named by precision and weights as well: with others the same body has other features.
    what = "pooled" if trainer.pools_first else "maps"
    own = folder / f"{trainer.config.backbone}-{what}-{trainer.precision}-{digest(trainer.net.body)}"
    trainer.store = Store(own, trainer.features, trainer.config.views)
    for name, part in loaded.items():
        trainer.store.load(part, augmented=name == "train", tell=trainer.tell)


def train(
    config: Config, run: Path, progress: Progress | None = None, *, features: Path | None = None
) -> dict[str, Any]:
    """Train, or resume, a run; then measure the best weights on the test split. Returns what test.json holds.

    `features` is a folder where runs with `views` keep them, so that those with the same body share; default: the run.

    Raises:
        Refused: if the run was begun with other settings. UserError: if its loss is no number from the first epoch on.
    """
    from keepers.train.evaluate import finish

    run.mkdir(parents=True, exist_ok=True)
    configs.refuse_another(run, config)
    resumed = (run / "last.pt").exists()
    # The weights first: a wrong path should not cost the minutes that reading a large dataset takes.
    trainer = trainer_for(config, run, pretrained=config.pretrained and not resumed, progress=progress)
    loaded = parts(Path(config.dataset), ("train", "val", "calibration", "test"), progress)
    configs.write(run, config, trainer.precision, str(trainer.device))
    if resumed:
        last = torch.load(run / "last.pt", map_location=trainer.device, weights_only=True)
        trainer.net.load_state_dict(last["net"])
    if config.views:
        _keep_features(trainer, loaded, features or run / "features")
    fit(trainer, loaded["train"], loaded["val"])
    if not (run / "best.pt").exists():
        raise UserError(f"{run} diverged in its first epoch: its loss is no number; try a lower learning rate.")
    best = torch.load(run / "best.pt", map_location=trainer.device, weights_only=True)
    trainer.judged.load_state_dict(best["net"])
    logits = {name: predict(trainer, loaded[name]) for name in ("calibration", "test")}
    return finish(run, trainer.net, logits, loaded, best["epoch"])
