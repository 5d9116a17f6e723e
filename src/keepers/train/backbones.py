"""Backbones: one registry entry each, with the preprocessing and the licence that belong to its weights."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from keepers.errors import MissingExtra, NotFound, UserError
from keepers.registry import Registry
from keepers.train.mend import mend_torchvision

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)
Stages = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Variant:
    """Another file of weights for the same backbone: the change of architecture that it needs, and its licence."""

    change: Callable[[nn.Module], None]
    licence: str


def _as_it_is(body: Any) -> None:
    """Nothing to change."""


@dataclass(frozen=True)
class Backbone:
    """A network body that ends in feature maps.

    model: timm's name of architecture and weights. mean, std: of the RGB input in 0..1, as the weights expect it.
    stages: parameter name prefixes from input to output; `half` of them are the half nearer to the input.
    licence and source: of the hub's weights. tiny: makes a network of the same shape, small enough for a test.
    trim: what is taken off the body. variants: other weight files, by the name that marks them.
    """

    name: str
    model: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    stages: Stages
    half: int
    licence: str
    source: str
    tiny: Callable[[], nn.Module]
    trim: Callable[[Any], None] = _as_it_is
    variants: dict[str, Variant] = field(default_factory=dict)

    @property
    def first_half(self) -> tuple[str, ...]:
        """Prefixes of the parameters that stay frozen while the second half is fine-tuned."""
        return tuple(prefix for stage in self.stages[: self.half] for prefix in stage)

    def build(self, *, pretrained: bool, variant: str = "", tiny: bool = False) -> nn.Module:
        """The body, with or without the weights of timm's hub.

        Raises:
            MissingExtra: if timm is not installed. UserError: if the hub cannot be reached.
        """
        mend_torchvision()
        try:
            import timm
        except ImportError as error:
            raise MissingExtra("Training needs timm; install it with `pip install 'keepers[train]'`.") from error
        try:
            body: nn.Module = (
                self.tiny() if tiny else timm.create_model(self.model, pretrained=pretrained, num_classes=0)
            )
        except Exception as error:
            if tiny or not pretrained:
                raise
            # What the hub's client raises when a download breaks off comes from its HTTP library, and is no OSError.
            raise UserError(
                f"The weights of {self.model} could not be fetched ({type(error).__name__}); "
                "go online, or pass a local file with --weights."
            ) from error
        self.trim(body)
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


def _add(entry: Backbone) -> None:
    BACKBONES.add(entry.name, entry)


def _vgg_without_classifier(body: Any) -> None:
    """timm counts the two dense layers of 4096 to the body; the study replaces them."""
    body.pre_logits = nn.Identity()


def _tiny_vgg() -> nn.Module:
    from timm.models.vgg import VGG

    widths = [8, 8, "M", 8, 8, "M", 16, 16, 16, "M", 16, 16, 16, "M", 16, 16, 16, "M"]
    net: nn.Module = VGG(widths, num_classes=0, mlp_ratio=0.01)
    return net


_add(
    Backbone(
        name="vgg16",
        model="vgg16.tv_in1k",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        stages=tuple(
            tuple(f"features.{layer}." for layer in block)
            for block in ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))
        ),
        half=3,
        licence="BSD-3-Clause (torchvision)",
        source="timm vgg16.tv_in1k",
        tiny=_tiny_vgg,
        trim=_vgg_without_classifier,
    )
)


def _efficientnet_stages(blocks: int) -> Stages:
    ends = (("conv_stem.", "bn1."), *((f"blocks.{block}.",) for block in range(blocks)))
    return (*ends, ("conv_head.", "bn2.")) if blocks == 7 else ends


def _tiny_efficientnet(lite: bool) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        from timm.models import efficientnet

        name = "tf_efficientnet_lite0" if lite else "efficientnet_b0"
        generate = efficientnet._gen_efficientnet_lite if lite else efficientnet._gen_efficientnet
        net: nn.Module = generate(name, channel_multiplier=0.25, depth_multiplier=0.3, num_classes=0)
        return net

    return make


_add(
    Backbone(
        name="efficientnet_b0",
        model="tf_efficientnet_b0.in1k",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        stages=_efficientnet_stages(7),
        half=5,
        licence="Apache-2.0 (Google)",
        source="timm tf_efficientnet_b0.in1k",
        tiny=_tiny_efficientnet(lite=False),
    )
)
_LITE0 = Backbone(
    name="efficientnet_lite0",
    model="tf_efficientnet_lite0.in1k",
    mean=HALF,
    std=HALF,
    stages=_efficientnet_stages(7),
    half=5,
    licence="Apache-2.0 (Google)",
    source="timm tf_efficientnet_lite0.in1k",
    tiny=_tiny_efficientnet(lite=True),
)
_add(_LITE0)


def _five_blocks(body: Any) -> None:
    """Keep what sees edges and textures: stem and five of seven blocks, 112 channels at a 16th of the resolution."""
    body.blocks = body.blocks[:5]
    body.conv_head, body.bn2 = nn.Identity(), nn.Identity()


_add(
    replace(
        _LITE0,
        name="efficientnet_lite0_front",
        stages=_efficientnet_stages(5),
        half=3,
        source=f"{_LITE0.source}, its first five blocks",
        trim=_five_blocks,
    )
)


def _stride_on_first(body: Any) -> None:
    """ResNet v1 (He et al. 2015) strides on the first 1x1 convolution of a stage, later releases on the 3x3."""
    for stage in (body.layer2, body.layer3, body.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)


def _tiny_resnet() -> nn.Module:
    import timm

    net: nn.Module = timm.create_model("resnet50", num_classes=0, layers=(1, 1, 1, 1), channels=(8, 8, 16, 16))
    return net


_add(
    Backbone(
        name="resnet50",
        model="resnet50.tv_in1k",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        stages=(("conv1.", "bn1."), ("layer1.",), ("layer2.",), ("layer3.",), ("layer4.",)),
        half=3,
        licence="BSD-3-Clause (torchvision)",
        source="timm resnet50.tv_in1k",
        tiny=_tiny_resnet,
        variants={"v1": Variant(_stride_on_first, "MIT (K. He's Caffe release, by way of Keras)")},
    )
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
