"""The training loop, to be read from top to bottom.

A run folder holds all that is needed to look at a run, resume it, or export its model:

    config.json   everything that went in, with library versions and hashes
    epochs.csv    a row an epoch
    last.pt       to resume from; best.pt: the weights with the lowest validation loss
    test.json, confusion.csv, predictions.csv, curves.png, confusion.png   what came out
"""

import csv
import hashlib
import json
import math
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from keepers import __version__
from keepers.dataset import labels
from keepers.errors import NotFound, NothingToDo, Refused, UserError
from keepers.io.files import replacing
from keepers.train import data
from keepers.train.backbones import BACKBONES, Backbone, FlawNet, freeze, load_weights, train_mode
from keepers.types import LABELS

COLUMNS = ("epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate")
Progress = Callable[[str, int, int, str], None]
"""(stage, done, total, note)"""


@dataclass(frozen=True)
class Config:
    """One training run. Paths are text, so that the file can be read on another computer.

    unfrozen: "second-half" or "all" or "head". patience: epochs without a better validation loss before stopping.
    schedule: "constant", as in the original study, or "cosine" from the learning rate to zero over all epochs.
    precision: "auto" picks bf16 where the processor has units for it. balance: weigh classes by their rarity.
    """

    dataset: str
    backbone: str = "resnet50"
    weights: str = ""
    variant: str = ""
    unfrozen: str = "second-half"
    hidden: tuple[int, ...] = (512,)
    dropout: float = 0.3
    learning_rate: float = 1e-4
    schedule: str = "cosine"
    batch: int = 32
    epochs: int = 12
    patience: int = 3
    precision: str = "auto"
    balance: bool = True
    seed: int = 0
    init: str = ""
    fresh: float = 0.0
    pretrained: bool = True
    tiny: bool = False


def bf16_is_fast(device: torch.device) -> bool:
    """Whether the processor has bf16 arithmetic; without it autocast doubles the time instead of halving it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe()) or bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_net(config: Config, *, pretrained: bool) -> tuple[FlawNet, Backbone]:
    """The network a config describes, with ImageNet weights if `pretrained`."""
    backbone = BACKBONES[config.backbone]
    body = backbone.build(
        pretrained=pretrained and not config.weights and not config.init, variant=config.variant, tiny=config.tiny
    )
    if pretrained and config.weights and not config.init:
        load_weights(body, Path(config.weights))
    return FlawNet(body, hidden=config.hidden, dropout=config.dropout, classes=len(LABELS)), backbone


def best_weights(run: Path) -> dict[str, torch.Tensor]:
    """The weights of a run with the lowest validation loss, on the CPU.

    Raises:
        NotFound: if the run has none.
    """
    if not (run / "best.pt").is_file():
        raise NotFound(f"{run} has no best.pt; finish the run with `keepers train` first.")
    return cast(dict[str, torch.Tensor], torch.load(run / "best.pt", map_location="cpu", weights_only=True)["net"])


@dataclass
class Trainer:
    """What one run holds while it lasts."""

    config: Config
    run: Path
    net: FlawNet
    backbone: Backbone
    device: torch.device
    precision: str
    progress: Progress | None = None

    def inputs(self, pixels: torch.Tensor) -> torch.Tensor:
        """uint8 N x 3 x H x W to normalised float32 on the device."""
        mean = torch.tensor(self.backbone.mean, device=self.device).view(1, 3, 1, 1)
        std = torch.tensor(self.backbone.std, device=self.device).view(1, 3, 1, 1)
        x = (pixels.to(self.device).float() / 255.0 - mean) / std
        return x.contiguous(memory_format=torch.channels_last)

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 N x classes, in the run's precision."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16"):
            return cast(torch.Tensor, self.net(self.inputs(pixels)).float())

    def tell(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Report progress, if anybody listens."""
        if self.progress:
            self.progress(stage, done, total, note)


def class_weights(part: data.Part) -> torch.Tensor:
    """Weights that let every class count alike; a dataset has fewer originals than variants."""
    counts = np.bincount(part.labels, minlength=len(LABELS)).clip(1)
    weights = counts.sum() / (len(LABELS) * counts)
    return torch.from_numpy(weights.astype(np.float32))


def rate_at(config: Config, epochs_done: float) -> float:
    """The learning rate after a number of epochs, which may be a fraction."""
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, epochs_done / config.epochs)))


def train_epoch(
    trainer: Trainer, part: data.Part, optimizer: torch.optim.Optimizer, loss_of: nn.Module, epoch: int
) -> tuple[float, float]:
    """One pass over the training part; mean loss and accuracy, measured while learning."""
    train_mode(trainer.net)
    rng = np.random.default_rng([trainer.config.seed, epoch])
    steps = -(-len(part) // trainer.config.batch)
    torch.manual_seed(trainer.config.seed * 1000 + epoch)
    loss_sum, right, seen = 0.0, 0, 0
    for step, (pixels, target) in enumerate(data.batches(part, trainer.config.batch, rng, trainer.config.fresh)):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(trainer.config, epoch - 1 + step / steps)
        target = target.to(trainer.device)
        out = trainer.logits(pixels)
        loss = loss_of(out, target)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        seen += len(target)
        loss_sum += loss.item() * len(target)
        right += int((out.argmax(1) == target).sum())
        trainer.tell(f"epoch {epoch}", seen, len(part), f"loss {loss_sum / seen:.3f}, accuracy {right / seen:.3f}")
    return loss_sum / seen, right / seen


@torch.inference_mode()
def predict(trainer: Trainer, part: data.Part) -> np.ndarray:
    """float32 photos x classes logits of the centre views, in the part's order."""
    trainer.net.eval()
    parts = []
    for pixels, _ in data.batches(part, trainer.config.batch):
        parts.append(trainer.logits(pixels).cpu().numpy())
        trainer.tell("evaluating", sum(map(len, parts)), len(part))
    return np.concatenate(parts)


def _append(path: Path, row: dict[str, Any]) -> None:
    fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a kill leaves the old one or the new one."""
    with replacing(path) as partial:
        torch.save(state, partial)


def fit(trainer: Trainer, train: data.Part, val: data.Part) -> None:
    """Train until the validation loss stops falling; resume where a last.pt is found."""
    config, run = trainer.config, trainer.run
    weight = class_weights(train).to(trainer.device) if config.balance else None
    loss_of = nn.CrossEntropyLoss(weight=weight)
    optimizer = torch.optim.Adam([p for p in trainer.net.parameters() if p.requires_grad], lr=config.learning_rate)
    start, best, stale = 0, float("inf"), 0
    if (run / "last.pt").exists():
        state = torch.load(run / "last.pt", map_location=trainer.device, weights_only=True)
        trainer.net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        start, best, stale = state["epoch"], state["best"], state["stale"]
    for epoch in range(start + 1, config.epochs + 1):
        if stale >= config.patience:
            break
        began = time.perf_counter()
        train_loss, train_accuracy = train_epoch(trainer, train, optimizer, loss_of, epoch)
        out = torch.from_numpy(predict(trainer, val))
        target = torch.from_numpy(val.labels)
        cpu_weight = weight.cpu() if weight is not None else None
        val_loss = float(nn.functional.cross_entropy(out, target, weight=cpu_weight))
        val_accuracy = float((out.argmax(1) == target).float().mean())
        stale = 0 if val_loss < best else stale + 1
        best = min(best, val_loss)
        if not stale:
            save(run / "best.pt", {"net": trainer.net.state_dict(), "epoch": epoch, "val_loss": val_loss})
        seconds = time.perf_counter() - began
        values = (epoch, train_loss, train_accuracy, val_loss, val_accuracy, seconds, rate_at(config, epoch - 1))
        _append(run / "epochs.csv", {k: round(v, 6) for k, v in zip(COLUMNS, values, strict=True)})
        state = {"net": trainer.net.state_dict(), "optimizer": optimizer.state_dict()}
        save(run / "last.pt", {**state, "epoch": epoch, "best": best, "stale": stale})
        trainer.tell("validated", epoch, config.epochs, f"loss {val_loss:.4f}, accuracy {val_accuracy:.4f}")


def versions() -> dict[str, str]:
    """Versions of all that can change a result, and the kind of machine."""
    import timm

    return {
        "keepers": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "timm": timm.__version__,
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads",
    }


def _write_config(run: Path, config: Config, trainer: Trainer) -> None:
    dataset = Path(config.dataset)
    facts: dict[str, Any] = {
        "config": asdict(config),
        "precision": trainer.precision,
        "device": str(trainer.device),
        "versions": versions(),
        "labels_sha256": sha256(dataset / "labels.csv"),
        "weights_sha256": sha256(Path(config.weights)) if config.weights else "",
        "labels": list(LABELS),
    }
    (run / "config.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def read_config(run: Path) -> Config:
    """The config of a run folder.

    Raises:
        UserError: if the folder holds none.
    """
    path = run / "config.json"
    if not path.is_file():
        raise UserError(f"{run} is no run: it has no config.json; make one with `keepers train`.")
    values = json.loads(path.read_text(encoding="utf-8"))["config"]
    values["hidden"] = tuple(values["hidden"])
    return Config(**values)


def _same_run(run: Path, config: Config) -> None:
    if not (run / "config.json").exists():
        return
    old = asdict(read_config(run))
    differ = [key for key, value in asdict(config).items() if old[key] != value and key != "patience"]
    if differ:
        raise Refused(
            f"{run} holds a run with another {', '.join(differ)}; choose another folder with --out, "
            "or repeat its settings to resume it."
        )


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
    return Trainer(config, run, net, backbone, device, precision, progress)


def train(config: Config, run: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Train, or resume, a run; then measure the best weights on the test split. Returns what test.json holds."""
    from keepers.train.evaluate import finish

    run.mkdir(parents=True, exist_ok=True)
    _same_run(run, config)
    resumed = (run / "last.pt").exists()
    # The weights first: a wrong path should not cost the minutes that reading a large dataset takes.
    trainer = trainer_for(config, run, pretrained=config.pretrained and not resumed, progress=progress)
    loaded = parts(Path(config.dataset), ("train", "val", "test"), progress)
    _write_config(run, config, trainer)
    fit(trainer, loaded["train"], loaded["val"])
    best = torch.load(run / "best.pt", map_location=trainer.device, weights_only=True)
    trainer.net.load_state_dict(best["net"])
    return finish(run, predict(trainer, loaded["test"]), loaded["test"], best["epoch"])
