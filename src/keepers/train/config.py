"""What goes into a training run, and how a run folder remembers it."""

import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from keepers import __version__
from keepers.errors import Refused, UserError
from keepers.io.files import replacing
from keepers.train.mend import mend_torchvision
from keepers.types import LABELS

MAY_CHANGE = frozenset({"dataset", "weights", "init", "patience"})
"""What a resumed run may name differently: the paths are checked by content."""


@dataclass(frozen=True)
class Config:
    """One training run. Paths are text, so that the file can be read on another computer.

    Data: `dataset`, a folder of `keepers dataset build`; `fresh`, the share of flawed photos drawn anew every epoch.
    Network: `backbone`, its local `weights` and their `variant`, or the `init` run to go on from; `unfrozen`,
    "second-half", "all" or "head"; `pooling`, "avg" or "flatten"; `extra_conv`, channels of a convolution before the
    pooling, 0 for none; `hidden`, widths of the dense layers, each with `dropout` behind it.
    Loop: `optimizer`, "adam" or "adamw" with `weight_decay`; `schedule`, "constant" or "cosine" from the learning rate
    to zero, after `warmup` epochs of rising; `patience`, epochs without a better validation loss before stopping;
    `precision`, "auto" for bf16 where the processor has units for it; `balance`, weigh classes by their rarity.
    Modern choices, off at their defaults: `decay` of the learning rate from a stage to the one before it (1 for
    none), `smoothing` of the labels, `mixup`'s alpha (arXiv:1710.09412), `ema`, the decay of a moving average of the
    weights, 0 for none.
    views: augmented views of a photo that are drawn once and their features kept (0: new views every epoch); only where
    nothing before the head learns.
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
    pooling: str = "avg"
    extra_conv: int = 0
    optimizer: str = "adam"
    weight_decay: float = 0.0
    warmup: float = 0.0
    decay: float = 1.0
    smoothing: float = 0.0
    mixup: float = 0.0
    ema: float = 0.0
    views: int = 0

    def __post_init__(self) -> None:
        choices = {
            "unfrozen": ("head", "second-half", "all"),
            "schedule": ("constant", "cosine"),
            "pooling": ("avg", "flatten"),
            "optimizer": ("adam", "adamw"),
            "precision": ("auto", "fp32", "bf16"),
        }
        for key, allowed in choices.items():
            if getattr(self, key) not in allowed:
                raise UserError(f"{key} = {getattr(self, key)!r} is none of: {', '.join(allowed)}.")
        if self.views and (self.unfrozen != "head" or self.fresh or self.mixup):
            raise UserError(
                "views keeps the features of a frozen body: it needs unfrozen = 'head', and neither fresh nor mixup."
            )


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def versions() -> dict[str, str]:
    """Versions of all that can change a result, and the kind of machine."""
    mend_torchvision()
    import timm

    return {
        "keepers": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "timm": timm.__version__,
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads",
    }


def write(run: Path, config: Config, precision: str, device: str) -> None:
    """Write RUN/config.json: the config, and what else can change the result."""
    facts: dict[str, Any] = {
        "config": asdict(config),
        "precision": precision,
        "device": device,
        "versions": versions(),
        "labels_sha256": sha256(Path(config.dataset) / "labels.csv"),
        "weights_sha256": sha256(Path(config.weights)) if config.weights else "",
        "labels": list(LABELS),
    }
    with replacing(run / "config.json") as partial:
        partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def facts_of(run: Path) -> dict[str, Any]:
    """All that config.json of a run folder holds.

    Raises:
        UserError: if the folder holds none.
    """
    path = run / "config.json"
    if not path.is_file():
        raise UserError(f"{run} is no run: it has no config.json; make one with `keepers train`.")
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return facts


def read(run: Path) -> Config:
    """The config of a run folder; settings that are newer than the run have their defaults.

    Raises:
        UserError: if the folder holds none.
    """
    values = facts_of(run)["config"]
    values["hidden"] = tuple(values["hidden"])
    return Config(**values)


def refuse_another(run: Path, config: Config) -> None:
    """Refuse to go on with a run that was begun with other settings, photos or weights.

    Raises:
        Refused: naming what differs.
    """
    if not (run / "config.json").exists():
        return
    facts, old = facts_of(run), asdict(read(run))
    differ = [key for key, value in asdict(config).items() if key not in MAY_CHANGE and old[key] != value]
    if (Path(config.dataset) / "labels.csv").is_file():
        table = sha256(Path(config.dataset) / "labels.csv")
        differ += ["dataset"] if table != facts["labels_sha256"] else []
    if config.weights and Path(config.weights).is_file() and sha256(Path(config.weights)) != facts["weights_sha256"]:
        differ.append("weights")
    if differ:
        raise Refused(
            f"{run} holds a run with another {', '.join(differ)}; choose another folder with --out, "
            "or repeat its settings to resume it."
        )
