"""Fixtures of the training tests: a small dataset, tiny networks, and pictures so small that a run takes a second."""

import dataclasses
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from keepers.dataset import build as maker
from keepers.types import LABELS

if TYPE_CHECKING:
    from keepers.train.config import Config

if find_spec("torch") and find_spec("timm"):
    # Before any test module imports timm, which asks for torchvision.
    from keepers.train.mend import mend_torchvision

    mend_torchvision()

HERE = Path(__file__).parent
QUIET = (DeprecationWarning, FutureWarning, UserWarning)
"""Of torch's and ONNX's own exporters."""
CROP, SHORT_SIDE = 64, 72


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.train)
            for kind in QUIET:
                item.add_marker(pytest.mark.filterwarnings(f"ignore::{kind.__name__}"))


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Squares of 64 pixels instead of 224, and one thread: two cost a tiny network more than they bring."""
    import torch

    from keepers.train import data

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "CROP", CROP)
        patch.setattr(data, "SHORT_SIDE", SHORT_SIDE)
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight clean pictures, no two alike; so few that each split still has a source."""
    folder = tmp_path_factory.mktemp("clean")
    for number in range(8):
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 255, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((384, 288), Image.Resampling.NEAREST).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def dataset(clean: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 photos, split by source."""
    settings = maker.Settings(sources=0, variants=dict.fromkeys(LABELS[1:], 1))
    return maker.build(clean, tmp_path_factory.mktemp("dataset") / "set", settings).out


@pytest.fixture(scope="session")
def tiny(dataset: Path) -> "Callable[..., Config]":
    """A config of a tiny network of random weights on `dataset`; keywords change its settings."""
    from keepers.train.config import Config

    base = Config(dataset=str(dataset), hidden=(8,), epochs=2, batch=8, pretrained=False, tiny=True)
    return lambda **changes: dataclasses.replace(base, **changes)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without their figures, which take as long to draw as a tiny network takes to train."""
    from keepers.train import evaluate

    for name in ("draw_curves", "draw_confusion", "draw_reliability"):
        monkeypatch.setattr(evaluate, name, lambda *_: None)
