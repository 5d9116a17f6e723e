"""The registry of backbones: every entry is what it claims to be, and its weights come from where it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
import timm
import torch
from safetensors.torch import save_file
from torch import nn

from keepers.errors import NotFound, UserError
from keepers.train import loop
from keepers.train.backbones import BACKBONES, Backbone, load_weights
from keepers.train.config import Config

every = pytest.mark.parametrize("entry", BACKBONES.values(), ids=list(BACKBONES))


@pytest.fixture(scope="module")
def at_full_size() -> dict[str, nn.Module]:
    """The networks that are really trained, their shapes only: nothing is allocated."""
    with torch.device("meta"):
        return {name: entry.build(pretrained=False) for name, entry in BACKBONES.items()}


def bodies(entry: Backbone, at_full_size: dict[str, nn.Module]) -> Iterator[nn.Module]:
    yield at_full_size[entry.name]
    yield entry.build(pretrained=False, tiny=True)


@every
def test_every_parameter_belongs_to_exactly_one_stage(entry: Backbone, at_full_size: dict[str, nn.Module]) -> None:
    for body in bodies(entry, at_full_size):
        for name, _ in body.named_parameters():
            assert sum(name.startswith(stage) for stage in entry.stages) == 1, name


@every
def test_stages_name_existing_parameters_from_input_to_output(
    entry: Backbone, at_full_size: dict[str, nn.Module]
) -> None:
    for body in bodies(entry, at_full_size):
        names = [name for name, _ in body.named_parameters()]
        for prefix in (prefix for stage in entry.stages for prefix in stage):
            assert any(name.startswith(prefix) for name in names), prefix
        order = [next(n for n, stage in enumerate(entry.stages) if name.startswith(stage)) for name in names]
        assert order == sorted(order)


@every
def test_the_first_half_is_a_proper_part(entry: Backbone, at_full_size: dict[str, nn.Module]) -> None:
    assert 0 < entry.half < len(entry.stages)
    assert entry.first_half == tuple(prefix for stage in entry.stages[: entry.half] for prefix in stage)
    for body in bodies(entry, at_full_size):
        inside = [name.startswith(entry.first_half) for name, _ in body.named_parameters()]
        assert any(inside) and not all(inside)


@every
def test_the_tiny_network_has_the_parts_of_the_real_one(entry: Backbone, at_full_size: dict[str, nn.Module]) -> None:
    real, tiny = bodies(entry, at_full_size)
    count = [sum(parameter.numel() for parameter in body.parameters()) for body in (real, tiny)]
    assert count[1] < count[0] / 10
    assert {name for name, _ in tiny.named_parameters()} <= {name for name, _ in real.named_parameters()}


@every
def test_preprocessing_and_licence_are_those_of_the_weights(entry: Backbone) -> None:
    told = timm.get_pretrained_cfg(entry.model)
    assert told is not None
    assert (entry.mean, entry.std) == (told.mean, told.std)
    assert entry.licence.lower().startswith(told.license)
    assert entry.source.startswith(f"timm {entry.model}")


class Hub:
    """Stands in for timm.create_model and notes what it was asked for."""

    def __init__(self, body: nn.Module) -> None:
        self.body, self.asked = body, []

    def __call__(self, model: str, **settings: Any) -> nn.Module:
        self.asked.append((model, settings))
        return self.body


@every
def test_without_local_weights_the_hub_is_asked(
    entry: Backbone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub = Hub(entry.tiny())
    save_file(hub.body.state_dict(), tmp_path / "weights.safetensors")
    monkeypatch.setattr(timm, "create_model", hub)
    config = Config(dataset="", backbone=entry.name, hidden=(8,))
    loop.make_net(config, pretrained=True)
    assert hub.asked.pop() == (entry.model, {"pretrained": True, "num_classes": 0})
    loop.make_net(config, pretrained=False)
    assert hub.asked.pop() == (entry.model, {"pretrained": False, "num_classes": 0})


@every
def test_with_local_weights_it_is_not(entry: Backbone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = entry.tiny()
    save_file(local.state_dict(), tmp_path / "weights.safetensors")
    hub = Hub(entry.tiny())
    monkeypatch.setattr(timm, "create_model", hub)
    config = Config(dataset="", backbone=entry.name, hidden=(8,), weights=str(tmp_path / "weights.safetensors"))
    net, _ = loop.make_net(config, pretrained=True)
    assert [settings["pretrained"] for _, settings in hub.asked] == [False]
    loaded = net.body.state_dict()
    assert loaded
    assert all(torch.equal(value, local.state_dict()[key]) for key, value in loaded.items())


class DroppedHalfWay(Exception):
    """What the hub's client raises is not always an OSError."""


@every
@pytest.mark.parametrize("problem", [ConnectionError("no route"), FileNotFoundError("no cache"), DroppedHalfWay("cut")])
def test_a_hub_out_of_reach_is_one_sentence(
    entry: Backbone, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> nn.Module:
        raise problem

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(UserError, match="--weights") as told:
        entry.build(pretrained=True)
    assert entry.model in str(told.value)
    assert str(told.value).count("\n") == 0
    assert told.value.__cause__ is problem


def test_vgg_has_no_dense_layer_of_its_own(at_full_size: dict[str, nn.Module]) -> None:
    body = at_full_size["vgg16"]
    assert not [module for module in body.modules() if isinstance(module, nn.Linear)]
    assert not [name for name, _ in body.named_parameters() if not name.startswith("features.")]


def test_the_front_is_the_front_of_the_whole(at_full_size: dict[str, nn.Module]) -> None:
    whole, front = (dict(at_full_size[name].named_parameters()) for name in
                    ("efficientnet_lite0", "efficientnet_lite0_front"))  # fmt: skip
    assert set(front) < set(whole)
    assert all(front[name].shape == whole[name].shape for name in front)


@pytest.mark.parametrize(
    ("entry", "variant"), [(entry, name) for entry in BACKBONES.values() for name in entry.variants]
)
def test_a_variant_takes_the_same_weights_to_other_answers(entry: Backbone, variant: str) -> None:
    usual, other = entry.build(pretrained=False, tiny=True), entry.build(pretrained=False, tiny=True, variant=variant)
    for module in usual.modules():
        if isinstance(module, nn.BatchNorm2d):  # fresh ones end in zeros, and nothing comes through
            nn.init.ones_(module.weight)
    other.load_state_dict(usual.state_dict())
    x = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        one, two = usual.eval().forward_features(x), other.eval().forward_features(x)
    assert one.shape == two.shape
    assert not torch.allclose(one, two)
    assert entry.licence_of(variant) != entry.licence_of("") == entry.licence


def test_the_variant_is_read_from_the_file_name() -> None:
    resnet = BACKBONES["resnet50"]
    assert resnet.variant_of(Path("resnet50_v1_notop_fp16.safetensors")) == "v1"
    assert resnet.variant_of(Path("resnet50.safetensors")) == ""
    assert resnet.variant_of(Path("resnet50_v12.safetensors")) == ""


def test_weights_that_do_not_fit_are_a_sentence(tmp_path: Path) -> None:
    body = BACKBONES["resnet50"].build(pretrained=False, tiny=True)
    with pytest.raises(NotFound, match="does not exist"):
        load_weights(body, tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors here")
    with pytest.raises(UserError, match="safetensors"):
        load_weights(body, tmp_path / "text.safetensors")
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "small.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        load_weights(body, tmp_path / "small.safetensors")
    lacks = {key: value for key, value in body.state_dict().items() if not key.startswith("layer4.")}
    save_file(lacks, tmp_path / "lacks.safetensors")
    with pytest.raises(UserError, match=r"lacks layer4\."):
        load_weights(body, tmp_path / "lacks.safetensors")
    half = {key: value.half() if value.is_floating_point() else value for key, value in body.state_dict().items()}
    save_file(half, tmp_path / "half.safetensors")
    load_weights(body, tmp_path / "half.safetensors")
    assert all(p.dtype == torch.float32 for p in body.parameters())
