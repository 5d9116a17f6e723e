"""Backbones: one registry entry each, with the preprocessing and the licence that belong to its weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from keepers.errors import MissingExtra, NotFound, UserError
from keepers.registry import Registry
from keepers.train.mend import mend_torchvision

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Variant:
    """Another file of weights for the same backbone: the change of architecture that it needs, and its licence."""

    change: Callable[[nn.Module], None]
    licence: str


@dataclass(frozen=True)
class Backbone:
    """A network body that ends in a feature vector.

    model: timm's name of architecture and weights. mean, std: of the RGB input in 0..1, as the weights expect it.
    first_half: parameter name prefixes of the half nearer to the input (frozen when the second half is
    fine-tuned). licence and source: of the hub's weights. variants: other weight files, by the name that
    marks them. tiny: arguments that make a network of the same shape small enough for a test.
    """

    name: str
    model: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    first_half: Sequence[str]
    licence: str
    source: str
    variants: dict[str, Variant]
    tiny: dict[str, Any]

    def build(self, *, pretrained: bool, variant: str = "", tiny: bool = False) -> nn.Module:
        """The body, `num_features` wide, with or without the weights of timm's hub.

        Raises:
            MissingExtra: if timm is not installed. UserError: if the hub cannot be reached.
        """
        mend_torchvision()
        try:
            import timm
        except ImportError as error:
            raise MissingExtra("Training needs timm; install it with `pip install 'keepers[train]'`.") from error
        try:
            body: nn.Module = timm.create_model(
                self.model, pretrained=pretrained, num_classes=0, **(self.tiny if tiny else {})
            )
        except (OSError, RuntimeError) as error:
            raise UserError(
                f"The weights of {self.model} could not be fetched ({type(error).__name__}); "
                "go online, or pass a local file with --weights."
            ) from error
        if variant:
            self.variants[variant].change(body)
        return body

    def licence_of(self, variant: str) -> str:
        """The licence of the weights that a run started from."""
        return self.variants[variant].licence if variant else self.licence

    def variant_of(self, weights: Path) -> str:
        """Which variant a weight file is for: named in its metadata, or in its file name."""
        named = {name for name in self.variants if f"_{name}_" in f"{weights.stem}_"}
        return named.pop() if named else ""


BACKBONES: Registry[Backbone] = Registry("backbone")


def _stride_on_first(body: Any) -> None:
    """ResNet v1 (He et al. 2015) strides on the first 1x1 convolution of a stage, later releases on the 3x3."""
    for stage in (body.layer2, body.layer3, body.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)


BACKBONES.add(
    "resnet50",
    Backbone(
        name="resnet50",
        model="resnet50.tv_in1k",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        first_half=("conv1", "bn1", "layer1", "layer2"),
        licence="BSD-3-Clause (torchvision)",
        source="timm resnet50.tv_in1k",
        variants={"v1": Variant(_stride_on_first, "MIT (K. He's Caffe release, by way of Keras)")},
        tiny={"layers": (1, 1, 1, 1), "channels": (8, 8, 16, 16)},
    ),
)


def load_weights(body: nn.Module, path: Path) -> None:
    """Load a local safetensors file into a body; half-precision kernels are cast up, a classifier's head is ignored.

    Raises:
        NotFound: if the file does not exist.
        UserError: if it is no safetensors file or does not fit the architecture; names the first keys that differ.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise NotFound(f"{path} does not exist; pass an ImageNet weight file (.safetensors) with --weights.")
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path} is no readable safetensors file: {error}.") from error
    full = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    try:
        missing, _ = body.load_state_dict(full, strict=False)
    except RuntimeError as error:
        raise UserError(f"{path} does not fit the backbone: {str(error).splitlines()[-1].strip()}") from error
    if missing:
        raise UserError(f"{path} does not fit the backbone: it lacks {', '.join(missing[:3])}.")


class FlawNet(nn.Module):
    """Body, then dropout and dense layers, then one logit a class.

    Input: float32 N x 3 x 224 x 224, normalised as the backbone says. Output: N x classes logits.
    """

    def __init__(self, body: nn.Module, *, hidden: Sequence[int], dropout: float, classes: int) -> None:
        super().__init__()
        self.body = body
        layers: list[nn.Module] = []
        width = int(cast(int, body.num_features))
        for size in hidden:
            layers += [nn.Linear(width, size), nn.ReLU(inplace=True), nn.Dropout(dropout)]
            width = size
        self.head = nn.Sequential(*layers, nn.Linear(width, classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits, N x classes."""
        return cast(torch.Tensor, self.head(self.body(x)))


def freeze(net: FlawNet, prefixes: Sequence[str]) -> None:
    """Stop gradients for the body's parameters whose names start with one of `prefixes`."""
    for name, parameter in net.body.named_parameters():
        if name.startswith(tuple(prefixes)):
            parameter.requires_grad_(False)


def train_mode(net: FlawNet) -> None:
    """Training mode, but a BatchNorm whose weight is frozen keeps its ImageNet statistics frozen as well."""
    net.train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()
