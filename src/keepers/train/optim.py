"""How a run learns: parameter groups, the learning rate's course, MixUp, the moving average of the weights."""

import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from keepers.train.backbones import Backbone
from keepers.train.config import Config
from keepers.train.net import FlawNet


def rate_at(config: Config, epochs_done: float) -> float:
    """The learning rate after a number of epochs, which may be a fraction."""
    if epochs_done < config.warmup:
        return config.learning_rate * (epochs_done + 0.01) / (config.warmup + 0.01)
    if config.schedule == "constant":
        return config.learning_rate
    span = max(config.epochs - config.warmup, 1e-9)
    done = min(1.0, (epochs_done - config.warmup) / span)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * done))


def groups(net: FlawNet, backbone: Backbone, decay: float, weight_decay: float = 0.0) -> list[dict[str, Any]]:
    """Parameter groups with the `factor` of their learning rate: `decay` to the power of the stages behind them.

    Discriminative fine-tuning, Howard and Ruder 2018, arXiv:1801.06146. Frozen parameters are left out. Biases and the
    weights of BatchNorm are not drawn towards zero by a `weight_decay`.
    """
    count = len(backbone.stages)
    found: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        inner = name.removeprefix("body.")
        own = [place for place, stage in enumerate(backbone.stages) if inner != name and inner.startswith(stage)]
        factor = decay ** (count - own[0]) if own else 1.0
        found.setdefault((factor, weight_decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [
        {"params": parameters, "factor": factor, "weight_decay": drawn}
        for (factor, drawn), parameters in found.items()
    ]


def make(net: FlawNet, backbone: Backbone, config: Config) -> torch.optim.Optimizer:
    """The optimizer of a run."""
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(groups(net, backbone, config.decay, config.weight_decay), lr=config.learning_rate)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Give every group its share of the learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)


def mix(
    pixels: torch.Tensor, target: torch.Tensor, alpha: float, classes: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """MixUp of a batch: float pixels and soft targets N x classes; Zhang et al. 2018, arXiv:1710.09412."""
    share = float(rng.beta(alpha, alpha))
    order = torch.from_numpy(rng.permutation(len(pixels)))
    full = pixels.float()
    soft = nn.functional.one_hot(target, classes).float()
    return share * full + (1 - share) * full[order], share * soft + (1 - share) * soft[order]


def moving_average(net: FlawNet, decay: float) -> AveragedModel:
    """An exponential moving average of all weights and BatchNorm statistics, updated after every step."""
    return AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
